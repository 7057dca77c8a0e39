//! One page of a revision's rows: a bounded number is read, whatever the filter.

use domain::ids::LedgerRef;
use domain::limits::MAX_PAGE_ROWS;
use domain::read_rows::TransactionRow;
use domain::revision::{Revision, SegmentEntry};
use domain::section_104::DayDisposal;
use ports::PortError;
use ports::tables::{Disposals, Transactions};

use crate::cursor::Position;
use crate::filter::Filter;

/// Rows that are read for one page at most. A filter that finds few of them gives a short page with
/// a cursor, never a slow one.
pub(crate) const MAX_ROWS_READ: u32 = 5 * MAX_PAGE_ROWS;

/// Rows of a revision and where to go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// What was made of the rows.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub(crate) next: Option<Position>,
}

/// The tables a list can be of.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    /// The rows readers see.
    pub(crate) transactions: &'a dyn Transactions,
    /// What section 104 decided.
    pub(crate) disposals: &'a dyn Disposals,
}

/// Which of them a list is of. Of both, a segment's disposals come behind its transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Transactions.
    Rows,
    /// What section 104 decided.
    Days,
    /// Both.
    Both,
}

/// A row of one of them.
#[derive(Debug)]
pub(crate) enum Found {
    /// A transaction.
    Row(Box<TransactionRow>),
    /// What became of a tax day.
    Day(Box<DayDisposal>),
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Want<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The revision.
    pub(crate) revision: &'a Revision,
    /// Of which tables.
    pub(crate) of: Of,
    /// Which rows.
    pub(crate) filter: &'a Filter,
    /// Where to begin.
    pub(crate) start: Position,
    /// Rows at most.
    pub(crate) limit: u32,
    /// Bytes of items at most; one item is always taken.
    pub(crate) max_bytes: usize,
}

/// Reads a page. `show` makes an item of a row and says how many bytes it has.
///
/// # Errors
/// What the tables or `show` say.
pub(crate) async fn read<T>(
    tables: Tables<'_>,
    want: Want<'_>,
    show: impl Fn(&Found) -> Result<(T, usize), PortError>,
) -> Result<Page<T>, PortError> {
    let mut items: Vec<T> = Vec::new();
    let (mut rows_left, mut bytes) = (MAX_ROWS_READ, 0);
    let mut at = want.start;
    while let Some(entry) = want.revision.entry(at.segment as usize) {
        if at.seq >= want.rows_in(entry, at.days) {
            at = behind(at);
            continue;
        }
        if rows_left == 0 {
            let next = Some(at);
            return Ok(Page { items, next });
        }
        let at_once = rows_at_once(want, items.len(), rows_left);
        for (seq, found) in tables.page(want.owner, entry, at, at_once).await? {
            if want.filter.wants_found(&found) {
                let (item, size) = show(&found)?;
                let full = items.len() >= want.limit as usize
                    || (bytes + size > want.max_bytes && !items.is_empty());
                if full {
                    let next = Some(Position { seq, ..at });
                    return Ok(Page { items, next });
                }
                items.push(item);
                bytes += size;
            }
            rows_left = rows_left.saturating_sub(1);
            at.seq = seq.saturating_add(1);
        }
    }
    Ok(Page { items, next: None })
}

/// Where to look when a table of a segment has no more.
fn behind(at: Position) -> Position {
    Position {
        segment: at.segment + u32::from(at.days),
        days: !at.days,
        seq: 0,
    }
}

impl Want<'_> {
    /// The rows a segment has of a table, as far as any can be wanted.
    fn rows_in(&self, entry: &SegmentEntry, days: bool) -> u32 {
        let (all, unasked) = if days {
            (entry.facts.days.rows, Of::Rows)
        } else {
            (entry.segment.rows, Of::Days)
        };
        let may_be_in = self.of != unasked && self.filter.may_be_in(entry, days);
        if may_be_in { all } else { 0 }
    }
}

