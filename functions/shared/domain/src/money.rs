//! Exact decimals for money and quantities (I10).
//!
//! Addition, subtraction and multiplication are exact or fail; a division happens at a named point
//! and rounds half-even to 10^-30. Nothing here is ever a binary floating point number, and no
//! value remembers how it was computed.
//!
//! A number is `mantissa * 10^-scale`. Nearly all fit in 127 bits and live inside the value, 24
//! bytes with the scale; the rest, up to 512 bits, stand behind a pointer (`wide`). Every number has
//! exactly one form: no trailing zero after the point, no minus before 0, and wide only what does
//! not fit the narrow form. So equality and hashing are those of the form, and equal numbers are
//! written as equal bytes (I11).

mod serial;
mod text;
mod wide;

use std::cmp::Ordering;

use crate::limits::DIVISION_SCALE;
use wide::Wide;

/// An exact decimal: a coefficient of up to 512 bits with up to 154 decimal places.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Form);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Narrow { mantissa: Mantissa, scale: u8 },
    Wide(Box<Wide>),
}

/// An `i128` with the alignment of a word, so that a `Decimal` takes 24 bytes and not 32.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C, packed(8))]
struct Mantissa(i128);

/// A result does not fit, or a divisor is zero: a row error, never a wrong digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// More than 512 bits, or more than 154 decimal places, would be needed.
    #[error("the result has more digits than 512 bits hold")]
    Overflow,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
}

/// The text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseDecimalError {
    /// Not of the form `[-][digits][.digits][e[+|-]digits]` with a digit before the exponent.
    #[error("is not a decimal number")]
    Malformed,
    /// More significant digits than `limits::MAX_AMOUNT_DIGITS`.
    #[error("has more than 38 significant digits")]
    TooManyDigits,
    /// More digits before the point, or more decimal places, than the limits.
    #[error("has more than 38 digits before or after its point")]
    OutOfRange,
    /// More than 512 bits or 154 decimal places; only numbers read back can be that long.
    #[error("has more digits than 512 bits hold")]
    TooWide,
}

/// Decimal places a number can have: as many as 512 bits have full decimal digits.
const MAX_SCALE: u32 = 154;

/// The powers of ten that fit.
const TENS: [i128; 39] = {
    let mut tens = [1; 39];
    let mut power = 1;
    while power < tens.len() {
        tens[power] = tens[power - 1] * 10;
        power += 1;
    }
    tens
};

impl Decimal {
    /// 0.
    pub const ZERO: Self = Self::small(0);
    /// 1.
    pub const ONE: Self = Self::small(1);

    const fn small(mantissa: i128) -> Self {
        Self(Form::Narrow {
            mantissa: Mantissa(mantissa),
            scale: 0,
        })
    }

    /// `mantissa * 10^-scale` in its one form, if that is the narrow one.
    fn narrow(mantissa: i128, scale: u32) -> Option<Self> {
        let (magnitude, scale) = stripped(mantissa.unsigned_abs(), scale);
        let magnitude = i128::try_from(magnitude).ok()?;
        let scale = u8::try_from(scale)
            .ok()
            .filter(|scale| u32::from(*scale) <= MAX_SCALE)?;
        let mantissa = if mantissa < 0 { -magnitude } else { magnitude };
        Some(Self(Form::Narrow {
            mantissa: Mantissa(mantissa),
            scale,
        }))
    }

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(
            &self.0,
            Form::Narrow {
                mantissa: Mantissa(0),
                ..
            }
        )
    }

    /// Whether it is under 0.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Narrow { mantissa, .. } => mantissa.0 < 0,
            Form::Wide(wide) => wide.negative,
        }
    }

    /// The exact sum.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn plus(&self, other: &Self) -> Result<Self, ArithmeticError> {
        match narrow_sum(self, other) {
            Some(sum) => Ok(sum),
            None => wide::sum(self, other),
        }
    }

    /// The exact difference.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn minus(&self, other: &Self) -> Result<Self, ArithmeticError> {
        self.plus(&other.negated())
    }

    /// The exact product.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn times(&self, other: &Self) -> Result<Self, ArithmeticError> {
        match narrow_product(self, other) {
            Some(product) => Ok(product),
            None => wide::product(self, other),
        }
    }

    /// The quotient, rounded half-even to 10^-30.
    ///
    /// # Errors
    /// `DivisionByZero`, `Overflow`.
    pub fn divided_by(&self, divisor: &Self) -> Result<Self, ArithmeticError> {
        if divisor.is_zero() {
            return Err(ArithmeticError::DivisionByZero);
        }
        match narrow_quotient(self, divisor) {
            Some(quotient) => Ok(quotient),
            None => wide::quotient(self, &Self::ONE, divisor),
        }
    }

    /// `self * factor / divisor`, multiplied first so that only one rounding happens. The product
    /// in between may need more than 512 bits.
    ///
    /// # Errors
    /// `DivisionByZero`, `Overflow`.
    pub fn times_over(&self, factor: &Self, divisor: &Self) -> Result<Self, ArithmeticError> {
        if divisor.is_zero() {
            return Err(ArithmeticError::DivisionByZero);
        }
        match narrow_product(self, factor).and_then(|product| narrow_quotient(&product, divisor)) {
            Some(quotient) => Ok(quotient),
            None => wide::quotient(self, factor, divisor),
        }
    }

    /// Rounded half-even to `places` decimal places.
    #[must_use]
    pub fn rounded(&self, places: u32) -> Self {
        match &self.0 {
            Form::Narrow { scale, .. } if u32::from(*scale) <= places => self.clone(),
            Form::Narrow { mantissa, scale } => {
                // Beyond the table the divisor is more than twice any mantissa: nothing is left.
                let Some(divisor) = power_of_ten(u32::from(*scale) - places) else {
                    return Self::ZERO;
                };
                Self::narrow(half_even(mantissa.0, divisor), places).unwrap_or(Self::ZERO)
            }
            Form::Wide(wide) => wide.rounded(places),
        }
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() {
            self.negated()
        } else {
            self.clone()
        }
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        match &self.0 {
            Form::Narrow { mantissa, scale } => Self(Form::Narrow {
                mantissa: Mantissa(-mantissa.0),
                scale: *scale,
            }),
            Form::Wide(wide) => Self(Form::Wide(Box::new(wide.negated()))),
        }
    }
}

