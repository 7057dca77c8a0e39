//! The pure part of planning a turn's segments: where a ledger is cut. It comes from the times in the
//! digests of chunks alone, no row is read.

use crate::time::Instant;

/// A span of time, from its first instant to the one after its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first instant.
    pub from: Instant,
    /// The instant after its last.
    pub to: Instant,
    /// Its rows.
    pub rows: u32,
}

/// One instant has more rows than can be folded at once, and an instant is never divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{rows} rows have the same time {at}, more than can be ordered at once: give them finer times"
)]
pub struct InstantTooLarge {
    /// The instant.
    pub at: Instant,
    /// Its rows.
    pub rows: u64,
}

/// Cuts instants, given in order of time, into spans that follow each other without a gap. An instant
/// is never divided: a larger one is a span of its own.
#[derive(Debug)]
pub struct Cutter {
    max_rows: u32,
    max_instant: u32,
    spans: Vec<Span>,
}

impl Cutter {
    /// A cutter of spans of at most `max_rows` rows, of instants of at most `max_instant`.
    #[must_use]
    pub fn new(max_rows: u32, max_instant: u32) -> Self {
        Self {
            max_rows,
            max_instant,
            spans: Vec::new(),
        }
    }

    /// Adds the next instant with all its rows; answers whether a span begins with it.
    ///
    /// # Errors
    /// `InstantTooLarge`.
    pub fn add(&mut self, at: Instant, rows: u64) -> Result<bool, InstantTooLarge> {
        let fits = u32::try_from(rows)
            .ok()
            .filter(|rows| *rows <= self.max_instant);
        let rows = fits.ok_or(InstantTooLarge { at, rows })?;
        let to = at.plus_us(1);
        match self.spans.last_mut() {
            Some(last) if last.rows.saturating_add(rows) <= self.max_rows => {
                last.rows += rows;
                last.to = to;
                return Ok(false);
            }
            Some(last) => last.to = at,
            None => {}
        }
        self.spans.push(Span { from: at, to, rows });
        Ok(true)
    }

    /// The spans.
    #[must_use]
    pub fn finish(self) -> Vec<Span> {
        self.spans
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn cut(times: &[(i64, u64)]) -> Result<(Vec<Span>, Vec<bool>), InstantTooLarge> {
        let mut cutter = Cutter::new(4, 10);
        let mut begins = Vec::new();
        for (at, rows) in times {
            begins.push(cutter.add(Instant(*at), *rows)?);
        }
        Ok((cutter.finish(), begins))
    }

    fn span(from: i64, to: i64, rows: u32) -> Span {
        Span {
            from: Instant(from),
            to: Instant(to),
            rows,
        }
    }

    #[test]
    fn an_instant_is_never_divided_and_spans_leave_no_gap() {
        let (spans, begins) = cut(&[(0, 2), (5, 2), (9, 7), (20, 1), (30, 3)]).unwrap();
        assert_eq!(spans, [span(0, 9, 4), span(9, 20, 7), span(20, 31, 4)]);
        assert_eq!(begins, [true, false, true, true, false]);
        assert_eq!(cut(&[]), Ok((vec![], vec![])));
    }

    #[test]
    fn an_instant_that_is_too_large_is_named() {
        let error = cut(&[(0, 2), (5, 11)]).unwrap_err();
        let expected = InstantTooLarge {
            at: Instant(5),
            rows: 11,
        };
        assert_eq!(error, expected);
        assert!(
            error
                .to_string()
                .contains("11 rows have the same time 1970-01-01T00:00:00.000005Z")
        );
    }
}
