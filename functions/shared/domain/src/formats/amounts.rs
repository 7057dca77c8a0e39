//! Amounts and legs. An amount in a file is never negative, unless its format says direction by sign:
//! its column says the direction.
//!
//! | written | read as |
//! |---|---|
//! | `1234.56`, `3.605E-05` | as it is |
//! | `$2,300.00`, `-$4.41`, `2.300,00 €` | without its symbol; the currency stands in another column |
//! | `1,234.56`, `1,234,567` | one mark groups three digits, the other stands before decimals |
//! | `1234,56`, `0,125` | a mark that cannot group digits stands before decimals |
//! | `1,234`, `1.234` | what the file's dialect says; where it says nothing, a row error |
//! | `\u{2212}1` | the minus of typography is a minus |

use std::borrow::Cow;

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::money::{Decimal, ParseDecimalError};
use crate::quote::quote;

use super::error::Wrong;

/// Signs of currencies that may stand before or behind an amount, longest first.
const SYMBOLS: [&str; 20] = [
    "CA$", "US$", "AU$", "NZ$", "HK$", "MX$", "CHF", "A$", "C$", "R$", "S$", "kr", "zł", "$", "€",
    "£", "¥", "₹", "₩", "₽",
];

/// Stands for digits that are no number.
const NO_NUMBER: &str = "?";

/// The amount of a trimmed field; `None` when it is empty or zero, for then nothing moves.
pub(super) fn amount(text: &str, mark: DecimalMark) -> Result<Option<Decimal>, Wrong> {
    let amount = signed(text, mark)?;
    if amount.as_ref().is_some_and(Decimal::is_negative) {
        return Err(Wrong::new(
            "negative_amount",
            format!(
                "{} is negative; the column says the direction, so write the amount without a sign",
                quote(text)
            ),
        ));
    }
    Ok(amount)
}

/// The same where the format says the direction by sign.
pub(super) fn signed(text: &str, mark: DecimalMark) -> Result<Option<Decimal>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let amount = if is_plain(text) && mark == DecimalMark::Point {
        Decimal::parse_amount(text)
    } else {
        let number = Number::of(text);
        let digits = number
            .digits_with_point(mark)
            .ok_or_else(|| ambiguous(text))?;
        Decimal::parse_amount(&digits).map(|amount| number.with_sign(amount))
    };
    let amount = amount.map_err(|error| refused(text, error))?;
    Ok((!amount.is_zero()).then_some(amount))
}

/// Whether a text is an amount, whatever stands before its decimals.
pub(crate) fn is_amount(text: &str) -> bool {
    let marks = [DecimalMark::Point, DecimalMark::Comma];
    !text.is_empty() && marks.into_iter().any(|mark| signed(text, mark).is_ok())
}

/// Whether an amount is digits and at most one point, as nearly all are: nothing to take off.
fn is_plain(text: &str) -> bool {
    let mut points = 0;
    text.bytes().all(|byte| {
        points += usize::from(byte == b'.');
        byte.is_ascii_digit() || (byte == b'.' && points == 1)
    })
}

/// Which mark an amount writes before its decimals, when it can be read in one way only; `Unsaid` for
/// any other text.
pub(super) fn mark_of(text: &str) -> DecimalMark {
    let number = Number::of(text.trim());
    let mark = number.said();
    let is_amount = |mark| {
        let digits = number.digits_with_point(mark);
        digits.is_some_and(|digits| Decimal::parse_amount(&digits).is_ok())
    };
    if is_amount(mark) {
        mark
    } else {
        DecimalMark::Unsaid
    }
}

/// The digits of an amount and their marks, without sign and symbol.
struct Number<'a> {
    negative: bool,
    digits: &'a str,
}

impl<'a> Number<'a> {
    /// Takes sign and symbol off, the sign from before the symbol or from behind it.
    fn of(text: &'a str) -> Self {
        let (before, rest) = sign(text);
        let (behind, digits) = match SYMBOLS.iter().find_map(|symbol| rest.strip_prefix(symbol)) {
            Some(rest) if before => (false, rest.trim_start()),
            Some(rest) => sign(rest.trim_start()),
            None => (
                false,
                SYMBOLS
                    .iter()
                    .find_map(|symbol| rest.strip_suffix(symbol))
                    .unwrap_or(rest)
                    .trim_end(),
            ),
        };
        Self {
            negative: before || behind,
            digits,
        }
    }

    fn with_sign(&self, amount: Decimal) -> Decimal {
        if self.negative {
            amount.negated()
        } else {
            amount
        }
    }

