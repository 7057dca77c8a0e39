//! Decimals against whole numbers of any size: what is taken, its text, sums, products, quotients.

use domain::limits::{DIVISION_SCALE, MAX_AMOUNT_DIGITS, MAX_AMOUNT_SCALE};
use domain::money::Decimal;
use num_bigint::BigInt;

use crate::engine::{fuzz, outcome};

/// Places of the widest number that is kept, and bits of its digits.
const MOST: (u32, u64) = (154, 512);

/// `digits * 10^-places`, shortest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    digits: BigInt,
    places: u32,
}

fn ten(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

impl Plain {
    fn new(digits: BigInt, places: u32) -> Self {
        let (mut digits, mut places) = (digits, places);
        while places > 0 && &digits % 10 == BigInt::ZERO {
            (digits, places) = (digits / 10, places - 1);
        }
        Self { digits, places }
    }

    fn fits(&self) -> bool {
        self.digits.magnitude().bits() <= MOST.1 && self.places <= MOST.0
    }

    /// Plain digits, as the number is shown.
    fn shown(&self) -> String {
        let places = self.places as usize;
        let sign = if self.digits < BigInt::ZERO { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            self.digits.magnitude().to_string(),
            width = places + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }

    fn plus(&self, other: &Self) -> Self {
        let places = self.places.max(other.places);
        let wide = |number: &Self| &number.digits * ten(places - number.places);
        Self::new(wide(self) + wide(other), places)
    }

    fn times(&self, other: &Self) -> Self {
        Self::new(&self.digits * &other.digits, self.places + other.places)
    }

    /// Half-even at the scale of divisions, from floor division; none by zero.
    fn over(&self, other: &Self) -> Option<Self> {
        let mut above = &self.digits * ten(DIVISION_SCALE + other.places);
        let mut below = &other.digits * ten(self.places);
        if below == BigInt::ZERO {
            return None;
        }
        if below < BigInt::ZERO {
            (above, below) = (-above, -below);
        }
        let mut floor = &above / &below;
        if &floor * &below > above {
            floor -= 1;
        }
        let twice = (&above - &floor * &below) * 2;
        let odd = &floor % 2 != BigInt::ZERO;
        let up = twice > below || (twice == below && odd);
        Some(Self::new(floor + i32::from(up), DIVISION_SCALE))
    }
}

/// The amount a text is, by the words of the rule: an optional minus, digits with a point between or
/// before some, an optional exponent; 38 digits, 38 of them before and 38 behind the point.
fn amount(text: &str) -> Option<Plain> {
    let (negative, text) = text
        .strip_prefix('-')
        .map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let stripped = digits.trim_start_matches('0').trim_end_matches('0');
    if stripped.is_empty() {
        return Some(Plain::new(BigInt::ZERO, 0));
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let power = exponent - fraction.len() as i64 + zeros as i64;
    let (before, behind) = (stripped.len() as i64 + power, -power);
    let (most, scale) = (i64::from(MAX_AMOUNT_DIGITS), i64::from(MAX_AMOUNT_SCALE));
    // Zeros between the digits and the point are written, but are no digits that count.
    if stripped.len() as i64 > most || before > most || behind > scale {
        return None;
    }
    let number: BigInt = stripped.parse().unwrap();
    let number = if negative { -number } else { number };
    Some(match u32::try_from(behind) {
        Ok(places) => Plain::new(number, places),
        Err(_) => Plain::new(number * ten(u32::try_from(power).unwrap()), 0),
    })
}

/// An exponent, those of more than nine digits cut to one that is out of range as well.
fn exponent_of(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let size = match digits.len() {
        0 => 0,
        1..=9 => digits.parse().unwrap(),
        _ => 1_000_000_000,
    };
    Some(if negative { -size } else { size })
}

#[test]
fn decimals_are_what_whole_numbers_say() {
    let seeds = [
        "1234.56 -0.5",
        "3.605E-05 99999999999999999999999999999999999999",
        "0 7",
        "1e37 1e-38",
        "-2.5 3",
        ".125 -1000",
        "1e999999 1",
        "0.12345678901234567890123456789012345678 8",
    ];
    fuzz(
        "decimals",
        seeds.map(|seed| seed.as_bytes().to_vec()).to_vec(),
        check,
    );
}

fn check(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let (one, two) = text.split_once(' ').unwrap_or((&text, ""));
    let pair = [one, two].map(|text| {
        let (found, expected) = (Decimal::parse_amount(text), amount(text));
        assert_eq!(
            found.as_ref().ok().map(ToString::to_string),
            expected.as_ref().map(Plain::shown),
            "{text:?} is {found:?}"
        );
        found.ok().zip(expected)
    });
    let [Some((a, plain_a)), Some((b, plain_b))] = pair else {
        return outcome(
            Decimal::parse_amount(one)
                .err()
                .map(|error| error.to_string()),
        );
    };
    let back: Decimal = a.to_string().parse().unwrap();
    assert_eq!(back, a);
    let same = |found: Result<Decimal, _>, expected: Option<Plain>| {
        let found: Option<String> = found.ok().map(|number: Decimal| number.to_string());
        assert_eq!(
            found,
            expected.filter(Plain::fits).map(|plain| plain.shown()),
            "{one} and {two}"
        );
    };
    let minus_b = Plain::new(-plain_b.digits.clone(), plain_b.places);
    same(a.plus(&b), Some(plain_a.plus(&plain_b)));
    same(a.minus(&b), Some(plain_a.plus(&minus_b)));
    same(a.times(&b), Some(plain_a.times(&plain_b)));
    same(a.divided_by(&b), plain_a.over(&plain_b));
    same(a.times_over(&b, &a), plain_a.times(&plain_b).over(&plain_a));
    outcome((
        plain_a.places,
        plain_a.digits.bits() / 16,
        plain_b.places / 4,
        plain_b.digits.bits() / 16,
    ))
}
