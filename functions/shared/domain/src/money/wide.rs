//! Numbers and intermediate results that 127 bits cannot hold: plain big integers with a scale.

use std::cmp::Ordering;

use fastnum::bint::UInt;

use super::{ArithmeticError, Decimal, Form, MAX_SCALE};
use crate::limits::DIVISION_SCALE;

/// Words of a stored number: 512 bits.
const STORED: usize = 8;
/// Words that hold any product of two stored numbers, and any stored number brought to any scale.
const DOUBLE: usize = 16;
/// Words that hold both sides of any division: a product of two stored numbers times 10^184, or a
/// stored number times 10^278.
const LONGEST: usize = 32;

/// The most zeros one machine word can take off or put on at once.
const WORD_ZEROS: u32 = 19;

/// A number whose coefficient is above `i128::MAX`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Wide {
    pub(super) negative: bool,
    pub(super) scale: u8,
    pub(super) magnitude: UInt<STORED>,
}

/// A number taken apart.
struct Parts<const N: usize> {
    negative: bool,
    scale: u32,
    magnitude: UInt<N>,
}

impl Wide {
    pub(super) fn negated(&self) -> Self {
        Self {
            negative: !self.negative,
            ..self.clone()
        }
    }

    /// Rounded half-even to `places`; the coefficient gets shorter, so this cannot overflow.
    pub(super) fn rounded(&self, places: u32) -> Decimal {
        let scale = u32::from(self.scale);
        let kept = || Decimal(Form::Wide(Box::new(self.clone())));
        if scale <= places {
            return kept();
        }
        let divisor = scaled_up(UInt::<STORED>::ONE, scale - places);
        let magnitude = half_even(self.magnitude, divisor);
        joined(Parts {
            negative: self.negative,
            scale: places,
            magnitude,
        })
        .unwrap_or_else(|_| kept())
    }
}

pub(super) fn sum(a: &Decimal, b: &Decimal) -> Result<Decimal, ArithmeticError> {
    let (a, b) = aligned(a, b);
    let Parts {
        negative, scale, ..
    } = a;
    if a.negative == b.negative {
        return joined(Parts {
            magnitude: added(a.magnitude, b.magnitude)?,
            ..a
        });
    }
    joined(match a.magnitude.cmp(&b.magnitude) {
        Ordering::Less => Parts {
            negative: !negative,
            scale,
            magnitude: b.magnitude.sub(a.magnitude),
        },
        _ => Parts {
            negative,
            scale,
            magnitude: a.magnitude.sub(b.magnitude),
        },
    })
}

fn added(a: UInt<DOUBLE>, b: UInt<DOUBLE>) -> Result<UInt<DOUBLE>, ArithmeticError> {
    a.checked_add(b).ok_or(ArithmeticError::Overflow)
}

pub(super) fn product(a: &Decimal, b: &Decimal) -> Result<Decimal, ArithmeticError> {
    let (a, b) = (parts::<DOUBLE>(a), parts::<DOUBLE>(b));
    joined(Parts {
        negative: a.negative != b.negative,
        scale: a.scale + b.scale,
        magnitude: a.magnitude.mul(b.magnitude),
    })
}

/// `a * b / divisor`, rounded once. The divisor is not 0.
pub(super) fn quotient(
    a: &Decimal,
    b: &Decimal,
    divisor: &Decimal,
) -> Result<Decimal, ArithmeticError> {
    let (a, b, d) = (
        parts::<STORED>(a),
        parts::<STORED>(b),
        parts::<STORED>(divisor),
    );
    let (raise, lower) = (DIVISION_SCALE + d.scale, a.scale + b.scale);
    let (up, down) = (raise.saturating_sub(lower), lower.saturating_sub(raise));
    let above = a.magnitude.bits() + b.magnitude.bits() + bits_of_ten(up);
    let below = d.magnitude.bits() + bits_of_ten(down);
    let negative = (a.negative != b.negative) != d.negative;
    if above.max(below) <= UInt::<STORED>::BITS {
        let magnitude = half_even(
            scaled_up(a.magnitude.mul(b.magnitude), up), //
            scaled_up(d.magnitude, down),
        );
        return joined(Parts {
            negative,
            scale: DIVISION_SCALE,
            magnitude,
        });
    }
    let product = resized::<STORED, LONGEST>(&a.magnitude).mul(resized(&b.magnitude));
    let magnitude = half_even(
        scaled_up(product, up),
        scaled_up(resized(&d.magnitude), down),
    );
    joined(Parts {
        negative,
        scale: DIVISION_SCALE,
        magnitude,
    })
}

pub(super) fn compare(a: &Decimal, b: &Decimal) -> Ordering {
    let (a, b) = aligned(a, b);
    match (a.negative, b.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => a.magnitude.cmp(&b.magnitude),
        (true, true) => b.magnitude.cmp(&a.magnitude),
    }
}

