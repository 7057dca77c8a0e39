//! Cutting what lies behind the kept segments, and what each new segment needs to be loaded.
//!
//! The digests of a large file do not fit into memory at once. They pass by a first time to be
//! surveyed: how many instants each day has, when each chunk begins and ends, which hashes of IDs may
//! stand twice. Then the ledger is cut window by window, each of whole days and of as many instants as
//! may be held; a file in order of time has few chunks in more than one window.

use std::collections::{BTreeMap, BTreeSet};

use domain::digest::ChunkDigest;
use domain::overrides::OverrideBook;
use domain::plan::{RowPartition, Segment, SegmentPlan, SegmentWork};
use domain::repeats::{Repeat, SeenHashes, repeats, repeats_within};
use domain::revision::Snapshot;
use domain::segments::{Cutter, InstantTooLarge, Span};
use domain::time::{Day, Instant};
use futures::TryStreamExt;
use ports::digests::{ChunkRef, chunks_of, of_chunks};
use ports::tables::Rows;
use ports::{Objects, PortError};

use crate::Bounds;
use crate::overrides::{self, Partners, Sought, partition, partners, rulings};

/// Instants of chunks that are held at once: 16 bytes each.
const WINDOW_INSTANTS: u64 = 32_768;

/// The plan: the kept segments, and those cut from everything behind them. The outer error is a
/// port's, the inner one the data's.
pub(crate) async fn cut_behind(
    objects: &dyn Objects,
    rows: &dyn Rows,
    snapshot: &Snapshot,
    kept: Vec<Segment>,
    bounds: Bounds,
) -> Result<Result<SegmentPlan, InstantTooLarge>, PortError> {
    let border = kept.last().map_or(Instant(i64::MIN), |last| last.to);
    let book = overrides::in_force(objects, snapshot).await?;
    let survey = Survey::of(objects, snapshot, border, Sought::of(&book, border)).await?;
    let repeated = repeated(objects, snapshot, survey.seen.settled()).await?;
    let cut = cut(objects, snapshot, &survey.times, border, bounds).await?;
    let restart =
        u32::try_from(kept.len()).map_err(|error| PortError::bug("reconcile.plan", error))?;
    let partners = partners(rows, snapshot, &book, &survey.sought, &repeated).await?;
    let told = Told {
        repeated: &repeated,
        book: &book,
        partners: &partners,
    };
    Ok(cut.map(|cut| plan(snapshot, kept, restart, cut, told)))
}

/// What the plan tells of rows.
#[derive(Clone, Copy)]
struct Told<'a> {
    repeated: &'a [Repeat],
    book: &'a OverrideBook,
    partners: &'a Partners,
}

fn plan(
    snapshot: &Snapshot,
    kept: Vec<Segment>,
    restart: u32,
    cut: Vec<(Span, Vec<RowPartition>)>,
    told: Told<'_>,
) -> SegmentPlan {
    let mut segments = kept;
    let mut work = Vec::with_capacity(cut.len());
    for (index, (span, partitions)) in (restart..).zip(cut) {
        segments.push(Segment {
            turn: snapshot.turn,
            index,
            from: span.from,
            to: span.to,
            rows: span.rows,
        });
        work.push(SegmentWork {
            partitions,
            repeats: repeats_within(told.repeated, &span),
            overrides: rulings(told.book, told.partners, &span),
        });
    }
    SegmentPlan {
        restart,
        segments,
        work,
    }
}

/// What passing by all digests shows.
struct Survey {
    times: Times,
    seen: SeenHashes,
    sought: Sought,
}

/// When things happened behind the border.
#[derive(Default)]
struct Times {
    /// How many instants the chunks have on each day, those of each chunk counted apart.
    days: BTreeMap<Day, u64>,
    /// The chunks with a row behind the border, with their first and last instant.
    chunks: Vec<(ChunkRef, Instant, Instant)>,
}

