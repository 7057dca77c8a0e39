//! Known answers, then every operation against plain big integers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use num_bigint::{BigInt, BigUint, Sign};
use proptest::prelude::*;

use super::*;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The greatest coefficient there is.
fn most() -> BigUint {
    let bound: BigUint = BigUint::from(1_u8) << 512;
    bound - 1_u8
}

#[test]
fn equal_numbers_are_equal_however_they_were_written() {
    assert_eq!(d("1.0"), d("1"));
    assert_eq!(d("1e3"), d("1000"));
    assert_eq!(d("-0.00"), Decimal::ZERO);
    assert!(!d("-0.00").is_negative());
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
        (
            "170141183460469231731687303715884105727",
            "170141183460469231731687303715884105727",
        ),
        (
            "-170141183460469231731687303715884105728",
            "-170141183460469231731687303715884105728",
        ),
        ("1e-154", &format!("0.{}1", "0".repeat(153))),
    ] {
        assert_eq!(d(text).to_string(), shown);
    }
    assert_eq!(
        format!("[{:>8}|{:<6}]", d("-1.5"), d("2")),
        "[    -1.5|2     ]"
    );
}

#[test]
fn an_amount_has_at_most_38_digits_and_places() {
    let nines = "9".repeat(38);
    for text in [
        &nines,
        "1e37",
        "1e-38",
        "0.10000000000000000000000000000000000000000000",
        "000000000000000000000000000000000000000000001",
        "0e999999",
        "-1",
    ] {
        assert!(Decimal::parse_amount(text).is_ok(), "{text}");
    }
    assert_eq!(
        Decimal::parse_amount(&format!("{nines}e-38"))
            .unwrap()
            .to_string(),
        format!("0.{nines}")
    );
    for text in [
        "123456789012345678901234567890123456789",
        "1.00000000000000000000000000000000000001",
    ] {
        assert_eq!(
            Decimal::parse_amount(text),
            Err(ParseDecimalError::TooManyDigits),
            "{text}"
        );
    }
    for text in [
        "1e38",
        "1e-39",
        "1e999999",
        "1e-999999",
        "1e99999999999999999999",
        "100000000000000000000000000000000000000",
    ] {
        assert_eq!(
            Decimal::parse_amount(text),
            Err(ParseDecimalError::OutOfRange),
            "{text}"
        );
    }
}

#[test]
fn what_is_not_a_decimal_number_is_refused() {
    for text in [
        "", "-", "+", "+1", "--1", ".", "-.", "5.", "1.e5", "e5", "1e", "1e+", "1e-", "1e1.5",
        "1_000", "1,000", "1 000", " 1", "1 ", "0x10", "NaN", "nan", "inf", "Infinity", "$1",
        "1.2.3", "1e5e5", "\u{0661}", "\u{ff11}", "1\0", "−1",
    ] {
        assert_eq!(
            Decimal::parse_amount(text),
            Err(ParseDecimalError::Malformed),
            "{text:?}"
        );
        assert_eq!(
            text.parse::<Decimal>(),
            Err(ParseDecimalError::Malformed),
            "{text:?}"
        );
    }
}

