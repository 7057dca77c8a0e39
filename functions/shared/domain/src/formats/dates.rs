//! Times of files: one reading each, or an error; never a guess.
//!
//! | form | means |
//! |---|---|
//! | `2020-12-01 10:00[:00[.000000]]`, `2020-12-01T10:00...` | the zone given with the upload, else UTC |
//! | the same followed by `UTC`, `GMT`, `Z`, `+01:00`, `+0100` or `+01` | what it says |
//! | `1606816800`, nine or ten digits | Unix seconds |
//! | `01/12/2020 10:00...`, also `01/12/20`, with `/`, `.` or `-` | only when the format or the upload fixes the order of day and month |
//! | `22-03-04 10:00...` | only in a format that writes years with two digits: 4 March 2022 |
//! | `01/12/2020` | only in a format that lets the time out: its midnight |
//!
//! Nine digits of Unix seconds begin in March 1973: a shorter number is more likely a spreadsheet's
//! day count (44166) or a compact date (20201201), and is refused. Digits behind the microsecond are
//! dropped. A local time that a change of clocks repeats is the first of the two, the one with the
//! offset before the change; one that a change leaves out is refused, because it never was.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use crate::quote::quote;
use crate::settings::ParseOptions;
use crate::time::Instant;

use super::error::{FormatError, Wrong};

/// 2200-01-01T00:00:00Z in microseconds: times from here on, or before 1970, are typing errors.
const END_US: i64 = 7_258_118_400_000_000;

/// Which of two numbers is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayMonth {
    DayFirst,
    MonthFirst,
}

/// Reads times as one upload wants them read.
#[derive(Debug, Clone)]
pub(super) struct DateReader {
    zone: TimeZone,
    order: Option<DayMonth>,
    /// Whether `22-03-04` begins with the year.
    short_years: bool,
    /// Whether a date without a time is its midnight.
    without_time: bool,
}

/// What stands behind a time of day.
enum Zone {
    Local,
    Fixed(Offset),
}

impl DateReader {
    /// Takes zone and order from the upload's options. The zone data is the one compiled in, so
    /// every host reads a file alike.
    pub(super) fn new(options: &ParseOptions) -> Result<Self, FormatError> {
        let zone = match &options.timezone {
            None => TimeZone::UTC,
            Some(name) => TimeZoneDatabase::bundled()
                .get(name)
                .ok()
                .filter(|zone| !zone.is_unknown())
                .ok_or_else(|| FormatError::UnknownTimezone { name: name.clone() })?,
        };
        let order = match options.date_format.as_deref() {
            None => None,
            Some("DD/MM/YYYY") => Some(DayMonth::DayFirst),
            Some("MM/DD/YYYY") => Some(DayMonth::MonthFirst),
            Some(name) => {
                return Err(FormatError::UnknownDateFormat {
                    name: name.to_owned(),
                });
            }
        };
        Ok(Self {
            zone,
            order,
            short_years: false,
            without_time: false,
        })
    }

    /// The same for a format that writes days and months in this order, unless the upload names one.
    pub(super) fn in_order(self, order: DayMonth) -> Self {
        let order = self.order.or(Some(order));
        Self { order, ..self }
    }

    /// The same for a format that writes years with two digits, and first.
    pub(super) fn with_short_years(self) -> Self {
        Self {
            short_years: true,
            ..self
        }
    }

    /// The same for a format that lets times out.
    pub(super) fn without_time(self) -> Self {
        Self {
            without_time: true,
            ..self
        }
    }

    /// The same for a file that writes all its times with one offset, such as `UTC`, `UTC+1` or
    /// `UTC-05:30`; `None` when it is none. The upload's zone does not matter then.
    pub(super) fn at_offset(self, name: &str) -> Option<Self> {
        let mut rest = Scanner(name.trim().as_bytes());
        for letter in *b"utc" {
            rest.one_of(&[letter, letter.to_ascii_uppercase()])?;
        }
        let west = match rest.one_of(b"+-") {
            None => {
                return rest.0.is_empty().then(|| Self {
                    zone: TimeZone::UTC,
                    ..self
                });
            }
            Some(sign) => sign == b'-',
        };
        let hours = i32::try_from(rest.digits(1, 2)?).ok()?;
        let offset = offset(&mut rest, hours, west)?;
        rest.0.is_empty().then(|| Self {
            zone: TimeZone::fixed(offset),
            ..self
        })
    }

