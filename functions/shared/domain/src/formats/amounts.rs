//! Amounts and legs. An amount in a file is never negative: its column says the direction.

use crate::asset::Asset;
use crate::money::{Decimal, ParseDecimalError};
use crate::quote::quote;

use super::error::Wrong;

/// The amount of a trimmed field; `None` when it is empty or zero, for then nothing moves.
pub(super) fn amount(text: &str) -> Result<Option<Decimal>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let amount = Decimal::parse_amount(text).map_err(|error| refused(text, error))?;
    if amount.is_negative() {
        return Err(Wrong::new(
            "negative_amount",
            format!(
                "{} is negative; the column says the direction, so write the amount without a sign",
                quote(text)
            ),
        ));
    }
    Ok((!amount.is_zero()).then_some(amount))
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

    fn code(text: &str) -> &'static str {
        amount(text).unwrap_err().code
    }

    #[test]
    fn an_amount_is_kept_exactly() {
        let kept = amount("0.123456789012345678901234567890123456")
            .unwrap()
            .unwrap();
        assert_eq!(kept.to_string(), "0.123456789012345678901234567890123456");
        assert_eq!(
            amount("3.605E-05").unwrap().unwrap().to_string(),
            "0.00003605"
        );
    }

    #[test]
    fn nothing_and_zero_move_nothing() {
        for text in ["", "0", "0.00", "-0", "0E-8"] {
            assert_eq!(amount(text).unwrap(), None, "{text:?}");
        }
    }

    #[test]
    fn each_oddity_has_its_code() {
        assert_eq!(code("-1"), "negative_amount");
        for text in [
            "1,2x",
            "1,234.56",
            "$2,300.00",
            "0.001ETH",
            "1 000",
            "+1",
            "NaN",
            "1/3",
            "\u{2212}1",
        ] {
            assert_eq!(code(text), "malformed_amount", "{text}");
        }
        assert_eq!(code(&"1".repeat(39)), "too_many_digits");
        assert_eq!(code("1e999999"), "amount_out_of_range");
    }

    #[test]
    fn a_refused_amount_says_how_to_write_it() {
        assert_eq!(
            amount("1,2x").unwrap_err().reason,
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
