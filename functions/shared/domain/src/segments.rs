//! The pure parts of planning a turn: where a ledger is cut into segments, and which of its rows
//! repeat an (account, ID). Both come from the digests of chunks alone, no row is read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::digest::Identity;
use crate::ids::JobId;
use crate::plan::RepeatedId;
use crate::rows::RowRef;
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

/// A row that repeats an (account, ID), and its time: the segment whose plan must say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repeat {
    /// When the row that repeats happened.
    pub at: Instant,
    /// The row and the row it repeats.
    pub repeated: RepeatedId,
}

/// Times with their row counts from the digests of many chunks, as one sorted stream. A time that
/// stands in several lists comes several times. Each list is sorted.
pub fn merge_times<'a>(
    lists: &[&'a [(Instant, u32)]],
) -> impl Iterator<Item = (Instant, u32)> + 'a {
    Merge::new(lists.iter().copied()).map(|(_, time)| *time)
}

/// Cuts sorted times into spans of at most `max_rows` rows that follow each other without a gap. An
/// instant is never divided: a larger one is a span of its own.
///
/// # Errors
/// `InstantTooLarge` names the first instant with more than `max_instant` rows.
pub fn cut(
    times: impl Iterator<Item = (Instant, u32)>,
    max_rows: u32,
    max_instant: u32,
) -> Result<Vec<Span>, InstantTooLarge> {
    let mut times = times.peekable();
    let mut spans: Vec<Span> = Vec::new();
    while let Some((at, count)) = times.next() {
        let mut all = u64::from(count);
        while let Some((_, more)) = times.next_if(|(next, _)| *next == at) {
            all += u64::from(more);
        }
        let rows = u32::try_from(all).ok().filter(|rows| *rows <= max_instant);
        let rows = rows.ok_or(InstantTooLarge { at, rows: all })?;
        let to = at.plus_us(1);
        match spans.last_mut() {
            Some(last) if last.rows.saturating_add(rows) <= max_rows => {
                last.rows += rows;
                last.to = to;
            }
            Some(last) => {
                last.to = at;
                spans.push(Span { from: at, to, rows });
            }
            None => spans.push(Span { from: at, to, rows }),
        }
    }
    Ok(spans)
}

/// The rows of a ledger that repeat an (account, ID), sorted by time and place. `chunks` are the
/// identity entries of every chunk with its upload, each list sorted by hash. Of the entries of one
/// hash the first in the total order is kept, the others repeat it.
///
/// All lists are read at once and in step, so what is held beside them is one hash's entries and
/// the answer.
#[must_use]
pub fn repeats(chunks: &[(JobId, &[Identity])]) -> Vec<Repeat> {
    let mut found = Vec::new();
    let mut same: Vec<(JobId, Identity)> = Vec::new();
    for (list, identity) in Merge::new(chunks.iter().map(|(_, list)| *list)) {
        let Some((job, _)) = chunks.get(list) else {
            continue;
        };
        if same
            .last()
            .is_some_and(|(_, last)| last.hash != identity.hash)
        {
            close_group(&mut same, &mut found);
        }
        same.push((*job, *identity));
    }
    close_group(&mut same, &mut found);
    found.sort_unstable();
    found
}

/// The entries of `repeats` (sorted by time) in a span, as a segment's plan lists them.
#[must_use]
pub fn repeats_within(repeats: &[Repeat], span: &Span) -> Vec<RepeatedId> {
    let start = repeats.partition_point(|repeat| repeat.at < span.from);
    let within = repeats
        .iter()
        .skip(start)
        .take_while(|repeat| repeat.at < span.to);
    let mut listed: Vec<RepeatedId> = within.map(|repeat| repeat.repeated).collect();
    listed.sort_unstable();
    listed
}

/// Reports the repeats among entries of one hash and forgets the entries.
fn close_group(same: &mut Vec<(JobId, Identity)>, found: &mut Vec<Repeat>) {
    let kept = same
        .iter()
        .min_by_key(|(job, identity)| precedence(*job, identity));
    if let Some(kept) = kept.map(|(job, identity)| row_ref(*job, identity)) {
        for (job, identity) in same.iter() {
            let row = row_ref(*job, identity);
            if row != kept {
                found.push(Repeat {
                    at: identity.at,
                    repeated: RepeatedId { row, kept },
                });
            }
        }
    }
    same.clear();
}

/// The total order among rows of one account and ID, as far as finding its first row needs it: the
/// occurrence is left out, because the first of equal rows is the first line of the first upload
/// that has them, and that is occurrence 0.
fn precedence(job: JobId, identity: &Identity) -> (Instant, u8, [u8; 16], JobId, u64) {
    (
        identity.at,
        identity.rank,
        identity.fingerprint,
        job,
        identity.line,
    )
}

fn row_ref(job: JobId, identity: &Identity) -> RowRef {
    RowRef {
        job,
        line: identity.line,
    }
}

/// Sorted lists read as one, each item with the number of its list.
struct Merge<'a, T> {
    lists: Vec<std::slice::Iter<'a, T>>,
    heads: BinaryHeap<Reverse<(&'a T, usize)>>,
}

impl<'a, T: Ord> Merge<'a, T> {
    fn new(lists: impl Iterator<Item = &'a [T]>) -> Self {
        let mut lists: Vec<_> = lists.map(<[T]>::iter).collect();
        let numbered = lists.iter_mut().enumerate();
        let heads = numbered.filter_map(|(n, list)| list.next().map(|item| Reverse((item, n))));
        Self {
            heads: heads.collect(),
            lists,
        }
    }
}