    /// The instant of a trimmed field.
    pub(super) fn read(&self, text: &str) -> Result<Instant, Wrong> {
        if text.is_empty() {
            return Err(Wrong::new(
                "missing_date",
                "is empty; write e.g. 2020-12-01 10:00:00",
            ));
        }
        let instant = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            unix_seconds(text)?
        } else {
            self.calendar(text)?
        };
        if (0..END_US).contains(&instant.0) {
            Ok(instant)
        } else {
            Err(Wrong::new(
                "date_out_of_range",
                format!("{} is outside of the years 1970 to 2199", quote(text)),
            ))
        }
    }

    fn calendar(&self, text: &str) -> Result<Instant, Wrong> {
        let mut rest = Scanner(text.as_bytes());
        let (year, month, day) = self.date(&mut rest, text)?;
        let scanned = if rest.0.is_empty() && self.without_time {
            Some((0, 0, 0, 0, Zone::Local))
        } else {
            time_of_day(&mut rest)
        };
        let (local, zone) = scanned
            .and_then(|(hour, minute, second, nanos, zone)| {
                Some((
                    DateTime::new(year, month, day, hour, minute, second, nanos).ok()?,
                    zone,
                ))
            })
            .ok_or_else(|| malformed(text))?;
        match zone {
            Zone::Fixed(offset) => instant_at(offset, local, text),
            Zone::Local => match self.zone.to_ambiguous_timestamp(local).offset() {
                AmbiguousOffset::Unambiguous { offset }
                | AmbiguousOffset::Fold { before: offset, .. } => instant_at(offset, local, text),
                AmbiguousOffset::Gap { .. } => Err(Wrong::new(
                    "nonexistent_time",
                    format!(
                        "{} is left out by a change of clocks in the time zone of the upload; add the offset, e.g. +01:00",
                        quote(text)
                    ),
                )),
            },
        }
    }

    fn date(&self, rest: &mut Scanner<'_>, text: &str) -> Result<(i16, i8, i8), Wrong> {
        if let Some(date) = rest.attempt(year_first) {
            return Ok(date);
        }
        if self.short_years
            && let Some(date) = rest.attempt(short_year_first)
        {
            return Ok(date);
        }
        let Some((first, second, year)) = rest.attempt(year_last) else {
            return Err(malformed(text));
        };
        match self.order {
            Some(DayMonth::DayFirst) => Ok((year, second, first)),
            Some(DayMonth::MonthFirst) => Ok((year, first, second)),
            None => Err(Wrong::new(
                "ambiguous_date",
                format!(
                    "{} does not say which number is the day; write YYYY-MM-DD, or upload with the date format DD/MM/YYYY or MM/DD/YYYY",
                    quote(text)
                ),
            )),
        }
    }
}

fn malformed(text: &str) -> Wrong {
    Wrong::new(
        "malformed_date",
        format!(
            "{} is not a time that can be read; write YYYY-MM-DD HH:MM:SS, e.g. 2020-12-01 10:00:00",
            quote(text)
        ),
    )
}

fn unix_seconds(text: &str) -> Result<Instant, Wrong> {
    let seconds = if matches!(text.len(), 9 | 10) {
        text.parse::<i64>().ok()
    } else {
        None
    };
    seconds
        .and_then(|seconds| seconds.checked_mul(1_000_000))
        .map(Instant)
        .ok_or_else(|| {
            Wrong::new(
                "malformed_date",
                format!(
                    "{} is not a time that can be read; Unix seconds have 9 or 10 digits",
                    quote(text)
                ),
            )
        })
}

fn instant_at(offset: Offset, local: DateTime, text: &str) -> Result<Instant, Wrong> {
    let timestamp = offset.to_timestamp(local).map_err(|_| malformed(text))?;
    Ok(Instant(timestamp.as_microsecond()))
}

/// `2020-12-01`
fn year_first(rest: &mut Scanner<'_>) -> Option<(i16, i8, i8)> {
    let year = i16::try_from(rest.digits(4, 4)?).ok()?;
    rest.one_of(b"-")?;
    let month = rest.two()?;
    rest.one_of(b"-")?;
    Some((year, month, rest.two()?))
}

