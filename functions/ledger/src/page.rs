//! One page of a revision's rows: a bounded number is read, whatever the filter.

use domain::ids::LedgerRef;
use domain::limits::MAX_PAGE_ROWS;
use domain::read_rows::TransactionRow;
use domain::revision::Revision;
use ports::PortError;
use ports::tables::Transactions;

use crate::cursor::Position;
use crate::filter::Filter;

/// Rows that are read for one page at most. A filter that finds few of them gives a short page with
/// a cursor, never a slow one.
const MAX_ROWS_READ: u32 = 5 * MAX_PAGE_ROWS;

/// Rows of a revision and where to go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// What was made of the rows.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub(crate) next: Option<Position>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Want<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The revision.
    pub(crate) revision: &'a Revision,
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
/// What the table or `show` says.
pub(crate) async fn read<T>(
    table: &dyn Transactions,
    want: Want<'_>,
    show: impl Fn(&TransactionRow) -> Result<(T, usize), PortError>,
) -> Result<Page<T>, PortError> {
    let mut items: Vec<T> = Vec::new();
    let (mut rows_left, mut bytes) = (MAX_ROWS_READ, 0);
    let mut at = want.start;
    while let Some(entry) = want.revision.segments.get(at.segment as usize) {
        if at.seq >= entry.segment.rows || !want.filter.may_be_in(entry) {
            at = Position {
                segment: at.segment + 1,
                seq: 0,
            };
            continue;
        }
        if rows_left == 0 {
            return Ok(Page {
                items,
                next: Some(at),
            });
        }
        let (turn, index) = (entry.segment.turn, entry.segment.index);
        let rows = table
            .page(
                want.owner,
                turn,
                index,
                at.seq,
                rows_at_once(want, items.len(), rows_left),
            )
            .await?;
        if rows.is_empty() {
            return Err(PortError::invalid(
                "ledger.page",
                format!(
                    "segment {index} of turn {turn} ends before its {} rows",
                    entry.segment.rows
                ),
            ));
        }
        for (seq, row) in rows {
            if want.filter.wants(&row) {
                let (item, size) = show(&row)?;
                let full = items.len() >= want.limit as usize
                    || (bytes + size > want.max_bytes && !items.is_empty());
                if full {
                    return Ok(Page {
                        items,
                        next: Some(Position { seq, ..at }),
                    });
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
    use ports::testing::MemoryTransactions;
    use proptest::prelude::*;

    use super::*;
    use crate::filter::Asked;
    use crate::params::Params;
    use crate::world::{TURN, owner, revision_of, row, segment_of};

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

    fn line(row: &TransactionRow) -> Result<(u64, usize), PortError> {
        Ok((row.name.row.line, 10))
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
                filter,
                start,
                limit,
                max_bytes,
            };
            let page = read(table, want, line).await.unwrap();
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
            filter: &filter,
            start: Position::START,
            limit: 10,
            max_bytes: 1_000,
        };
        let page = read(&table, want, line).await.unwrap();
        assert_eq!(
            page,
            Page {
                items: vec![],
                next: Some(Position {
                    segment: 0,
                    seq: MAX_ROWS_READ
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
            filter: &filter,
            start: Position::START,
            limit: 10,
            max_bytes: 100,
        };
        assert!(
            read(&MemoryTransactions::default(), want, line)
                .await
                .is_err()
        );
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