impl<'a, T: Ord> Iterator for Merge<'a, T> {
    type Item = (usize, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((item, n)) = self.heads.pop()?;
        if let Some(after) = self.lists.get_mut(n).and_then(Iterator::next) {
            self.heads.push(Reverse((after, n)));
        }
        Some((n, item))
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(times: &[(i64, u32)]) -> Vec<(Instant, u32)> {
        times
            .iter()
            .map(|(at, rows)| (Instant(*at), *rows))
            .collect()
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
        let times = at(&[(0, 2), (5, 1), (5, 1), (9, 7), (20, 1), (30, 3)]);
        let spans = cut(times.into_iter(), 4, 10).unwrap();
        assert_eq!(spans, [span(0, 9, 4), span(9, 20, 7), span(20, 31, 4)]);
        assert_eq!(cut(std::iter::empty(), 4, 10), Ok(vec![]));
    }

    #[test]
    fn an_instant_that_is_too_large_is_named_even_when_it_comes_in_parts() {
        let times = at(&[(0, 2), (5, 6), (5, 5)]);
        let error = cut(times.into_iter(), 4, 10).unwrap_err();
        assert_eq!(
            error,
            InstantTooLarge {
                at: Instant(5),
                rows: 11
            }
        );
        assert!(
            error
                .to_string()
                .contains("11 rows have the same time 1970-01-01T00:00:00.000005Z")
        );
    }

    fn job(number: u8) -> JobId {
        JobId::new(u64::from(number), &[0; 10])
    }

    fn identity((hash, at, rank, fingerprint): (u8, i64, u8, u8), line: u64) -> Identity {
        let at = Instant(at);
        Identity {
            hash: [hash; 16],
            at,
            rank,
            fingerprint: [fingerprint; 16],
            line,
        }
    }

    #[test]
    fn the_first_in_the_total_order_is_kept_and_repeats_fall_to_their_own_spans() {
        let first = [identity((1, 50, 0, 0), 3), identity((2, 10, 0, 0), 2)];
        let second = [identity((1, 20, 2, 0), 9), identity((1, 20, 2, 0), 7)];
        let found = repeats(&[(job(1), &first), (job(2), &second)]);
        let kept = RowRef {
            job: job(2),
            line: 7,
        };
        let late = RepeatedId {
            row: RowRef {
                job: job(1),
                line: 3,
            },
            kept,
        };
        let beside = RepeatedId {
            row: RowRef {
                job: job(2),
                line: 9,
            },
            kept,
        };
        let expected = [(20, beside), (50, late)].map(|(at, repeated)| Repeat {
            at: Instant(at),
            repeated,
        });
        assert_eq!(found, expected);
        assert_eq!(repeats_within(&found, &span(0, 50, 0)), [beside]);
        assert_eq!(repeats_within(&found, &span(50, 51, 0)), [late]);
    }

    proptest! {
        #[test]
        fn a_merge_of_sorted_lists_is_the_sorted_list_of_all(
            lists in prop::collection::vec(prop::collection::vec((0..20_i64, 1..4_u32), 0..8), 0..6),
        ) {
            let lists: Vec<Vec<(Instant, u32)>> = lists
                .iter()
                .map(|list| { let mut list = at(list); list.sort(); list })
                .collect();
            let slices: Vec<&[(Instant, u32)]> = lists.iter().map(Vec::as_slice).collect();
            let mut expected: Vec<(Instant, u32)> = lists.concat();
            expected.sort();
            prop_assert_eq!(merge_times(&slices).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn repeats_do_not_depend_on_the_chunks_and_keep_one_row_of_each_hash(
            rows in prop::collection::vec(((0..4_u8, 0..3_i64, 0..2_u8, 0..2_u8), 0..3_u8), 0..20),
            chunk in 1..5_usize,
        ) {
            let rows: Vec<(JobId, Identity)> = (1..)
                .zip(rows)
                .map(|(line, (entry, file))| (job(file), identity(entry, line)))
                .collect();
            let mut kept: BTreeMap<[u8; 16], (JobId, Identity)> = BTreeMap::new();
            let mut sorted = rows.clone();
            sorted.sort_by_key(|(job, identity)| precedence(*job, identity));
            let mut expected = Vec::new();
            for (job, identity) in sorted {
                let first = *kept.entry(identity.hash).or_insert((job, identity));
                if first != (job, identity) {
                    let repeated = RepeatedId {
                        row: row_ref(job, &identity),
                        kept: row_ref(first.0, &first.1),
                    };
                    expected.push(Repeat { at: identity.at, repeated });
                }
            }
            expected.sort();

            let mut lists: Vec<(JobId, Vec<Identity>)> = Vec::new();
            for file in 0..3 {
                let of_file = rows.iter().filter(|(j, _)| *j == job(file));
                let mut of_file: Vec<Identity> = of_file.map(|(_, identity)| *identity).collect();
                for part in of_file.chunks_mut(chunk) {
                    part.sort();
                    lists.push((job(file), part.to_vec()));
                }
            }
            let chunks: Vec<(JobId, &[Identity])> =
                lists.iter().map(|(job, list)| (*job, list.as_slice())).collect();
            prop_assert_eq!(repeats(&chunks), expected);
        }
    }
}