    /// The mark before decimals, if these digits alone say it.
    fn said(&self) -> DecimalMark {
        let mantissa = self.digits.split(['e', 'E']).next().unwrap_or_default();
        let (points, commas) = (mantissa.matches('.').count(), mantissa.matches(',').count());
        match (points, commas) {
            (0, 0) => DecimalMark::Unsaid,
            (0, 1) if !groups(mantissa, ',') => DecimalMark::Comma,
            (1, 0) if !groups(mantissa, '.') => DecimalMark::Point,
            (0, 1) | (1, 0) => DecimalMark::Unsaid,
            (0, _) => DecimalMark::Point,
            (_, 0) => DecimalMark::Comma,
            _ if mantissa.rfind('.') > mantissa.rfind(',') => DecimalMark::Point,
            _ => DecimalMark::Comma,
        }
    }

    /// The digits with a point before decimals and without groups; `None` when they could be read in
    /// two ways and `file` does not decide. What is no number stays none.
    fn digits_with_point(&self, file: DecimalMark) -> Option<Cow<'a, str>> {
        if !self
            .digits
            .starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
        {
            return Some(Cow::Borrowed(NO_NUMBER));
        }
        if !self.digits.contains([',', '.']) {
            return Some(Cow::Borrowed(self.digits));
        }
        let (decimal, group) = match (self.said(), file) {
            (DecimalMark::Point, _) | (DecimalMark::Unsaid, DecimalMark::Point) => ('.', ','),
            (DecimalMark::Comma, _) | (DecimalMark::Unsaid, DecimalMark::Comma) => (',', '.'),
            (DecimalMark::Unsaid, DecimalMark::Unsaid) => return None,
        };
        let whole = self.digits.split(decimal).next().unwrap_or_default();
        let grouped = self.digits.contains(group);
        if grouped && !groups(whole, group) {
            return Some(Cow::Borrowed(NO_NUMBER));
        }
        if !grouped && decimal == '.' {
            return Some(Cow::Borrowed(self.digits));
        }
        let digits = self.digits.chars().filter(|c| *c != group);
        Some(digits.map(|c| if c == decimal { '.' } else { c }).collect())
    }
}

/// Takes a sign off; answers whether it was a minus.
fn sign(text: &str) -> (bool, &str) {
    for minus in ['-', '\u{2212}'] {
        if let Some(rest) = text.strip_prefix(minus) {
            return (true, rest.trim_start());
        }
    }
    (false, text.strip_prefix('+').unwrap_or(text))
}

/// Whether `mark` divides the digits into groups of three, the first of one to three and not zero.
fn groups(digits: &str, mark: char) -> bool {
    let mut groups = digits.split(mark);
    let first = groups.next().unwrap_or_default();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(first.len(), 1..=3)
        && !first.starts_with('0')
        && is_digits(first)
        && groups.all(|group| group.len() == 3 && is_digits(group))
}

fn ambiguous(text: &str) -> Wrong {
    Wrong::new(
        "ambiguous_amount",
        format!(
            "{} is a thousand or a fraction, and the first rows of the file do not show which; write the decimals out, e.g. 1234.00 or 1.2340",
            quote(text)
        ),
    )
}

fn refused(text: &str, error: ParseDecimalError) -> Wrong {
    let (code, remedy) = match error {
        ParseDecimalError::Malformed => (
            "malformed_amount",
            "write digits with a point, e.g. 1234.56",
        ),
        ParseDecimalError::TooManyDigits => ("too_many_digits", "write at most 38 digits"),
        ParseDecimalError::OutOfRange | ParseDecimalError::TooWide => (
            "amount_out_of_range",
            "write at most 38 digits before the point and 38 after it",
        ),
    };
    Wrong::new(code, format!("{} {error}; {remedy}", quote(text)))
}