impl Survey {
    async fn of(
        objects: &dyn Objects,
        snapshot: &Snapshot,
        border: Instant,
        sought: Sought,
    ) -> Result<Self, PortError> {
        let rows = snapshot.uploads.iter().map(|upload| upload.rows).sum();
        let mut survey = Self {
            times: Times::default(),
            seen: SeenHashes::with_room_for(rows),
            sought,
        };
        let all = snapshot.uploads.iter().flat_map(chunks_of).collect();
        let mut digests = of_chunks(objects, &snapshot.ledger, all);
        while let Some((chunk, digest)) = digests.try_next().await? {
            for identity in &digest.identities {
                survey.seen.add(&identity.hash);
            }
            survey.times.add(chunk, &digest, border);
            survey.sought.note(chunk, &digest);
        }
        Ok(survey)
    }
}

impl Times {
    fn add(&mut self, chunk: ChunkRef, digest: &ChunkDigest, border: Instant) {
        let behind = digest.times.iter().filter(|(at, _)| *at >= border);
        let mut ends = None;
        for (at, _) in behind {
            *self.days.entry(at.utc_day()).or_default() += 1;
            let (first, _) = ends.unwrap_or((*at, *at));
            ends = Some((first, *at));
        }
        if let Some((first, last)) = ends {
            self.chunks.push((chunk, first, last));
        }
    }

    /// Whole days with at most so many instants; a day that has more is a window of its own. From
    /// the first instant of a window to the one behind its last.
    fn windows(&self, instants: u64) -> Vec<(Instant, Instant)> {
        let mut windows: Vec<(Instant, Instant)> = Vec::new();
        let mut held = 0;
        for (day, count) in &self.days {
            let end = Day(day.0.saturating_add(1)).start();
            match windows.last_mut() {
                Some(last) if held + count <= instants => {
                    last.1 = end;
                    held += count;
                }
                _ => {
                    windows.push((day.start(), end));
                    held = *count;
                }
            }
        }
        windows
    }

    /// The chunks with an instant that may lie in a window.
    fn chunks_in(&self, (from, to): (Instant, Instant)) -> Vec<ChunkRef> {
        let overlapping = self.chunks.iter();
        overlapping
            .filter(|(_, first, last)| *first < to && from <= *last)
            .map(|(chunk, ..)| *chunk)
            .collect()
    }
}

/// The rows that repeat an (account, ID): the digests pass by again when any may.
async fn repeated(
    objects: &dyn Objects,
    snapshot: &Snapshot,
    seen: SeenHashes,
) -> Result<Vec<Repeat>, PortError> {
    if seen.all_differ() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    let all = snapshot.uploads.iter().flat_map(chunks_of).collect();
    let mut digests = of_chunks(objects, &snapshot.ledger, all);
    while let Some((chunk, digest)) = digests.try_next().await? {
        let identities = digest.identities.into_iter();
        let may_repeat = identities.filter(|identity| seen.may_repeat(&identity.hash));
        entries.extend(may_repeat.map(|identity| (chunk.job, identity)));
    }
    Ok(repeats(entries))
}

/// Cuts window by window; for each span the partitions in which a chunk has a row of it.
async fn cut(
    objects: &dyn Objects,
    snapshot: &Snapshot,
    times: &Times,
    border: Instant,
    bounds: Bounds,
) -> Result<Result<Vec<(Span, Vec<RowPartition>)>, InstantTooLarge>, PortError> {
    let mut cutting = Cutting::new(bounds);
    for window in times.windows(WINDOW_INSTANTS) {
        let (from, to) = (window.0.max(border), window.1);
        let chunks = times.chunks_in((from, to));
        let mut instants = Vec::new();
        let mut digests = of_chunks(objects, &snapshot.ledger, chunks.clone());
        let mut place = 0;
        while let Some((_, digest)) = digests.try_next().await? {
            let within = digest.times.iter();
            let within = within.filter(|(at, _)| from <= *at && *at < to);
            instants.extend(within.map(|(at, rows)| (*at, *rows, place)));
            place += 1;
        }
        if let Err(instant) = cutting.add(instants, &chunks) {
            return Ok(Err(instant));
        }
    }
    Ok(Ok(cutting.finish()))
}

