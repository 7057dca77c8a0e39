//! Exact decimals for money and quantities (I10).
//!
//! Addition, subtraction and multiplication are exact or fail; a division happens at a named point
//! and rounds half-even to 10^-30. Nothing here is ever a binary floating point number.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use fastnum::D512;
use fastnum::decimal::{Context, RoundingMode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::DIVISION_SCALE;

/// An exact decimal of up to 512 bits.
#[derive(Clone, Copy)]
pub struct Decimal(D512);

/// A result does not fit, or a divisor is zero: a row error, never a wrong digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// More than 512 bits would be needed.
    #[error("the result has more digits than 512 bits hold")]
    Overflow,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
}

/// The text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDecimalError {
    /// Not of the form `-?digits[.digits][e[+-]digits]`.
    #[error("is not a decimal number")]
    Malformed,
    /// More significant digits than `limits::MAX_AMOUNT_DIGITS`.
    #[error("has more than 38 significant digits")]
    TooManyDigits,
    /// More decimal places, or more integer digits, than the limits.
    #[error("has an exponent outside of what an amount can have")]
    OutOfRange,
}

const CONTEXT: Context = Context::default().with_rounding_mode(RoundingMode::HalfEven);

impl Decimal {
    /// 0.
    pub const ZERO: Self = Self(D512::ZERO);
    /// 1.
    pub const ONE: Self = Self(D512::ONE);

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is under 0.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.is_negative() && !self.0.is_zero()
    }

    /// The exact sum.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn plus(&self, other: &Self) -> Result<Self, ArithmeticError> {
        exact(self.0.add(other.0))
    }

    /// The exact difference.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn minus(&self, other: &Self) -> Result<Self, ArithmeticError> {
        exact(self.0.sub(other.0))
    }

    /// The exact product.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn times(&self, other: &Self) -> Result<Self, ArithmeticError> {
        exact(self.0.mul(other.0))
    }

    /// The quotient, rounded half-even to 10^-30.
    ///
    /// # Errors
    /// `DivisionByZero`, `Overflow`.
    pub fn divided_by(&self, divisor: &Self) -> Result<Self, ArithmeticError> {
        if divisor.is_zero() {
            return Err(ArithmeticError::DivisionByZero);
        }
        let quotient = self.0.div(divisor.0);
        if quotient.is_nan() || quotient.is_infinite() {
            return Err(ArithmeticError::Overflow);
        }
        Ok(Self(quotient).rounded(DIVISION_SCALE))
    }

    /// `self * factor / divisor`, multiplied first so that only one rounding happens.
    ///
    /// # Errors
    /// `DivisionByZero`, `Overflow`.
    pub fn times_over(&self, factor: &Self, divisor: &Self) -> Result<Self, ArithmeticError> {
        self.times(factor)?.divided_by(divisor)
    }

    /// Rounded half-even to `places` decimal places.
    #[must_use]
    pub fn rounded(&self, places: u32) -> Self {
        let places = i16::try_from(places).unwrap_or(i16::MAX);
        if self.0.fractional_digits_count() <= places {
            return *self;
        }
        Self(self.0.rescale(places).with_ctx(CONTEXT))
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self(self.0.abs())
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        if self.is_zero() {
            *self
        } else {
            Self(self.0.neg())
        }
    }
}

fn exact(result: D512) -> Result<Decimal, ArithmeticError> {
    if result.is_op_ok() {
        Ok(Decimal(result))
    } else {
        Err(ArithmeticError::Overflow)
    }
}

impl From<u64> for Decimal {
    fn from(whole: u64) -> Self {
        Self(D512::from(whole))
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;
    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        D512::from_str(text, CONTEXT)
            .map(Self)
            .map_err(|_| ParseDecimalError::Malformed)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Display for Decimal {
    /// Plain digits: no exponent, no trailing zeros after the point, `0` for zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.reduce())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
