//! Rows of a revision by their identity. A segment's rows are numbered in order of time, so the first
//! row of an instant is found by halving, and the rest of the instant follows it.

use std::collections::{BTreeMap, BTreeSet};

use domain::identity::RowIdentity;
use domain::ids::LedgerRef;
use domain::limits::MAX_PAGE_ROWS;
use domain::overrides::Subject;
use domain::revision::{Revision, SegmentEntry};
use domain::time::Instant;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use ports::PortError;
use ports::tables::Transactions;

/// Instants that are looked for at the same time.
const READS_IN_FLIGHT: usize = 16;
/// Rows that are read of an instant at first: nearly every instant has fewer.
const FEW_ROWS: u32 = 16;

/// The rows with these identities, duplicates left out: what is said of one is said of the row it
/// repeats.
///
/// # Errors
/// What the table says.
pub(crate) async fn find(
    table: &dyn Transactions,
    owner: &LedgerRef,
    revision: &Revision,
    wanted: &BTreeSet<RowIdentity>,
) -> Result<BTreeMap<RowIdentity, Subject>, PortError> {
    let instants: BTreeSet<Instant> = wanted.iter().map(|row| row.at).collect();
    let mut reads: Vec<BoxFuture<'_, _>> = Vec::new();
    for at in instants {
        if let Some(entry) = segment_of(revision, at) {
            let look = Look {
                table,
                owner,
                entry,
            };
            reads.push(look.rows_at(at, wanted).boxed());
        }
    }
    let mut reads = stream::iter(reads).buffer_unordered(READS_IN_FLIGHT);
    let mut found = BTreeMap::new();
    while let Some(rows) = reads.next().await {
        found.extend(rows?);
    }
    Ok(found)
}

/// The segment an instant lies in.
pub(crate) fn segment_of(revision: &Revision, at: Instant) -> Option<&SegmentEntry> {
    let behind = revision
        .segments
        .partition_point(|entry| entry.segment.to <= at);
    let entry = revision.segments.get(behind)?;
    (entry.segment.from <= at).then_some(entry)
}

/// Where rows are looked for.
#[derive(Clone, Copy)]
struct Look<'a> {
    table: &'a dyn Transactions,
    owner: &'a LedgerRef,
    entry: &'a SegmentEntry,
}

impl Look<'_> {
    async fn rows_at(
        self,
        at: Instant,
        wanted: &BTreeSet<RowIdentity>,
    ) -> Result<Vec<(RowIdentity, Subject)>, PortError> {
        let (mut from, mut limit) = (self.first_at(at).await?, FEW_ROWS);
        let mut found = Vec::new();
        loop {
            let segment = &self.entry.segment;
            let (turn, index) = (segment.turn, segment.index);
            let page = self
                .table
                .page(self.owner, turn, index, from, limit)
                .await?;
            for (seq, row) in &page {
                if row.at > at {
                    return Ok(found);
                }
                let identity = row.identity();
                if row.duplicate_of.is_none() && wanted.contains(&identity) {
                    found.push((identity, Subject::of(row)));
                }
                from = seq.saturating_add(1);
            }
            if page.len() < limit as usize {
                return Ok(found);
            }
            limit = MAX_PAGE_ROWS;
        }
    }

    /// The number of the first row that is not before an instant.
    async fn first_at(self, at: Instant) -> Result<u32, PortError> {
        let segment = &self.entry.segment;
        let (mut low, mut high) = (0, segment.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            let page = self
                .table
                .page(self.owner, segment.turn, segment.index, middle, 1)
                .await?;
            if page.first().is_some_and(|(_, row)| row.at < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::identity::Unnamed;
    use domain::read_rows::TransactionRow;
    use domain::rows::RowRef;
    use domain::time::DAY_US;
    use ports::testing::MemoryTransactions;
    use proptest::prelude::*;

    use super::*;
    use crate::world::{TURN, job, owner, revision_of, row, segment_of as entry_of};

    fn named(line: u64, day: i32) -> TransactionRow {
        let mut row = row(1, line, day);
        let mut fingerprint = [0; 16];
        fingerprint[..8].copy_from_slice(&line.to_le_bytes());
        row.stated.unnamed = Some(Unnamed {
            fingerprint,
            occurrence: 0,
        });
        row
    }

    async fn found(
        segments: &[Vec<TransactionRow>],
        wanted: &BTreeSet<RowIdentity>,
    ) -> BTreeSet<RowIdentity> {
        let table = MemoryTransactions::default();
        let mut entries = Vec::new();
        for (index, rows) in (0..).zip(segments) {
            table.write(&owner(), TURN, index, 0, rows).await.unwrap();
            let mut entry = entry_of(index, rows);
            entry.segment.from = rows.first().unwrap().at;
            entry.segment.to = rows.last().unwrap().at.plus_us(1);
            entries.push(entry);
        }
        let revision = revision_of(entries);
        let found = find(&table, &owner(), &revision, wanted).await.unwrap();
        found.into_keys().collect()
    }

    #[tokio::test]
    async fn an_instant_of_many_rows_is_read_to_its_end() {
        let mut rows: Vec<_> = (0..2_500).map(|line| named(line, 3)).collect();
        rows.push(named(9_999, 4));
        let wanted = BTreeSet::from([rows[2_499].identity(), rows[0].identity()]);
        assert_eq!(found(&[rows], &wanted).await, wanted);
    }

    #[tokio::test]
    async fn a_duplicate_is_not_found_and_the_row_it_repeats_is() {
        let (kept, mut again) = (named(1, 3), named(1, 3));
        again.duplicate_of = Some(RowRef {
            job: job(1),
            line: 1,
        });
        let wanted = BTreeSet::from([kept.identity()]);
        assert_eq!(
            found(&[vec![again.clone()]], &wanted).await,
            BTreeSet::new()
        );
        assert_eq!(found(&[vec![kept, again]], &wanted).await, wanted);
    }

    proptest! {
        #[test]
        fn every_row_is_found_and_no_other(
            days in prop::collection::vec((0..9_i32, any::<bool>()), 1..40),
            cut in any::<prop::sample::Index>(),
            strange in -1..10_i64,
        ) {
            let mut days = days;
            days.sort_unstable();
            let rows: Vec<TransactionRow> = (0..)
                .zip(&days)
                .map(|(line, (day, _))| named(line, *day))
                .collect();
            let border = days[cut.index(days.len())].0;
            let (early, late): (Vec<_>, Vec<_>) = rows
                .iter()
                .cloned()
                .partition(|row| row.date.0 < border);
            let segments: Vec<_> = [early, late].into_iter().filter(|part| !part.is_empty()).collect();
            let asked = rows.iter().zip(&days).filter(|(_, (_, asked))| *asked);
            let expected: BTreeSet<RowIdentity> = asked.map(|(row, _)| row.identity()).collect();
            let mut wanted = expected.clone();
            wanted.insert(RowIdentity { at: Instant(strange * DAY_US), hash: [0xff; 16], occurrence: 0 });
            wanted.insert(RowIdentity { at: Instant(strange * DAY_US + 1), hash: [0xff; 16], occurrence: 0 });
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(found(&segments, &wanted)), expected);
        }
    }
}
