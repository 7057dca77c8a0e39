//! Cutting what lies behind the kept segments, and what each new segment needs to be loaded.

use std::collections::BTreeSet;

use domain::digest::Identity;
use domain::ids::{Generation, JobId};
use domain::limits::CHUNKS_PER_BUCKET;
use domain::plan::{RowPartition, Segment, SegmentPlan, SegmentWork};
use domain::revision::Snapshot;
use domain::segments::{InstantTooLarge, Span, cut, merge_times, repeats, repeats_within};
use domain::time::{Instant, Month};
use futures::TryStreamExt;
use ports::{Objects, PortError, digests};

use crate::Bounds;

/// What one chunk contributes behind the border.
struct ChunkTimes {
    job: JobId,
    generation: Generation,
    bucket: u32,
    /// Sorted.
    times: Vec<(Instant, u32)>,
}

/// The plan: the kept segments, and those cut from everything behind them. The outer error is a
/// port's, the inner one the data's.
pub(crate) async fn cut_behind(
    objects: &dyn Objects,
    snapshot: &Snapshot,
    kept: Vec<Segment>,
    bounds: Bounds,
) -> Result<Result<SegmentPlan, InstantTooLarge>, PortError> {
    let border = kept.last().map_or(Instant(i64::MIN), |last| last.to);
    let (chunks, identities) = read_digests(objects, snapshot, border).await?;
    let lists: Vec<_> = chunks.iter().map(|chunk| chunk.times.as_slice()).collect();
    let spans = match cut(
        merge_times(&lists),
        bounds.segment_rows,
        bounds.instant_rows,
    ) {
        Ok(spans) => spans,
        Err(instant) => return Ok(Err(instant)),
    };
    let lists: Vec<_> = identities
        .iter()
        .map(|(job, list)| (*job, list.as_slice()))
        .collect();
    let repeated = repeats(&lists);
    let restart =
        u32::try_from(kept.len()).map_err(|error| PortError::bug("reconcile.plan", error))?;
    let mut segments = kept;
    let mut work = Vec::with_capacity(spans.len());
    for (index, span) in (restart..).zip(&spans) {
        let (turn, rows) = (snapshot.turn, span.rows);
        segments.push(Segment {
            turn,
            index,
            from: span.from,
            to: span.to,
            rows,
        });
        let repeats = repeats_within(&repeated, span);
        work.push(SegmentWork {
            partitions: partitions(&chunks, span),
            repeats,
        });
    }
    Ok(Ok(SegmentPlan {
        restart,
        segments,
        work,
    }))
}

async fn read_digests(
    objects: &dyn Objects,
    snapshot: &Snapshot,
    border: Instant,
) -> Result<(Vec<ChunkTimes>, Vec<(JobId, Vec<Identity>)>), PortError> {
    let mut chunks = Vec::new();
    let mut identities = Vec::new();
    for upload in &snapshot.uploads {
        let mut digests = digests::of_upload(objects, &snapshot.ledger, upload);
        while let Some((chunk, mut digest)) = digests.try_next().await? {
            let generation = upload
                .chunks
                .get(chunk as usize)
                .copied()
                .unwrap_or(Generation::FIRST);
            digest.times.retain(|(at, _)| *at >= border);
            let (job, bucket) = (upload.job, chunk / CHUNKS_PER_BUCKET);
            if !digest.times.is_empty() {
                chunks.push(ChunkTimes {
                    job,
                    generation,
                    bucket,
                    times: digest.times,
                });
            }
            if !digest.identities.is_empty() {
                identities.push((job, digest.identities));
            }
        }
    }
    Ok((chunks, identities))
}

/// The partitions in which a chunk has a row of the span.
fn partitions(chunks: &[ChunkTimes], span: &Span) -> Vec<RowPartition> {
    let mut found = BTreeSet::new();
    for chunk in chunks {
        let first = chunk.times.partition_point(|(at, _)| *at < span.from);
        let within = chunk
            .times
            .iter()
            .skip(first)
            .take_while(|(at, _)| *at < span.to);
        let months: BTreeSet<Month> = within.map(|(at, _)| at.utc_day().month()).collect();
        let (job, generation, bucket) = (chunk.job, chunk.generation, chunk.bucket);
        found.extend(months.into_iter().map(|month| RowPartition {
            job,
            generation,
            month,
            bucket,
        }));
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use domain::time::DAY_US;

    use super::*;

    fn chunk(n: u32, days: &[i64]) -> ChunkTimes {
        ChunkTimes {
            job: JobId::new(1, &[1; 10]),
            generation: Generation::FIRST,
            bucket: n / CHUNKS_PER_BUCKET,
            times: days.iter().map(|day| (Instant(day * DAY_US), 1)).collect(),
        }
    }

    fn found(chunks: &[ChunkTimes], from: i64, to: i64) -> Vec<(i32, u32)> {
        let span = Span {
            from: Instant(from * DAY_US),
            to: Instant(to * DAY_US),
            rows: 0,
        };
        let partitions = partitions(chunks, &span).into_iter();
        partitions
            .map(|partition| (partition.month.0, partition.bucket))
            .collect()
    }

    #[test]
    fn only_partitions_with_a_row_of_the_span_are_read_each_once() {
        let january_1970 = 1970 * 12;
        let chunks = [chunk(0, &[3, 40]), chunk(1, &[5, 80]), chunk(16, &[5, 41])];
        assert_eq!(
            found(&chunks, 0, 31),
            [(january_1970, 0), (january_1970, 1)]
        );
        assert_eq!(found(&chunks, 40, 41), [(january_1970 + 1, 0)]);
        assert_eq!(found(&chunks, 6, 40), []);
    }
}