/// The currency of a trimmed field that belongs to an amount.
pub(super) fn currency(text: &str) -> Result<Asset, Wrong> {
    if text.is_empty() {
        return Err(Wrong::new(
            "missing_currency",
            "is empty although its amount is not; name the currency, e.g. BTC",
        ));
    }
    text.parse().map_err(|error| {
        Wrong::new(
            "malformed_currency",
            format!("{} is refused: {error}", quote(text)),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const POINT: DecimalMark = DecimalMark::Point;

    fn code(text: &str) -> &'static str {
        amount(text, POINT).unwrap_err().code
    }

    fn shown(text: &str, mark: DecimalMark) -> String {
        match signed(text, mark) {
            Ok(amount) => amount.map_or("-".to_owned(), |amount| amount.to_string()),
            Err(wrong) => wrong.code.to_owned(),
        }
    }

    #[test]
    fn an_amount_is_kept_exactly() {
        let kept = amount("0.123456789012345678901234567890123456", POINT)
            .unwrap()
            .unwrap();
        assert_eq!(kept.to_string(), "0.123456789012345678901234567890123456");
        assert_eq!(shown("3.605E-05", POINT), "0.00003605");
        assert_eq!(shown("3,605E-05", DecimalMark::Comma), "0.00003605");
    }

    #[test]
    fn nothing_and_zero_move_nothing() {
        for text in ["", "0", "0.00", "-0", "0E-8", "$0.00", "\u{2212}0,00"] {
            assert_eq!(amount(text, POINT).unwrap(), None, "{text:?}");
        }
    }

    #[test]
    fn each_oddity_has_its_code() {
        for text in ["-1", "\u{2212}1", "-$4.41", "$-4.41"] {
            assert_eq!(code(text), "negative_amount", "{text}");
        }
        for text in [
            "1,2x",
            "0.001ETH",
            "1 000",
            "--1",
            "-$-1",
            "NaN",
            "1/3",
            "$",
            "1,23,456.00",
            "1,234,56",
            "1.2.3",
            "1,2,3",
            "0,123.45",
            ".",
            ",",
            "1.234.56",
            "$$1",
        ] {
            assert_eq!(code(text), "malformed_amount", "{text}");
        }
        assert_eq!(code(&"1".repeat(39)), "too_many_digits");
        assert_eq!(code("1e999999"), "amount_out_of_range");
    }

    #[test]
    fn symbols_and_groups_are_taken_off_where_they_leave_one_reading() {
        for mark in [DecimalMark::Point, DecimalMark::Comma, DecimalMark::Unsaid] {
            for (text, read) in [
                ("$2,300.00", "2300"),
                ("\u{20ac} 914.90", "914.9"),
                ("2.300,50 \u{20ac}", "2300.5"),
                ("-$4.41", "-4.41"),
                ("kr-50", "-50"),
                ("\u{2212}1,234,567.5", "-1234567.5"),
                ("1.234.567", "1234567"),
                ("1234,56", "1234.56"),
                ("0,125", "0.125"),
                (",5", "0.5"),
                ("+1.5", "1.5"),
            ] {
                assert_eq!(shown(text, mark), read, "{text} {mark:?}");
            }
        }
    }

    #[test]
    fn what_could_be_a_thousand_or_a_fraction_is_what_the_file_says() {
        for (mark, comma, point) in [
            (DecimalMark::Point, "1234", "1.234"),
            (DecimalMark::Comma, "1.234", "1234"),
            (DecimalMark::Unsaid, "ambiguous_amount", "ambiguous_amount"),
        ] {
            assert_eq!(shown("1,234", mark), comma);
            assert_eq!(shown("1.234", mark), point);
        }
    }

    #[test]
    fn an_amount_says_its_mark_only_when_it_has_one_reading() {
        for (text, mark) in [
            ("0.5", DecimalMark::Point),
            ("$2,300.00", DecimalMark::Point),
            ("1,234,567", DecimalMark::Point),
            ("0,5", DecimalMark::Comma),
            ("2.300,00", DecimalMark::Comma),
            ("1,234", DecimalMark::Unsaid),
            ("1.234", DecimalMark::Unsaid),
            ("12", DecimalMark::Unsaid),
            ("01.12.2020", DecimalMark::Unsaid),
            ("a note, with 0,5", DecimalMark::Unsaid),
            ("v1.5", DecimalMark::Unsaid),
            ("", DecimalMark::Unsaid),
        ] {
            assert_eq!(mark_of(text), mark, "{text}");
        }
    }

    #[test]
    fn a_refused_amount_says_how_to_write_it() {
        assert_eq!(
            amount("1,2x", POINT).unwrap_err().reason,
            "\"1,2x\" is not a decimal number; write digits with a point, e.g. 1234.56"
        );
    }

    #[test]
    fn currencies_may_begin_with_a_digit_and_are_upper_cased() {
        assert_eq!(currency("1inch").unwrap().as_str(), "1INCH");
        assert_eq!(currency("").unwrap_err().code, "missing_currency");
        assert_eq!(
            currency("US DOLLAR").unwrap_err().code,
            "malformed_currency"
        );
        assert_eq!(
            currency(&"X".repeat(33)).unwrap_err().code,
            "malformed_currency"
        );
    }
}
