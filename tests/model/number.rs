//! The model's numbers: whole multiples of 10^-160, however large. Nothing overflows and nothing is
//! rounded, except in the two functions that say so.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Neg, Sub};

use num_bigint::BigInt;

/// Decimal places that are kept: more than any exact result of the rules can have.
const PLACES: usize = 160;
/// Decimal places of a division.
const DIVISION_PLACES: usize = 30;

/// A decimal number.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(BigInt);

fn ten_to(power: usize) -> BigInt {
    BigInt::from(10).pow(u32::try_from(power).unwrap())
}

/// `numerator / denominator`, the nearest whole number; of two that are as near, the even one.
fn nearest_even(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let mut below = numerator / denominator;
    let mut rest = numerator % denominator;
    if rest < BigInt::ZERO {
        below -= 1;
        rest += denominator;
    }
    let twice: BigInt = rest * 2;
    if twice > *denominator || (twice == *denominator && below.bit(0)) {
        below += 1;
    }
    below
}

impl Number {
    /// A number written like `-12.5`.
    pub(crate) fn parse(text: &str) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
        Self(digits * ten_to(PLACES - fraction.len()))
    }

    pub(crate) fn whole(number: u64) -> Self {
        Self(BigInt::from(number) * ten_to(PLACES))
    }

    pub(crate) fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn is_negative(&self) -> bool {
        *self < Self::default()
    }

    pub(crate) fn abs(&self) -> Self {
        if self.is_negative() {
            -self
        } else {
            self.clone()
        }
    }

    /// `self x part / of`, multiplied first, rounded half-even to 10^-30. `of` is above 0.
    pub(crate) fn share(&self, part: &Self, of: &Self) -> Self {
        assert!(*of > Self::default(), "a share of nothing");
        let unit = ten_to(PLACES - DIVISION_PLACES);
        let divisor = &of.0 * &unit;
        Self(nearest_even(&(&self.0 * &part.0), &divisor) * unit)
    }

    /// Rounded half-even to so many places.
    pub(crate) fn rounded(&self, places: usize) -> Self {
        let unit = ten_to(PLACES - places);
        Self(nearest_even(&self.0, &unit) * unit)
    }
}

impl Add for &Number {
    type Output = Number;
    fn add(self, other: Self) -> Number {
        Number(&self.0 + &other.0)
    }
}

impl Sub for &Number {
    type Output = Number;
    fn sub(self, other: Self) -> Number {
        Number(&self.0 - &other.0)
    }
}

impl Neg for &Number {
    type Output = Number;
    fn neg(self) -> Number {
        Number(-&self.0)
    }
}

impl Mul for &Number {
    type Output = Number;
    fn mul(self, other: Self) -> Number {
        let (product, unit) = (&self.0 * &other.0, ten_to(PLACES));
        assert_eq!(
            &product % &unit,
            BigInt::ZERO,
            "{self:?} x {other:?} is not exact"
        );
        Number(product / unit)
    }
}

impl Sum for Number {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::default(), |sum, number| &sum + &number)
    }
}

impl fmt::Display for Number {
    /// Without an exponent and without zeros at the end of its fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0>1$}", self.abs().0.to_string(), PLACES + 1);
        let (whole, fraction) = digits.split_at(digits.len() - PLACES);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let sign = if self.is_negative() { "-" } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[test]
fn numbers_are_exact_and_shares_round_half_even_to_thirty_places() {
    let number = Number::parse;
    assert_eq!((&number("0.1") + &number("-0.30")).to_string(), "-0.2");
    assert_eq!((&number("1.5") * &number("-0.02")).to_string(), "-0.03");
    let third = number("10").share(&Number::whole(1), &Number::whole(3));
    assert_eq!(third.to_string(), format!("3.{}", "3".repeat(30)));
    let half_unit =
        number("0.000000000000000000000000000001").share(&Number::whole(1), &Number::whole(2));
    assert!(half_unit.is_zero(), "0 is even");
    assert_eq!(number("0.015").rounded(2), number("0.02"));
    assert_eq!(number("0.025").rounded(2), number("0.02"));
    assert_eq!(number("-0.025").rounded(2), number("-0.02"));
    assert_eq!(number("-0.0251").rounded(2), number("-0.03"));
}
