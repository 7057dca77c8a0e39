//! `rows.write`, `rows.read`; described by job, generation, month and bucket.

use std::sync::Arc;

use async_trait::async_trait;
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::time::Instant;
use ports::PortError;
use ports::tables::Rows;

use super::Faults;

/// The rows table behind faults.
pub struct FaultyRows {
    /// The table.
    pub inner: Arc<dyn Rows>,
    /// What fails.
    pub faults: Arc<Faults>,
}

fn describe(partition: &RowPartition) -> String {
    let RowPartition {
        job,
        generation,
        month,
        bucket,
    } = partition;
    format!("{job}/{generation}/{}/{bucket}", month.0)
}

#[async_trait]
impl Rows for FaultyRows {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        let about = describe(&partition);
        self.faults.before("rows.write", &about)?;
        self.inner.write(partition, rows).await?;
        self.faults.after("rows.write", &about)
    }

    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError> {
        let about = describe(&partition);
        self.faults.before("rows.read", &about)?;
        let rows = self.inner.read(partition, from, to).await?;
        self.faults.after("rows.read", &about)?;
        Ok(rows)
    }
}
