//! `rows ((job, generation, month, bucket, shard), time_us, line)`: what `ingest` writes and folds
//! load. The 16 chunks of a bucket are written at the same time by as many workers, so a chunk's
//! number deals them to shards.

use std::sync::Arc;

use async_trait::async_trait;
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::time::Instant;
use futures::future::try_join_all;
use ports::PortError;
use ports::payload::pack;
use ports::tables::Rows;

use crate::place::{SHARDS, bigint, int, shard};
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "rows",
    text: "INSERT INTO {keyspace}.rows (job, generation, month, bucket, shard, time_us, line, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "rows",
    text: "SELECT payload FROM {keyspace}.rows WHERE job = ? AND generation = ? AND month = ? AND bucket = ? AND shard = ? AND time_us >= ? AND time_us < ?",
};

/// The table.
pub struct RowsTable {
    insert: Insert,
    select: Select,
}

impl RowsTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }
}

#[async_trait]
impl Rows for RowsTable {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        const OP: &str = "rows.write";
        let job = partition.job.as_bytes().as_slice();
        let generation = int(OP, partition.generation.0)?;
        let (month, bucket) = (partition.month.0, int(OP, partition.bucket)?);
        let mut batches = Batches::new();
        for number in 0..SHARDS {
            let dealt = |row: &&Row| shard(u64::from(row.chunk)) == number;
            for row in rows.iter().filter(dealt) {
                let payload = pack(OP, row)?;
                let (at, line) = (row.at.0, bigint(OP, row.line)?);
                let bytes = payload.len();
                let cells = (job, generation, month, bucket, number, at, line, payload);
                batches.push(bytes, cells);
            }
            batches.end_partition();
        }
        self.insert.write(OP, batches).await
    }

    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError> {
        const OP: &str = "rows.read";
        let job = partition.job.as_bytes().as_slice();
        let generation = int(OP, partition.generation.0)?;
        let (month, bucket) = (partition.month.0, int(OP, partition.bucket)?);
        let keys: Vec<_> = (0..SHARDS)
            .map(|number| (job, generation, month, bucket, number, from.0, to.0))
            .collect();
        let shards = keys.iter().map(|key| self.select.all::<_, Row>(OP, key));
        let mut rows = try_join_all(shards).await?.concat();
        rows.sort_unstable_by_key(|row| (row.at, row.line));
        Ok(rows)
    }
}