/// Spans so far, each with the partitions of its rows.
struct Cutting {
    cutter: Cutter,
    /// Those of the last span.
    open: BTreeSet<RowPartition>,
    /// Those of the spans before it.
    closed: Vec<Vec<RowPartition>>,
}

impl Cutting {
    fn new(bounds: Bounds) -> Self {
        Self {
            cutter: Cutter::new(bounds.segment_rows, bounds.instant_rows),
            open: BTreeSet::new(),
            closed: Vec::new(),
        }
    }

    /// Adds all instants of a window, in any order: each with its rows and the place of its chunk.
    fn add(
        &mut self,
        mut instants: Vec<(Instant, u32, u32)>,
        chunks: &[ChunkRef],
    ) -> Result<(), InstantTooLarge> {
        instants.sort_unstable();
        for same in instants.chunk_by(|a, b| a.0 == b.0) {
            let Some((at, ..)) = same.first() else {
                continue;
            };
            let rows = same.iter().map(|(_, rows, _)| u64::from(*rows)).sum();
            if self.cutter.add(*at, rows)? {
                self.close();
            }
            let chunks = same
                .iter()
                .filter_map(|(.., place)| chunks.get(*place as usize));
            self.open.extend(chunks.map(|chunk| partition(*chunk, *at)));
        }
        Ok(())
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let partitions = std::mem::take(&mut self.open);
            self.closed.push(partitions.into_iter().collect());
        }
    }

    fn finish(mut self) -> Vec<(Span, Vec<RowPartition>)> {
        self.close();
        self.cutter.finish().into_iter().zip(self.closed).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::ids::{Generation, JobId};
    use domain::time::{DAY_US, HOUR_US};

    use super::*;

    fn chunk(n: u32) -> ChunkRef {
        ChunkRef {
            job: JobId::new(1, &[1; 10]),
            chunk: n,
            generation: Generation::FIRST,
        }
    }

    fn day(n: i64) -> Instant {
        Instant(n * DAY_US)
    }

    fn digest(days: &[i64]) -> ChunkDigest {
        ChunkDigest {
            times: days.iter().map(|n| (day(*n), 1)).collect(),
            ..ChunkDigest::default()
        }
    }

    #[test]
    fn only_partitions_with_a_row_of_the_span_are_read_each_once() {
        let january_1970 = 1970 * 12;
        let mut cutting = Cutting::new(Bounds {
            segment_rows: 3,
            instant_rows: 10,
        });
        let chunks = [chunk(0), chunk(1), chunk(16)];
        let mut instants = Vec::new();
        for (place, days) in [(0, [3, 40]), (1, [5, 80]), (2, [5, 41])] {
            instants.extend(days.map(|n| (day(n), 1, place)));
        }
        cutting.add(instants, &chunks).unwrap();
        let found: Vec<Vec<(i32, u32)>> = cutting
            .finish()
            .into_iter()
            .map(|(_, partitions)| partitions.iter().map(|p| (p.month.0, p.bucket)).collect())
            .collect();
        let (first, second) = (january_1970, january_1970 + 1);
        let expected = [
            vec![(first, 0), (first, 1)],
            vec![(second, 0), (second, 1), (second + 1, 0)],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn windows_are_whole_days_and_leave_out_what_is_before_the_border() {
        let mut times = Times::default();
        times.add(chunk(0), &digest(&[1, 2, 3]), day(2));
        times.add(chunk(1), &digest(&[3, 9]), day(2));
        times.add(chunk(2), &digest(&[0, 1]), day(2));
        assert_eq!(times.windows(3), [(day(2), day(4)), (day(9), day(10))]);
        assert_eq!(times.windows(1).len(), 3);
        assert_eq!(times.windows(9), [(day(2), day(10))]);
        let within = |from, to| -> Vec<u32> {
            let chunks = times.chunks_in((from, to));
            chunks.iter().map(|chunk| chunk.chunk).collect()
        };
        assert_eq!(within(day(2), day(3)), [0]);
        assert_eq!(within(day(3), day(4)), [0, 1]);
        assert_eq!(within(day(9), day(9).plus_us(HOUR_US)), [1]);
    }
}