impl Tables<'_> {
    /// At least one row from `at`, which its segment has.
    async fn page(
        &self,
        owner: &LedgerRef,
        entry: &SegmentEntry,
        at: Position,
        limit: u32,
    ) -> Result<Vec<(u32, Found)>, PortError> {
        let (turn, index) = (entry.segment.turn, entry.segment.index);
        let found: Vec<_> = if at.days {
            let page = self.disposals.page(owner, turn, index, at.seq, limit);
            let day = |(seq, day)| (seq, Found::Day(Box::new(day)));
            page.await?.into_iter().map(day).collect()
        } else {
            let page = self.transactions.page(owner, turn, index, at.seq, limit);
            let row = |(seq, row)| (seq, Found::Row(Box::new(row)));
            page.await?.into_iter().map(row).collect()
        };
        if found.is_empty() {
            return Err(PortError::invalid(
                "ledger.page",
                format!("segment {index} of turn {turn} ends before its rows do"),
            ));
        }
        Ok(found)
    }
}

/// One more than is wanted tells whether there is a next page; behind a filter as many as allowed.
fn rows_at_once(want: Want<'_>, taken: usize, rows_left: u32) -> u32 {
    let taken = u32::try_from(taken).unwrap_or(u32::MAX);
    let wanted = if want.filter.is_open() {
        want.limit.saturating_sub(taken).saturating_add(1)
    } else {
        MAX_PAGE_ROWS
    };
    wanted.min(rows_left)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::ids::TurnId;
    use domain::revision::DayFacts;
    use ports::testing::{MemoryDisposals, MemoryTransactions};
    use proptest::prelude::*;

    use super::*;
    use crate::filter::Asked;
    use crate::world::{TURN, day, owner, revision_of, row, segment_of};
    use lambda::params::Params;

    async fn stored(segments: &[Vec<TransactionRow>]) -> (MemoryTransactions, Revision) {
        let table = MemoryTransactions::default();
        let mut entries = Vec::new();
        for (index, rows) in (0..).zip(segments) {
            table.write(&owner(), TURN, index, 0, rows).await.unwrap();
            entries.push(segment_of(index, rows));
        }
        (table, revision_of(entries))
    }

    fn filter(given: &[(&str, &str)]) -> Filter {
        let mut params = Params::new(
            given
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        );
        Asked::read(&mut params).filter
    }

    fn line(found: &Found) -> Result<(u64, usize), PortError> {
        let line = match found {
            Found::Row(row) => row.name.row.line,
            Found::Day(day) => 1_000 + u64::from(day.n),
        };
        Ok((line, 10))
    }

    async fn of_rows(table: &MemoryTransactions, want: Want<'_>) -> Result<Page<u64>, PortError> {
        let tables = Tables {
            transactions: table,
            disposals: &MemoryDisposals::default(),
        };
        read(tables, want, line).await
    }

    /// Every page from the start to the end.
    async fn all(
        table: &MemoryTransactions,
        revision: &Revision,
        filter: &Filter,
        limit: u32,
        max_bytes: usize,
    ) -> Vec<Vec<u64>> {
        let mut pages = Vec::new();
        let mut next = Some(Position::START);
        while let Some(start) = next {
            let owner = owner();
            let want = Want {
                owner: &owner,
                revision,
                of: Of::Both,
                filter,
                start,
                limit,
                max_bytes,
            };
            let page = of_rows(table, want).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            pages.push(page.items);
            next = page.next;
        }
        pages
    }

    #[tokio::test]
    async fn a_filter_that_finds_nothing_reads_a_bounded_number_of_rows() {
        let many: Vec<_> = (0..12_000).map(|line| row(1, line, 19_723)).collect();
        let (table, revision) = stored(&[many]).await;
        // The directory cannot tell: there are sales, but none on this account.
        let mut revision = revision;
        revision.segments[0]
            .facts
            .kinds
            .push(domain::rows::Kind::Sell);
        let owner = owner();
        let filter = filter(&[("type", "sell")]);
        let want = Want {
            owner: &owner,
            revision: &revision,
            of: Of::Rows,
            filter: &filter,
            start: Position::START,
            limit: 10,
            max_bytes: 1_000,
        };
        let page = of_rows(&table, want).await.unwrap();
        assert_eq!(
            page,
            Page {
                items: vec![],
                next: Some(Position {
                    seq: MAX_ROWS_READ,
                    ..Position::START
                })
            }
        );
        assert_eq!(table.rows_read(), MAX_ROWS_READ as usize);
    }

    #[tokio::test]
    async fn a_segment_whose_directory_has_none_is_not_read() {
        let (table, revision) = stored(&[vec![row(1, 2, 19_723)], vec![row(1, 3, 19_724)]]).await;
        assert_eq!(
            all(&table, &revision, &filter(&[("asset", "ETH")]), 10, 1_000).await,
            [Vec::<u64>::new()]
        );
        assert_eq!(table.rows_read(), 0);
    }

    #[tokio::test]
    async fn large_items_make_short_pages_but_never_empty_ones() {
        let rows: Vec<_> = (0..5).map(|line| row(1, line, 19_723)).collect();
        let (table, revision) = stored(&[rows]).await;
        assert_eq!(
            all(&table, &revision, &Filter::default(), 10, 25).await,
            [vec![0, 1], vec![2, 3], vec![4]]
        );
        assert_eq!(
            all(&table, &revision, &Filter::default(), 10, 1)
                .await
                .len(),
            5
        );
    }

    #[tokio::test]
    async fn rows_that_are_missing_are_an_error_and_no_end() {
        let (_, revision) = stored(&[vec![row(1, 2, 19_723)]]).await;
        let owner = owner();
        let filter = Filter::default();
        let want = Want {
            owner: &owner,
            revision: &revision,
            of: Of::Rows,
            filter: &filter,
            start: Position::START,
            limit: 10,
            max_bytes: 100,
        };
        assert!(of_rows(&MemoryTransactions::default(), want).await.is_err());
    }

    #[tokio::test]
    async fn disposals_come_behind_the_rows_of_their_segment_and_the_end_comes_last() {
        let (transactions, mut revision) =
            stored(&[vec![row(1, 2, 19_723)], vec![row(1, 3, 19_724)]]).await;
        let disposals = MemoryDisposals::default();
        let mut end = segment_of(2, &[]);
        for (index, ns) in [(0, vec![0]), (2, vec![1, 2])] {
            let days: Vec<_> = ns.into_iter().map(|n| day(19_700, n)).collect();
            let write = disposals.write(&owner(), TURN, index, &days).await;
            write.unwrap();
            let entry = revision.segments.get_mut(index as usize);
            entry.unwrap_or(&mut end).facts.days = DayFacts::of(&days);
        }
        revision.closing = Some(end);
        let tables = Tables {
            transactions: &transactions,
            disposals: &disposals,
        };
        let owner = owner();
        let filter = Filter::default();
        for (of, expected) in [
            (Of::Rows, vec![vec![2, 3]]),
            (Of::Days, vec![vec![1_000, 1_001], vec![1_002]]),
            (Of::Both, vec![vec![2, 1_000], vec![3, 1_001], vec![1_002]]),
        ] {
            let (mut pages, mut next) = (Vec::new(), Some(Position::START));
            while let Some(start) = next {
                let want = Want {
                    owner: &owner,
                    revision: &revision,
                    of,
                    filter: &filter,
                    start,
                    limit: 2,
                    max_bytes: 100,
                };
                let page = read(tables, want, line).await.unwrap();
                pages.push(page.items);
                next = page.next;
            }
            assert_eq!(pages, expected, "{of:?}");
        }
    }

    proptest! {
        #[test]
        fn pages_together_are_the_rows_that_are_wanted_once_and_in_order(
            sizes in proptest::collection::vec(0u64..30, 0..5), limit in 1u32..20, every in 1u64..4,
        ) {
            let mut line_number = 0;
            let mut wanted = Vec::new();
            let mut segments = Vec::new();
            for size in sizes {
                let mut rows = Vec::new();
                for _ in 0..size {
                    let mut row = row(1, line_number, 19_723);
                    if line_number % every == 0 {
                        wanted.push(line_number);
                    } else {
                        row.kind = domain::rows::Kind::Sell;
                    }
                    rows.push(row);
                    line_number += 1;
                }
                segments.push(rows);
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let pages = runtime.block_on(async {
                let (table, revision) = stored(&segments).await;
                assert_eq!(revision.snapshot.turn, TurnId(3));
                all(&table, &revision, &filter(&[("type", "buy")]), limit, 1_000).await
            });
            prop_assert_eq!(pages.concat(), wanted);
        }
    }
}
