//! Reading: page after page of one partition, in the order of its clustering columns.

use std::ops::ControlFlow;
use std::sync::Arc;

use ports::PortError;
use ports::payload::unpack;
use scylla::response::PagingState;
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::retry::again;
use crate::statement::{Cql, Source};

/// Rows of a first page, of which nothing is known: even the largest rows stay within memory.
const FIRST_PAGE_ROWS: usize = 256;
/// Rows of a page at most: more do not read faster.
const MOST_PAGE_ROWS: usize = 5_000;
/// Bytes a page aims at once the rows before it are known. Keyspaces cuts a page there by itself; an
/// own Cassandra counts rows alone, and a row has anything from 50 bytes to half a megabyte.
const PAGE_BYTES: usize = 1024 * 1024;

/// What looks at each page and says whether it wants another.
pub(crate) type Take<'a> =
    dyn FnMut(&QueryRowsResult) -> Result<ControlFlow<()>, PortError> + Send + 'a;

/// A select over one partition, prepared when it is first used.
pub(crate) struct Select {
    source: Arc<Source>,
    cql: Cql,
    statement: OnceCell<PreparedStatement>,
}

impl Select {
    pub(crate) fn new(source: &Arc<Source>, cql: Cql) -> Self {
        Self {
            source: Arc::clone(source),
            cql,
            statement: OnceCell::new(),
        }
    }

    /// Gives `take` page after page until it has enough or there is none; `most` bounds the rows of
    /// each. A page may be empty and yet not the last.
    pub(crate) async fn pages<V: SerializeRow + Send + Sync>(
        &self,
        op: &'static str,
        key: &V,
        most: usize,
        take: &mut Take<'_>,
    ) -> Result<(), PortError> {
        let prepare = || self.source.prepare(op, self.cql);
        let mut statement = self.statement.get_or_try_init(prepare).await?.clone();
        let mut place = PagingState::start();
        let mut rows = FIRST_PAGE_ROWS;
        loop {
            statement.set_page_size(page_size(rows.min(most)));
            let (page, next) = again(op, || {
                let session = &self.source.session;
                session.execute_single_page(&statement, key, place.clone())
            })
            .await?;
            let page = page
                .into_rows_result()
                .map_err(|error| PortError::invalid(op, error))?;
            if take(&page)?.is_break() {
                return Ok(());
            }
            match next.into_paging_control_flow() {
                ControlFlow::Continue(state) => place = state,
                ControlFlow::Break(()) => return Ok(()),
            }
            rows = next_rows(page.rows_num(), page.rows_bytes_size());
        }
    }

    /// Every row of a partition, out of the payload that is the only column selected.
    pub(crate) async fn all<V: SerializeRow + Send + Sync, T: DeserializeOwned + Send>(
        &self,
        op: &'static str,
        key: &V,
    ) -> Result<Vec<T>, PortError> {
        let mut rows = Vec::new();
        let mut take = |page: &QueryRowsResult| {
            let payloads = page.rows::<(&[u8],)>();
            for row in payloads.map_err(|error| PortError::invalid(op, error))? {
                let (payload,) = row.map_err(|error| PortError::invalid(op, error))?;
                rows.push(unpack(op, payload)?);
            }
            Ok(ControlFlow::Continue(()))
        };
        self.pages(op, key, MOST_PAGE_ROWS, &mut take).await?;
        Ok(rows)
    }
}

/// Rows of the page after one of so many rows and bytes.
fn next_rows(rows: usize, bytes: usize) -> usize {
    let bytes_of_a_row = bytes.checked_div(rows).unwrap_or(0).max(1);
    (PAGE_BYTES / bytes_of_a_row).clamp(1, MOST_PAGE_ROWS)
}

fn page_size(rows: usize) -> i32 {
    i32::try_from(rows.clamp(1, MOST_PAGE_ROWS)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_long_as_its_rows_let_it_be() {
        assert_eq!(next_rows(256, 256 * 100), MOST_PAGE_ROWS);
        assert_eq!(next_rows(256, 256 * 1_024), 1_024);
        assert_eq!(next_rows(2, 1_000_000_000), 1);
        assert_eq!(
            next_rows(0, 0),
            MOST_PAGE_ROWS,
            "an empty page tells nothing"
        );
        assert_eq!(page_size(0), 1);
    }
}