/// `1/12/2020` or `1/12/20`, with the same separator twice.
fn year_last(rest: &mut Scanner<'_>) -> Option<(i8, i8, i16)> {
    let first = i8::try_from(rest.digits(1, 2)?).ok()?;
    let separator = rest.one_of(b"/.-")?;
    let second = i8::try_from(rest.digits(1, 2)?).ok()?;
    rest.one_of(&[separator])?;
    let year = match rest.attempt(|rest| rest.digits(4, 4)) {
        Some(year) => i16::try_from(year).ok()?,
        None => short_year(rest)?,
    };
    Some((first, second, year))
}

/// `22-03-04`
fn short_year_first(rest: &mut Scanner<'_>) -> Option<(i16, i8, i8)> {
    let year = short_year(rest)?;
    rest.one_of(b"-")?;
    let month = rest.two()?;
    rest.one_of(b"-")?;
    Some((year, month, rest.two()?))
}

/// Two digits of a year: there was nothing to trade before 2000.
fn short_year(rest: &mut Scanner<'_>) -> Option<i16> {
    i16::try_from(2000 + rest.digits(2, 2)?).ok()
}

/// ` 10:00[:00[.000000]][zone]` up to the end: hour, minute, second, nanoseconds, zone.
fn time_of_day(rest: &mut Scanner<'_>) -> Option<(i8, i8, i8, i32, Zone)> {
    rest.one_of(b" Tt")?;
    let hour = i8::try_from(rest.digits(1, 2)?).ok()?;
    rest.one_of(b":")?;
    let minute = rest.two()?;
    let (mut second, mut nanos) = (0, 0);
    if rest.one_of(b":").is_some() {
        second = rest.two()?;
        if rest.one_of(b".").is_some() {
            nanos = rest.fraction()?;
        }
    }
    let zone = zone(rest)?;
    rest.0
        .is_empty()
        .then_some((hour, minute, second, nanos, zone))
}

/// Nothing, `UTC`, `Z`, or an offset; a space may stand before it.
fn zone(rest: &mut Scanner<'_>) -> Option<Zone> {
    if rest.0.is_empty() {
        return Some(Zone::Local);
    }
    let spaced = rest.one_of(b" ").is_some();
    let names_utc = [&b"utc"[..], b"gmt"]
        .iter()
        .any(|name| rest.0.eq_ignore_ascii_case(name));
    if names_utc || (!spaced && rest.0.eq_ignore_ascii_case(b"z")) {
        rest.0 = &[];
        return Some(Zone::Fixed(Offset::UTC));
    }
    let west = rest.one_of(b"+-")? == b'-';
    let hours = i32::from(rest.two()?);
    offset(rest, hours, west).map(Zone::Fixed)
}

/// The offset of so many hours and the minutes that follow, `:30` or `30`.
fn offset(rest: &mut Scanner<'_>, hours: i32, west: bool) -> Option<Offset> {
    let minutes = match (rest.one_of(b":"), rest.0) {
        (None, []) => 0,
        _ => i32::from(rest.two()?),
    };
    if hours > 15 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Offset::from_seconds(if west { -seconds } else { seconds }).ok()
}

/// What is left of a text.
#[derive(Clone, Copy)]
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    /// Takes what `part` takes, or nothing.
    fn attempt<T>(&mut self, part: fn(&mut Self) -> Option<T>) -> Option<T> {
        let before = *self;
        let found = part(self);
        if found.is_none() {
            *self = before;
        }
        found
    }

    /// Takes one byte if it is one of `wanted`.
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    /// Takes all digits that follow, if there are at least `least` and at most `most` (up to 9).
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count < least || count > most {
            return None;
        }
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
        )
    }

    /// Takes exactly two digits, whatever follows.
    fn two(&mut self) -> Option<i8> {
        let (digits, rest) = self.0.split_first_chunk::<2>()?;
        let mut two = Scanner(digits);
        let number = two.digits(2, 2)?;
        self.0 = rest;
        i8::try_from(number).ok()
    }

    /// Takes one to nine digits as nanoseconds.
    fn fraction(&mut self) -> Option<i32> {
        let before = self.0.len();
        let number = self.digits(1, 9)?;
        let places = u32::try_from(before - self.0.len()).ok()?;
        i32::try_from(number * 10_u32.pow(9 - places)).ok()
    }
}
