//! Known answers, then the same operations against plain big integers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn equal_numbers_are_equal_however_they_were_written() {
    assert_eq!(d("1.0"), d("1"));
    assert_eq!(d("1e3"), d("1000"));
    assert_eq!(d("-0.00"), Decimal::ZERO);
    assert!(d("-0.1") < d("0") && d("0") < d("1e-38") && d("2") < d("10"));
}

#[test]
fn numbers_are_shown_in_plain_digits() {
    for (text, shown) in [
        ("1e20", "100000000000000000000"),
        ("3.605E-05", "0.00003605"),
        ("1.50", "1.5"),
        ("-.5", "-0.5"),
        ("0e5", "0"),
    ] {
        assert_eq!(d(text).to_string(), shown);
    }
    assert_eq!(
        format!("[{:>8}|{:<6}]", d("-1.5"), d("2")),
        "[    -1.5|2     ]"
    );
}

#[test]
fn division_rounds_half_even_at_thirty_places() {
    for (a, b, quotient) in [
        ("1", "3", "0.333333333333333333333333333333"),
        ("2", "3", "0.666666666666666666666666666667"),
        ("-2", "3", "-0.666666666666666666666666666667"),
        ("5e-31", "1", "0"),
        ("15e-31", "1", "0.000000000000000000000000000002"),
        ("25e-31", "1", "0.000000000000000000000000000002"),
        ("-15e-31", "1", "-0.000000000000000000000000000002"),
        ("25000000000000000000000000000001e-62", "1", "0"),
        (
            "5000000000000000000000000000000000001e-67",
            "1",
            "0.000000000000000000000000000001",
        ),
        ("1", "-8", "-0.125"),
        (
            "99999999999999999999999999999999999999",
            "1e-38",
            "9999999999999999999999999999999999999900000000000000000000000000000000000000",
        ),
    ] {
        assert_eq!(
            d(a).divided_by(&d(b)).unwrap().to_string(),
            quotient,
            "{a} / {b}"
        );
    }
    assert_eq!(
        d("1").divided_by(&d("0")),
        Err(ArithmeticError::DivisionByZero)
    );
    assert_eq!(
        d("1").times_over(&d("1"), &d("0")),
        Err(ArithmeticError::DivisionByZero)
    );
}

#[test]
fn a_value_takes_three_words() {
    assert_eq!(size_of::<Decimal>(), 24);
}
