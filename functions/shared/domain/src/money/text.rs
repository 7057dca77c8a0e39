//! Decimals as text: amounts of files, and numbers this system wrote itself.

use std::fmt;
use std::str::FromStr;

use fastnum::bint::UInt;

use super::wide;
use super::{Decimal, Form, MAX_SCALE, ParseDecimalError};
use crate::limits::{MAX_AMOUNT_DIGITS, MAX_AMOUNT_SCALE};

/// A number's digits before any of them is computed with: `0.digits * 10^point`.
struct Scanned<'a> {
    negative: bool,
    /// Digits before the point, then those after it, without leading and trailing zeros.
    digits: (&'a [u8], &'a [u8]),
    /// Digits before the point of the number, exponent applied; negative for 0.000...
    point: i64,
}

impl Decimal {
    /// Reads an amount of a file: `1234.56`, `.5`, `3.605E-05`, `-2`. At most 38 significant digits,
    /// 38 before and 38 after the point, zeros at either end not counted.
    ///
    /// # Errors
    /// `Malformed` for anything else: a plus sign, a thousands separator, a currency sign, `NaN`,
    /// `0x10`, an empty text; `TooManyDigits`; `OutOfRange`.
    pub fn parse_amount(text: &str) -> Result<Self, ParseDecimalError> {
        let scanned = scan(text)?;
        if scanned.length() > i64::from(MAX_AMOUNT_DIGITS) {
            return Err(ParseDecimalError::TooManyDigits);
        }
        if scanned.places() > i64::from(MAX_AMOUNT_SCALE)
            || scanned.point > i64::from(MAX_AMOUNT_DIGITS)
        {
            return Err(ParseDecimalError::OutOfRange);
        }
        scanned.number()
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads back what `Display` wrote, however many digits it has. Amounts of files go through
    /// `parse_amount`, which holds the limits of an amount.
    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        let scanned = scan(text)?;
        let most = i64::from(MAX_SCALE) + 1;
        if scanned.length() > most
            || scanned.point > most
            || scanned.places() > i64::from(MAX_SCALE)
        {
            return Err(ParseDecimalError::TooWide);
        }
        scanned.number()
    }
}

fn scan(text: &str) -> Result<Scanned<'_>, ParseDecimalError> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (whole, rest) = leading_digits(rest);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let (fraction, rest) = leading_digits(rest);
            if fraction.is_empty() {
                return Err(ParseDecimalError::Malformed);
            }
            (fraction, rest)
        }
        rest => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(ParseDecimalError::Malformed);
    }
    let exponent = exponent(rest)?;
    Ok(Scanned::new(negative, whole, fraction, exponent))
}

fn leading_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The exponent after the digits, 0 when there is none. One too long to count is far out of range
/// either way.
fn exponent(text: &[u8]) -> Result<i64, ParseDecimalError> {
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'e' | b'E', b'-', digits @ ..] => (true, digits),
        [b'e' | b'E', b'+', digits @ ..] | [b'e' | b'E', digits @ ..] => (false, digits),
        _ => return Err(ParseDecimalError::Malformed),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ParseDecimalError::Malformed);
    }
    let size = digits.iter().fold(0_i64, |size, digit| {
        size.saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
            .min(i64::from(i32::MAX))
    });
    Ok(if negative { -size } else { size })
}

impl<'a> Scanned<'a> {
    fn new(negative: bool, whole: &'a [u8], fraction: &'a [u8], exponent: i64) -> Self {
        let mut point = i64::try_from(whole.len())
            .unwrap_or(i64::MAX)
            .saturating_add(exponent);
        let (whole, skipped) = without_leading_zeros(whole);
        point = point.saturating_sub(skipped);
        let mut fraction = fraction;
        if whole.is_empty() {
            let skipped;
            (fraction, skipped) = without_leading_zeros(fraction);
            point = point.saturating_sub(skipped);
        }
        let fraction = without_trailing_zeros(fraction);
        let whole = if fraction.is_empty() {
            without_trailing_zeros(whole)
        } else {
            whole
        };
        if whole.is_empty() && fraction.is_empty() {
            return Self {
                negative: false,
                digits: (whole, fraction),
                point: 0,
            };
        }
        Self {
            negative,
            digits: (whole, fraction),
            point,
        }
    }

    /// Significant digits.
    fn length(&self) -> i64 {
        i64::try_from(self.digits.0.len() + self.digits.1.len()).unwrap_or(i64::MAX)
    }

    /// Decimal places.
    fn places(&self) -> i64 {
        self.length().saturating_sub(self.point).max(0)
    }

    /// The number; its digits have been counted.
    fn number(&self) -> Result<Decimal, ParseDecimalError> {
        let too_wide = ParseDecimalError::TooWide;
        let zeros =
            u32::try_from(self.point.saturating_sub(self.length()).max(0)).map_err(|_| too_wide)?;
        let places = u32::try_from(self.places()).map_err(|_| too_wide)?;
        if self.length() + i64::from(zeros) <= i64::from(MAX_AMOUNT_DIGITS) {
            let digits = self.digits.0.iter().chain(self.digits.1);
            let magnitude = digits.fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
            let magnitude = magnitude * 10_i128.pow(zeros);
            return Decimal::narrow(if self.negative { -magnitude } else { magnitude }, places)
                .ok_or(too_wide);
        }
        let mut magnitude = UInt::ZERO;
        for digit in self.digits.0.iter().chain(self.digits.1) {
            magnitude = ten_times(magnitude, digit - b'0').ok_or(too_wide)?;
        }
        for _ in 0..zeros {
            magnitude = ten_times(magnitude, 0).ok_or(too_wide)?;
        }
        wide::number(self.negative, magnitude, places).map_err(|_| too_wide)
    }
}

fn ten_times(sum: UInt<8>, digit: u8) -> Option<UInt<8>> {
    sum.checked_mul_digit(10)?
        .checked_add_digit(u64::from(digit))
}

/// The digits from the first that is not 0, and how many went.
fn without_leading_zeros(digits: &[u8]) -> (&[u8], i64) {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    (
        digits.get(zeros..).unwrap_or_default(),
        i64::try_from(zeros).unwrap_or(i64::MAX),
    )
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits
        .iter()
        .rev()
        .take_while(|digit| **digit == b'0')
        .count();
    digits.get(..digits.len() - zeros).unwrap_or_default()
}

impl fmt::Display for Decimal {
    /// Plain digits: no exponent, no trailing zeros after the point, `0` for zero. Width and
    /// alignment are honoured.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut digits, scale) = match &self.0 {
            Form::Narrow { mantissa, scale } => (
                { mantissa.0 }.unsigned_abs().to_string(),
                usize::from(*scale),
            ),
            Form::Wide(wide) => (wide.magnitude.to_string(), usize::from(wide.scale)),
        };
        if scale > 0 {
            if digits.len() <= scale {
                digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
            }
            digits.insert(digits.len() - scale, '.');
        }
        f.pad_integral(!self.is_negative(), "", &digits)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
