//! Loading the rows of a segment: the same for `reconcile` and `metrics`.

use std::collections::HashMap;

use domain::ids::{Generation, JobId};
use domain::order::LedgerRow;
use domain::plan::{RowPartition, Segment, SegmentWork};
use domain::revision::Snapshot;
use domain::time::Instant;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};

use crate::PortError;
use crate::tables::Rows;

/// Partitions of one segment that are read at the same time.
const READS_IN_FLIGHT: usize = 8;

/// The rows of a segment, unsorted.
///
/// # Errors
/// What the table says; `Invalid` when the rows are not as many as were planned.
pub async fn load(
    rows: &dyn Rows,
    snapshot: &Snapshot,
    segment: &Segment,
    work: &SegmentWork,
) -> Result<Vec<LedgerRow>, PortError> {
    let partitions = work.partitions.iter().copied();
    let loaded = read(
        rows,
        snapshot,
        partitions,
        (segment.from, segment.to),
        segment.rows,
    )
    .await?;
    if loaded.len() != segment.rows as usize {
        let (found, planned) = (loaded.len(), segment.rows);
        return Err(PortError::invalid(
            "segments.load",
            format!("found {found} rows where {planned} were planned"),
        ));
    }
    Ok(loaded)
}

/// The rows of some partitions from one time to before another, unsorted. Of each partition only rows
/// of chunks that this generation completed are taken: a chunk that was retried may have left rows
/// under the generation that failed (I2). Room is made for as many as are expected.
///
/// # Errors
/// What the table says.
pub async fn read(
    rows: &dyn Rows,
    snapshot: &Snapshot,
    partitions: impl Iterator<Item = RowPartition>,
    (from, to): (Instant, Instant),
    expected: u32,
) -> Result<Vec<LedgerRow>, PortError> {
    let completed: HashMap<JobId, &[Generation]> = snapshot
        .uploads
        .iter()
        .map(|upload| (upload.job, upload.chunks.as_slice()))
        .collect();
    // Boxed and collected: a stream that holds the closure is not known to be `Send`.
    let read = |partition| async move {
        rows.read(partition, from, to)
            .await
            .map(|found| (partition, found))
    };
    let reads: Vec<BoxFuture<'_, _>> = partitions
        .map(|partition| read(partition).boxed())
        .collect();
    let mut reads = stream::iter(reads).buffered(READS_IN_FLIGHT);
    let mut loaded = Vec::with_capacity(expected as usize);
    while let Some(read) = reads.next().await {
        let (partition, found) = read?;
        let chunks = completed.get(&partition.job).copied().unwrap_or_default();
        loaded.extend(
            found
                .into_iter()
                .filter(|row| is_of(&partition, chunks, row.chunk))
                .map(|row| LedgerRow {
                    job: partition.job,
                    row,
                }),
        );
    }
    Ok(loaded)
}

fn is_of(partition: &RowPartition, chunks: &[Generation], chunk: u32) -> bool {
    chunks.get(chunk as usize) == Some(&partition.generation)
}