#[test]
fn numbers_read_back_may_be_wide_but_not_wider_than_512_bits() {
    let most = most();
    assert_eq!(d(&most.to_string()).to_string(), most.to_string());
    assert_eq!(
        (most + 1_u8).to_string().parse::<Decimal>(),
        Err(ParseDecimalError::TooWide)
    );
    for text in ["1e155", "1e-155", "1e999999999999", &"9".repeat(10_000)] {
        assert_eq!(text.parse::<Decimal>(), Err(ParseDecimalError::TooWide));
    }
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
        // A hair above and below a tie: rounding to more places first would make ties of both.
        (
            "5000000000000000000000000000000000001e-67",
            "1",
            "0.000000000000000000000000000001",
        ),
        (
            "14999999999999999999999999999999999999e-67",
            "1",
            "0.000000000000000000000000000001",
        ),
        ("1", "-8", "-0.125"),
        // The carry runs through every digit.
        (
            "9999999999999999999999999999999999999",
            "10000000000000000000000000000000000000",
            "1",
        ),
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
fn rounding_is_half_even_on_both_sides_of_zero() {
    for (text, places, rounded) in [
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("-0.125", 2, "-0.12"),
        ("-0.135", 2, "-0.14"),
        ("0.1250000000000000000000000000000000001", 2, "0.13"),
        ("9.995", 2, "10"),
        ("0.5", 0, "0"),
        ("1.5", 0, "2"),
        ("-0.4", 0, "0"),
        ("1.7e-40", 0, "0"),
        ("7", 2, "7"),
        (
            "123456789012345678901234567890123456789012345678901234567890.125",
            2,
            "123456789012345678901234567890123456789012345678901234567890.12",
        ),
        (
            "123456789012345678901234567890123456789012345678901234567890.125",
            30,
            "123456789012345678901234567890123456789012345678901234567890.125",
        ),
    ] {
        assert_eq!(
            d(text).rounded(places).to_string(),
            rounded,
            "{text} to {places}"
        );
    }
}

#[test]
fn the_sum_of_the_pieces_of_a_lot_is_the_lot() {
    let (cost, quantity) = (d("10000"), d("3"));
    let third = cost.times_over(&Decimal::ONE, &quantity).unwrap();
    assert_eq!(third.to_string(), "3333.333333333333333333333333333333");
    let last = cost.minus(&third).unwrap().minus(&third).unwrap();
    assert_eq!(last.to_string(), "3333.333333333333333333333333333334");
    assert_eq!(third.plus(&third).unwrap().plus(&last).unwrap(), cost);
}

#[test]
fn what_does_not_fit_is_an_overflow_and_never_rounded() {
    let most = d(&most().to_string());
    assert_eq!(most.plus(&Decimal::ONE), Err(ArithmeticError::Overflow));
    assert_eq!(
        most.negated().minus(&Decimal::ONE),
        Err(ArithmeticError::Overflow)
    );
    assert_eq!(most.times(&d("2")), Err(ArithmeticError::Overflow));
    assert_eq!(most.plus(&d("0.1")), Err(ArithmeticError::Overflow));
    assert_eq!(most.divided_by(&d("0.1")), Err(ArithmeticError::Overflow));
    assert_eq!(
        d("1e-100").times(&d("1e-100")),
        Err(ArithmeticError::Overflow)
    );
    assert_eq!(
        d("1e150").plus(&d("1e-150")),
        Err(ArithmeticError::Overflow)
    );
    // The product in between is beyond 512 bits, the result is not.
    assert_eq!(most.times_over(&most, &most), Ok(most.clone()));
    assert_eq!(most.minus(&most), Ok(Decimal::ZERO));
}

#[test]
fn a_value_takes_three_words() {
    assert_eq!(size_of::<Decimal>(), 24);
}

#[test]
fn the_bytes_of_a_number_are_few_and_frozen() {
    for (text, bytes) in [
        ("0", &[0][..]),
        ("1", &[2, 0, 2]),
        ("-1", &[2, 0, 3]),
        ("1.5", &[2, 1, 30]),
        ("28500.25", &[4, 2, 0xd2, 0xf9, 0x56]),
        ("128", &[3, 0, 0, 1]),
    ] {
        assert_eq!(postcard::to_stdvec(&d(text)).unwrap(), bytes, "{text}");
    }
    assert_eq!(serde_json::to_string(&d("-1.50")).unwrap(), "\"-1.5\"");
}

#[test]
fn bytes_that_no_number_writes_are_refused() {
    // Only a scale; a zero byte at the end; minus zero; 1.0; too many places; too many bytes.
    let mut long = vec![67, 0];
    long.extend([1; 66]);
    for bytes in [
        &[1, 0][..],
        &[3, 0, 2, 0],
        &[2, 0, 1],
        &[2, 1, 20],
        &[2, 155, 2],
        &long,
    ] {
        assert!(postcard::from_bytes::<Decimal>(bytes).is_err(), "{bytes:?}");
    }
    assert!(serde_json::from_str::<Decimal>("1.5").is_err());
}

/// A number as the oracle sees it: an integer times 10^-scale.
#[derive(Debug, Clone)]
struct Plain(BigInt, u32);

fn ten(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

impl Plain {
    fn decimal(&self) -> Decimal {
        d(&format!("{}e-{}", self.0, self.1))
    }

    /// The number in its shortest form, if 512 bits and 154 places hold it.
    fn shortest(mut self) -> Option<String> {
        while self.1 > 0 && &self.0 % 10 == BigInt::ZERO {
            self = Self(self.0 / 10, self.1 - 1);
        }
        if self.0.bits() > 512 || self.1 > 154 {
            return None;
        }
        let (sign, places) = (
            if self.0.sign() == Sign::Minus {
                "-"
            } else {
                ""
            },
            self.1 as usize,
        );
        let digits = format!(
            "{:0>width$}",
            self.0.magnitude().to_string(),
            width = places + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - places);
        Some(if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        })
    }
}

/// `a / b` half-even, from floor division, unlike the code under test.
fn rounded_quotient(a: BigInt, b: BigInt) -> BigInt {
    let (a, b) = if b.sign() == Sign::Minus {
        (-a, -b)
    } else {
        (a, b)
    };
    let mut floor: BigInt = &a / &b;
    if &floor * &b > a {
        floor -= 1;
    }
    let twice: BigInt = (&a - &floor * &b) * 2;
    let odd = &floor % 2 != BigInt::ZERO;
    if twice > b || (twice == b && odd) {
        floor + 1
    } else {
        floor
    }
}

fn shown(result: Result<Decimal, ArithmeticError>) -> Option<String> {
    result.ok().map(|number| number.to_string())
}

/// Integers of every size up to 512 bits, many of them with zeros at the end or next to a power.
fn integer() -> impl Strategy<Value = BigInt> {
    let bits = prop_oneof![4 => 1..64_u32, 4 => 64..130_u32, 2 => 130..300_u32, 1 => 300..512_u32];
    (
        any::<bool>(),
        any::<[u8; 64]>(),
        bits,
        0..20_u32,
        -1..2_i32,
        0..4_u8,
    )
        .prop_map(|(negative, bytes, bits, zeros, beside, shape)| {
            let raw = BigInt::from(BigUint::from_bytes_le(&bytes) >> (512 - bits));
            let number = match shape {
                0 => (BigInt::from(1) << (bits - 1)) + beside,
                1 => raw / ten(zeros) * ten(zeros),
                2 => ten(bits * 3 / 10) + beside,
                _ => raw,
            };
            if negative { -number } else { number }
        })
}

fn plain() -> impl Strategy<Value = Plain> {
    (integer(), prop_oneof![6 => 0..40_u32, 1 => 40..154_u32])
        .prop_map(|(integer, scale)| Plain(integer, scale))
}

proptest! {
    #[test]
    fn text_and_bytes_give_the_number_back(a in plain()) {
        let number = a.decimal();
        prop_assert_eq!(Some(number.to_string()), a.shortest());
        prop_assert_eq!(&d(&number.to_string()), &number);
        let bytes = postcard::to_stdvec(&number).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<Decimal>(&bytes).unwrap(), &number);
        let json = serde_json::to_vec(&number).unwrap();
        prop_assert_eq!(&serde_json::from_slice::<Decimal>(&json).unwrap(), &number);
    }

    #[test]
    fn sums_and_differences_are_exact(a in plain(), b in plain()) {
        let scale = a.1.max(b.1);
        let (x, y) = (&a.0 * ten(scale - a.1), &b.0 * ten(scale - b.1));
        prop_assert_eq!(shown(a.decimal().plus(&b.decimal())), Plain(&x + &y, scale).shortest());
        prop_assert_eq!(shown(a.decimal().minus(&b.decimal())), Plain(&x - &y, scale).shortest());
        prop_assert_eq!(a.decimal().cmp(&b.decimal()), x.cmp(&y));
        prop_assert_eq!(a.decimal() == b.decimal(), x == y);
    }

    #[test]
    fn products_are_exact(a in plain(), b in plain()) {
        prop_assert_eq!(shown(a.decimal().times(&b.decimal())), Plain(&a.0 * &b.0, a.1 + b.1).shortest());
    }

    #[test]
    fn a_quotient_is_rounded_once(a in plain(), b in plain(), c in plain()) {
        let c = if c.0 == BigInt::ZERO { Plain(BigInt::from(7), c.1) } else { c };
        let over = |numerator: &BigInt, scale: u32| {
            let quotient = rounded_quotient(numerator * ten(30 + c.1), &c.0 * ten(scale));
            Plain(quotient, 30).shortest()
        };
        prop_assert_eq!(shown(a.decimal().divided_by(&c.decimal())), over(&a.0, a.1));
        let product = &a.0 * &b.0;
        prop_assert_eq!(shown(a.decimal().times_over(&b.decimal(), &c.decimal())), over(&product, a.1 + b.1));
    }

    #[test]
    fn ties_go_to_the_even_digit(half in -1_000_000_000_000_i64..1_000_000_000_000, divisor in 1..1_000_000_u32) {
        // (2h + 1) * divisor / (2 * divisor) at the 30th place is a tie between h and h + 1.
        let numerator = Plain((BigInt::from(half) * 2 + 1) * divisor, 30);
        let quotient = numerator.decimal().divided_by(&Decimal::from(2 * u64::from(divisor))).unwrap();
        let even = if half % 2 == 0 { half } else { half + 1 };
        prop_assert_eq!(Some(quotient.to_string()), Plain(BigInt::from(even), 30).shortest());
    }

    #[test]
    fn rounding_agrees_with_the_oracle(a in plain(), places in 0..60_u32) {
        let rounded = if a.1 <= places {
            a.clone()
        } else {
            Plain(rounded_quotient(a.0.clone(), ten(a.1 - places)), places)
        };
        prop_assert_eq!(Some(a.decimal().rounded(places).to_string()), rounded.shortest());
    }

    #[test]
    fn signs_turn_and_go(a in plain()) {
        let number = a.decimal();
        prop_assert_eq!(&number.negated().negated(), &number);
        prop_assert_eq!(number.abs().is_negative(), false);
        prop_assert_eq!(number.is_negative(), a.0 < BigInt::ZERO);
        prop_assert_eq!(number.is_zero(), a.0 == BigInt::ZERO);
        prop_assert_eq!(number.plus(&number.negated()), Ok(Decimal::ZERO));
    }

    #[test]
    fn pieces_of_a_lot_add_up(cost in 0..u64::MAX, pieces in prop::collection::vec(1..u64::from(u32::MAX), 1..20)) {
        let total = Decimal::from(pieces.iter().sum::<u64>());
        let (mut rest, mut sum) = (Decimal::from(cost), Decimal::ZERO);
        for piece in pieces.iter().skip(1) {
            let part = Decimal::from(cost).times_over(&Decimal::from(*piece), &total).unwrap();
            rest = rest.minus(&part).unwrap();
            sum = sum.plus(&part).unwrap();
        }
        prop_assert_eq!(sum.plus(&rest).unwrap(), Decimal::from(cost));
    }

    #[test]
    fn no_text_and_no_bytes_panic(text in "[-+.eE0-9x_,]{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(number) = text.parse::<Decimal>() {
            prop_assert_eq!(&d(&number.to_string()), &number);
        }
        if let Ok(number) = Decimal::parse_amount(&text) {
            prop_assert_eq!(text.parse(), Ok(number));
        }
        if let Ok(number) = postcard::from_bytes::<Decimal>(&bytes) {
            let written = postcard::to_stdvec(&number).unwrap();
            prop_assert_eq!(postcard::from_bytes(&written), Ok(number));
        }
    }
}
