//! The tables of rows and rejects, in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::{Generation, JobId};
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::time::Instant;
use ports::PortError;
use ports::tables::{Reject, Rejects, Rows};

/// What rejects are written for.
type ChunkKey = (JobId, Generation, u32);

/// Rows as they were written, under (partition, time, line); rejects under (job, attempt, chunk, line).
#[derive(Default)]
pub(crate) struct Tables {
    rows: Mutex<BTreeMap<(RowPartition, Instant, u64), Row>>,
    rejects: Mutex<BTreeMap<(ChunkKey, u64), Reject>>,
}

impl Tables {
    /// All rows in order of line.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.rows.lock().unwrap().values().cloned().collect();
        rows.sort_by_key(|row| row.line);
        rows
    }

    /// Rows by partition.
    pub(crate) fn partitions(&self) -> BTreeMap<RowPartition, Vec<Row>> {
        let mut partitions: BTreeMap<RowPartition, Vec<Row>> = BTreeMap::new();
        for ((partition, ..), row) in self.rows.lock().unwrap().iter() {
            partitions.entry(*partition).or_default().push(row.clone());
        }
        partitions
    }

    /// All rejects with the chunk they were written for, in order.
    pub(crate) fn rejects(&self) -> Vec<(ChunkKey, Reject)> {
        self.rejects
            .lock()
            .unwrap()
            .iter()
            .map(|((key, _), reject)| (*key, reject.clone()))
            .collect()
    }
}

#[async_trait]
impl Rows for Tables {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        assert!(rows.is_sorted_by_key(|row| (row.at, row.line)));
        let keyed = rows
            .iter()
            .map(|row| ((partition, row.at, row.line), row.clone()));
        self.rows.lock().unwrap().extend(keyed);
        Ok(())
    }

    async fn read(&self, _: RowPartition, _: Instant, _: Instant) -> Result<Vec<Row>, PortError> {
        Err(PortError::bug("rows.read", "ingest reads no rows"))
    }
}

#[async_trait]
impl Rejects for Tables {
    async fn write(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
        rejects: &[Reject],
    ) -> Result<(), PortError> {
        let keyed = rejects
            .iter()
            .map(|reject| (((job, generation, chunk), reject.line), reject.clone()));
        self.rejects.lock().unwrap().extend(keyed);
        Ok(())
    }

    async fn read(&self, _: JobId, _: Generation, _: u32) -> Result<Vec<Reject>, PortError> {
        Err(PortError::bug("rejects.read", "ingest reads no rejects"))
    }
}
