//! Groups whose records stand apart in the file: each chunk keeps what it has of them, and whoever
//! completes the last chunk joins them as one more batch, with rows, rejects and a digest of its own.
//!
//! The done-set counts the join like a chunk, so no turn is asked for without it, and names the attempt
//! that completed each chunk, so after a retry the fragments of every chunk are those that count (I2).

use domain::fragments::{self, Fragment};
use domain::ids::Generation;
use domain::keys;
use domain::plan::ChunkPlan;
use domain::state::DoneSet;
use futures::{StreamExt, TryStreamExt, stream};
use ports::objects::read_whole;
use ports::{Objects, PortError, PutMode};

use crate::ingest::Work;
use crate::parse::{self, Parsed};

/// Chunks whose fragments are read at the same time.
const READS_IN_FLIGHT: usize = 8;

/// Keeps what a chunk has of groups that stand apart; of a file with such groups every chunk keeps
/// something, if only that it has nothing.
pub(crate) async fn keep(
    objects: &dyn Objects,
    work: Work<'_>,
    kept: &[Fragment],
) -> Result<(), PortError> {
    let body =
        fragments::encode(kept).map_err(|error| PortError::bug("ingest.fragments", error))?;
    let key = keys::fragments(work.owner, work.job, work.generation, work.chunk);
    objects.put(&key, body.into(), PutMode::Overwrite).await?;
    Ok(())
}

/// Reads what all chunks kept, and joins it.
pub(crate) async fn join(
    objects: &dyn Objects,
    plan: &ChunkPlan,
    set: &DoneSet,
    work: Work<'_>,
) -> Result<Parsed, PortError> {
    let chunks: Vec<(u32, Generation)> = set.done.iter().map(|(at, by)| (*at, *by)).collect();
    let reads = stream::iter(chunks)
        .map(|(chunk, generation)| kept(objects, work, chunk, generation))
        .buffered(READS_IN_FLIGHT);
    let all = reads.try_collect::<Vec<Vec<Fragment>>>().await?.concat();
    if all.len() as u64 != u64::from(plan.groups.fragments) {
        let (found, planned) = (all.len(), plan.groups.fragments);
        let cause = format!("planned {planned} fragments, found {found}");
        return Err(PortError::invalid("ingest.join", cause));
    }
    let parsed =
        parse::join(plan, work.chunk, all).map_err(|error| PortError::bug("ingest.join", error))?;
    let (found, planned) = (parsed.digest.counts.settled(), plan.groups.fragments);
    if found != u64::from(planned) {
        let cause = format!("joined {found} of {planned} fragments");
        return Err(PortError::bug("ingest.join", cause));
    }
    tracing::info!(fragments = planned, "joined what stood apart");
    Ok(parsed)
}

async fn kept(
    objects: &dyn Objects,
    work: Work<'_>,
    chunk: u32,
    generation: Generation,
) -> Result<Vec<Fragment>, PortError> {
    let key = keys::fragments(work.owner, work.job, generation, chunk);
    let bytes = read_whole(objects, &key).await?;
    fragments::decode(&bytes)
        .map_err(|error| PortError::invalid("ingest.fragments", format!("{key}: {error}")))
}