/// The number `magnitude * 10^-scale` in its one form.
pub(super) fn number(
    negative: bool,
    magnitude: UInt<STORED>,
    scale: u32,
) -> Result<Decimal, ArithmeticError> {
    joined(Parts {
        negative,
        scale,
        magnitude,
    })
}

/// The sign, the coefficient and the scale of any number.
pub(super) fn taken_apart(number: &Decimal) -> (bool, UInt<STORED>, u32) {
    let Parts {
        negative,
        scale,
        magnitude,
    } = parts::<STORED>(number);
    (negative, magnitude, scale)
}

fn parts<const N: usize>(number: &Decimal) -> Parts<N> {
    match &number.0 {
        Form::Narrow { mantissa, scale } => {
            let mantissa = mantissa.0;
            Parts {
                negative: mantissa < 0,
                scale: u32::from(*scale),
                magnitude: from_u128(mantissa.unsigned_abs()),
            }
        }
        Form::Wide(wide) => Parts {
            negative: wide.negative,
            scale: u32::from(wide.scale),
            magnitude: resized(&wide.magnitude),
        },
    }
}

fn aligned(a: &Decimal, b: &Decimal) -> (Parts<DOUBLE>, Parts<DOUBLE>) {
    let (mut a, mut b) = (parts::<DOUBLE>(a), parts::<DOUBLE>(b));
    let scale = a.scale.max(b.scale);
    for side in [&mut a, &mut b] {
        side.magnitude = scaled_up(side.magnitude, scale - side.scale);
        side.scale = scale;
    }
    (a, b)
}

/// Strips trailing zeros, then takes the narrow form where it fits and the wide one where it must.
fn joined<const N: usize>(parts: Parts<N>) -> Result<Decimal, ArithmeticError> {
    let (magnitude, scale) = stripped(parts.magnitude, parts.scale);
    if magnitude.bits() > UInt::<STORED>::BITS || scale > MAX_SCALE {
        return Err(ArithmeticError::Overflow);
    }
    let scale = u8::try_from(scale).map_err(|_| ArithmeticError::Overflow)?;
    if magnitude.bits() < i128::BITS {
        let magnitude = i128::try_from(magnitude).map_err(|_| ArithmeticError::Overflow)?;
        let mantissa = super::Mantissa(if parts.negative {
            -magnitude
        } else {
            magnitude
        });
        return Ok(Decimal(Form::Narrow { mantissa, scale }));
    }
    let magnitude = resized(&magnitude);
    Ok(Decimal(Form::Wide(Box::new(Wide {
        negative: parts.negative,
        scale,
        magnitude,
    }))))
}

fn stripped<const N: usize>(mut magnitude: UInt<N>, mut scale: u32) -> (UInt<N>, u32) {
    if magnitude.is_zero() {
        return (magnitude, 0);
    }
    for power in [16, 8, 4, 2, 1] {
        while scale >= power && magnitude.trailing_zeros() >= power {
            let (quotient, rest) = magnitude.div_rem_digit(10_u64.pow(power));
            if rest != 0 {
                break;
            }
            (magnitude, scale) = (quotient, scale - power);
        }
    }
    (magnitude, scale)
}

/// Times `10^power`; the callers have chosen a width that holds it.
fn scaled_up<const N: usize>(mut magnitude: UInt<N>, mut power: u32) -> UInt<N> {
    while power > 0 {
        let step = power.min(WORD_ZEROS);
        magnitude = magnitude.mul_digit(10_u64.pow(step));
        power -= step;
    }
    magnitude
}

/// `numerator / divisor` rounded half-even.
fn half_even<const N: usize>(numerator: UInt<N>, divisor: UInt<N>) -> UInt<N> {
    let (quotient, rest) = numerator.div_rem(divisor);
    let up = match rest.cmp(&divisor.sub(rest)) {
        Ordering::Less => false,
        Ordering::Equal => quotient.bit(0),
        Ordering::Greater => true,
    };
    if up {
        quotient.add(UInt::ONE)
    } else {
        quotient
    }
}

/// Bits that are enough for `10^power`.
fn bits_of_ten(power: u32) -> u32 {
    power * 10 / 3 + 1
}

fn from_u128<const N: usize>(value: u128) -> UInt<N> {
    resized(&UInt::<2>::from_digits([
        (value & u128::from(u64::MAX)) as u64,
        (value >> 64) as u64,
    ]))
}

/// The same integer in another width; the callers know that it fits.
fn resized<const A: usize, const B: usize>(from: &UInt<A>) -> UInt<B> {
    let mut words = [0; B];
    for (to, from) in words.iter_mut().zip(from.digits()) {
        *to = *from;
    }
    UInt::from_digits(words)
}