fn power_of_ten(power: u32) -> Option<i128> {
    TENS.get(usize::try_from(power).ok()?).copied()
}

/// The same number without trailing zeros after the point. A number divisible by 10^k is divisible
/// by 2^k, so counting zero bits spares nearly every division.
fn stripped(mut magnitude: u128, mut scale: u32) -> (u128, u32) {
    if magnitude == 0 {
        return (0, 0);
    }
    for (power, divisor) in [
        (16, 10_u128.pow(16)),
        (8, 100_000_000),
        (4, 10_000),
        (2, 100),
        (1, 10),
    ] {
        while scale >= power && magnitude.trailing_zeros() >= power {
            let (quotient, rest) = (magnitude / divisor, magnitude % divisor);
            if rest != 0 {
                break;
            }
            (magnitude, scale) = (quotient, scale - power);
        }
    }
    (magnitude, scale)
}

/// `numerator / divisor` rounded half-even; the divisor is positive.
fn half_even(numerator: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (numerator / divisor, (numerator % divisor).unsigned_abs());
    let up = match rest.cmp(&(divisor.unsigned_abs() - rest)) {
        Ordering::Less => false,
        Ordering::Equal => quotient % 2 != 0,
        Ordering::Greater => true,
    };
    quotient + i128::from(up) * numerator.signum()
}

/// Both mantissas at the greater of the two scales, if they are narrow and stay so.
fn aligned(a: &Decimal, b: &Decimal) -> Option<(i128, i128, u32)> {
    let (
        Form::Narrow {
            mantissa: a,
            scale: a_scale,
        },
        Form::Narrow {
            mantissa: b,
            scale: b_scale,
        },
    ) = (&a.0, &b.0)
    else {
        return None;
    };
    let (a, b, a_scale, b_scale) = (a.0, b.0, u32::from(*a_scale), u32::from(*b_scale));
    match a_scale.cmp(&b_scale) {
        Ordering::Equal => Some((a, b, a_scale)),
        Ordering::Less => Some((a.checked_mul(power_of_ten(b_scale - a_scale)?)?, b, b_scale)),
        Ordering::Greater => Some((a, b.checked_mul(power_of_ten(a_scale - b_scale)?)?, a_scale)),
    }
}

fn narrow_sum(a: &Decimal, b: &Decimal) -> Option<Decimal> {
    let (a, b, scale) = aligned(a, b)?;
    Decimal::narrow(a.checked_add(b)?, scale)
}

fn narrow_product(a: &Decimal, b: &Decimal) -> Option<Decimal> {
    let (
        Form::Narrow {
            mantissa: a,
            scale: a_scale,
        },
        Form::Narrow {
            mantissa: b,
            scale: b_scale,
        },
    ) = (&a.0, &b.0)
    else {
        return None;
    };
    let (a, b) = (a.0, b.0);
    Decimal::narrow(a.checked_mul(b)?, u32::from(*a_scale) + u32::from(*b_scale))
}

fn narrow_quotient(a: &Decimal, b: &Decimal) -> Option<Decimal> {
    let (
        Form::Narrow {
            mantissa: a,
            scale: a_scale,
        },
        Form::Narrow {
            mantissa: b,
            scale: b_scale,
        },
    ) = (&a.0, &b.0)
    else {
        return None;
    };
    let (a, b, up, down) = (
        a.0,
        b.0,
        DIVISION_SCALE + u32::from(*b_scale),
        u32::from(*a_scale),
    );
    let (numerator, divisor) = if up >= down {
        (a.checked_mul(power_of_ten(up - down)?)?, b)
    } else {
        (a, b.checked_mul(power_of_ten(down - up)?)?)
    };
    let numerator = if divisor < 0 {
        numerator.checked_neg()?
    } else {
        numerator
    };
    Decimal::narrow(half_even(numerator, divisor.checked_abs()?), DIVISION_SCALE)
}

impl From<u64> for Decimal {
    fn from(whole: u64) -> Self {
        Self::small(i128::from(whole))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match aligned(self, other) {
            Some((a, b, _)) => a.cmp(&b),
            None => wide::compare(self, other),
        }
    }
}

#[cfg(test)]
mod tests;
