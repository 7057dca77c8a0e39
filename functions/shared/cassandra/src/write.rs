//! Writing: unlogged batches within one partition, some of them in flight, all of them awaited.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use ports::PortError;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use tokio::sync::OnceCell;

use crate::retry::again;
use crate::statement::{Cql, Source};

/// Rows of a batch: Keyspaces takes no more.
pub(crate) const BATCH_ROWS: usize = 30;
/// Bytes of a batch, keys and cells: Cassandra warns of a batch above 5 KiB and refuses one above
/// 50 KiB as it comes. A row that is larger than this goes alone, and then it is no batch.
const BATCH_BYTES: usize = 4_608;
/// Bytes that a row's clustering columns and cell headers take beside its payload.
const ROW_OVERHEAD: usize = 32;
/// Batches in flight of one call: they hide the way to the server and back; more only queue there.
const IN_FLIGHT: usize = 16;

/// An insert, prepared when it is first used.
pub(crate) struct Insert {
    source: Arc<Source>,
    cql: Cql,
    ready: OnceCell<Ready>,
}

/// The statement, alone and in batches.
struct Ready {
    one: PreparedStatement,
    /// The batch of n + 2 rows at place n, as building one costs a clone of the statement per row.
    batches: Vec<Batch>,
}

impl Ready {
    fn new(one: PreparedStatement) -> Self {
        let batch_of = |rows: usize| {
            let statements = vec![BatchStatement::from(one.clone()); rows];
            let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements);
            batch.set_is_idempotent(true);
            batch
        };
        Self {
            batches: (2..=BATCH_ROWS).map(batch_of).collect(),
            one,
        }
    }
}

impl Insert {
    pub(crate) fn new(source: &Arc<Source>, cql: Cql) -> Self {
        Self {
            source: Arc::clone(source),
            cql,
            ready: OnceCell::new(),
        }
    }

    async fn ready(&self, op: &'static str) -> Result<&Ready, PortError> {
        let prepare = async || Ok(Ready::new(self.source.prepare(op, self.cql).await?));
        self.ready.get_or_try_init(prepare).await
    }

    /// Stores every batch. `Ok` proves all are durable; the first error is returned when all that
    /// were in flight have come back, and none is sent after it.
    pub(crate) async fn write<V: SerializeRow + Send + Sync>(
        &self,
        op: &'static str,
        batches: Batches<V>,
    ) -> Result<(), PortError> {
        let batches = batches.cut();
        if batches.is_empty() {
            return Ok(());
        }
        let ready = self.ready(op).await?;
        let mut waiting = batches.iter();
        let mut in_flight = FuturesUnordered::new();
        let mut first_error = None;
        loop {
            while first_error.is_none() && in_flight.len() < IN_FLIGHT {
                match waiting.next() {
                    Some(batch) => in_flight.push(self.send(op, ready, batch)),
                    None => break,
                }
            }
            match in_flight.next().await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    first_error.get_or_insert(error);
                }
                None => return first_error.map_or(Ok(()), Err),
            }
        }
    }

    async fn send<V: SerializeRow + Send + Sync>(
        &self,
        op: &'static str,
        ready: &Ready,
        rows: &[V],
    ) -> Result<(), PortError> {
        let session = &self.source.session;
        let batch = rows.len().checked_sub(2).and_then(|n| ready.batches.get(n));
        match (batch, rows) {
            (Some(batch), rows) => again(op, || session.batch(batch, rows)).await?,
            (None, [row]) => again(op, || session.execute_unpaged(&ready.one, row)).await?,
            (None, _) => return Err(PortError::bug(op, "a batch of no rows, or of too many")),
        };
        Ok(())
    }
}

/// Rows to store, cut into batches as they come.
pub(crate) struct Batches<V> {
    full: Vec<Vec<V>>,
    open: Vec<V>,
    open_bytes: usize,
}

impl<V> Batches<V> {
    pub(crate) fn new() -> Self {
        Self {
            full: Vec::new(),
            open: Vec::new(),
            open_bytes: 0,
        }
    }

    /// Adds a row with a payload of so many bytes to the partition that is open.
    pub(crate) fn push(&mut self, payload_bytes: usize, row: V) {
        let bytes = payload_bytes + ROW_OVERHEAD;
        if self.open.len() == BATCH_ROWS || self.open_bytes + bytes > BATCH_BYTES {
            self.end_partition();
        }
        self.open.push(row);
        self.open_bytes += bytes;
    }

    /// What comes next lies in another partition.
    pub(crate) fn end_partition(&mut self) {
        if !self.open.is_empty() {
            self.full.push(std::mem::take(&mut self.open));
        }
        self.open_bytes = 0;
    }

    fn cut(mut self) -> Vec<Vec<V>> {
        self.end_partition();
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(payloads: &[usize]) -> Vec<usize> {
        let mut batches = Batches::new();
        for &bytes in payloads {
            batches.push(bytes, ());
        }
        batches.cut().iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_holds_at_most_thirty_rows_and_what_cassandra_takes_without_a_warning() {
        assert_eq!(sizes(&[10; 65]), [30, 30, 5]);
        assert_eq!(sizes(&[1_000; 9]), [4, 4, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }

    #[test]
    fn a_large_row_goes_alone_and_the_small_ones_around_it_together() {
        assert_eq!(sizes(&[10, 10, 300_000, 10, 10, 10]), [2, 1, 3]);
    }

    #[test]
    fn a_batch_ends_with_its_partition() {
        let mut batches = Batches::new();
        for partition in 0..3 {
            batches.push(10, partition);
            batches.push(10, partition);
            batches.end_partition();
        }
        assert_eq!(batches.cut(), [[0, 0], [1, 1], [2, 2]]);
    }
}
