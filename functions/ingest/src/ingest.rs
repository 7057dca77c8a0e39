//! The step: parse one chunk, store what it holds, count it; if it was the last, join what the chunks
//! left and end the stage.

use domain::ids::{Generation, JobId, LedgerRef, Stage};
use domain::keys;
use domain::limits::CHUNKS_PER_BUCKET;
use domain::plan::{Chunk, ChunkPlan, RowPartition};
use domain::state::{
    BatchFailure, BatchOutcome, DoneSet, ErrorClass, Job, JobPhase, Recorded, Versioned,
};
use domain::time::Instant;
use futures::{StreamExt, TryStreamExt, stream};
use ports::objects::read_json;
use ports::state::load;
use ports::tables::{Rejects, Rows};
use ports::transition::carry_out;
use ports::{DoneSets, Objects, PortError, PutMode, Sender, StateStore};

use crate::join;
use crate::parse::{Parsed, parse};

/// Partitions that are written at the same time.
const WRITES_IN_FLIGHT: usize = 8;

/// Which chunk is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The ledger.
    pub owner: &'a LedgerRef,
    /// The upload.
    pub job: JobId,
    /// The attempt.
    pub generation: Generation,
    /// The chunk's index; that behind the last is the join.
    pub chunk: u32,
    /// The time.
    pub now: Instant,
}

/// Where rows go.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    /// Rows that were read.
    pub rows: &'a dyn Rows,
    /// Records that were refused.
    pub rejects: &'a dyn Rejects,
}

/// Does one chunk. A message of another attempt, or for a job that is past this stage, changes
/// nothing.
///
/// # Errors
/// What a port says; doing it again is right.
pub async fn ingest(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    objects: &dyn Objects,
    tables: Tables<'_>,
    work: Work<'_>,
) -> Result<(), PortError> {
    let Some(job) = load::<Job>(state, &Job::key_of(&work.owner.tenant, work.job)).await? else {
        tracing::warn!("the chunk's job is not there");
        return Ok(());
    };
    let job = job.value;
    if job.owner != *work.owner
        || job.generation != work.generation
        || job.phase != JobPhase::Ingesting
    {
        tracing::info!("the job is past this attempt at its chunks; nothing is to be done");
        return Ok(());
    }
    let plan: ChunkPlan = read_json(objects, &keys::chunk_plan(work.owner, work.job)).await?;
    let recorded = if plan.join() == Some(work.chunk) {
        // Asked for by a retry, after the join alone was given up.
        let key = DoneSet::job_key(work.job, work.owner, Stage::Ingest);
        let set = done_sets.read(&key).await?;
        set.filter(|set| set.generation == work.generation)
    } else {
        let outcome = chunk(objects, tables, &plan, work).await?;
        record(done_sets, work, outcome).await?
    };
    let Some(set) = recorded else { return Ok(()) };
    let joined = joined(done_sets, objects, tables, &plan, set, work).await?;
    match joined.filter(DoneSet::is_over) {
        Some(set) => end_stage(state, sender, &set, work).await,
        None => Ok(()),
    }
}

/// Stores what one chunk holds.
async fn chunk(
    objects: &dyn Objects,
    tables: Tables<'_>,
    plan: &ChunkPlan,
    work: Work<'_>,
) -> Result<BatchOutcome, PortError> {
    let Some(chunk) = plan.chunks.get(work.chunk as usize) else {
        return Err(PortError::invalid(
            "ingest.plan",
            format!("the plan has no chunk {}", work.chunk),
        ));
    };
    let range = chunk.offset..chunk.offset + chunk.length;
    let Some(bytes) = objects
        .get(&plan.key, Some(&plan.version), Some(range))
        .await?
    else {
        return Ok(BatchOutcome::Failed(object_gone(chunk)));
    };
    let parsed = parsed(plan, chunk, &bytes, work.chunk)?;
    if plan.join().is_some() {
        join::keep(objects, work, &parsed.fragments).await?;
    }
    store(objects, tables, work, &parsed).await?;
    Ok(BatchOutcome::Done(parsed.digest.counts))
}

/// The join, when this batch was the last before it. A copy that finds the batch counted before does
/// it too: the copy that counted it may have died in between, and the join gives the same every time.
async fn joined(
    done_sets: &dyn DoneSets,
    objects: &dyn Objects,
    tables: Tables<'_>,
    plan: &ChunkPlan,
    set: DoneSet,
    work: Work<'_>,
) -> Result<Option<DoneSet>, PortError> {
    let Some(batch) = set.due_join() else {
        return Ok(Some(set));
    };
    let work = Work {
        chunk: batch,
        ..work
    };
    let parsed = join::join(objects, plan, &set, work).await?;
    store(objects, tables, work, &parsed).await?;
    record(done_sets, work, BatchOutcome::Done(parsed.digest.counts)).await
}

/// Parses the chunk and checks that it holds what the plan says: a record that `split` and the csv
/// crate see differently would be lost or doubled in the counts (I3).
fn parsed(plan: &ChunkPlan, chunk: &Chunk, bytes: &[u8], index: u32) -> Result<Parsed, PortError> {
    if bytes.len() as u64 != chunk.length {
        let cause = format!("asked for {} bytes, got {}", chunk.length, bytes.len());
        return Err(PortError::invalid("ingest.get", cause));
    }
    let parsed =
        parse(plan, index, chunk, bytes).map_err(|error| PortError::bug("ingest.parse", error))?;
    let found = parsed.digest.counts.settled() + parsed.fragments.len() as u64;
    if found != u64::from(chunk.records) {
        let cause = format!("planned {} records, found {found}", chunk.records);
        return Err(PortError::bug("ingest.parse", cause));
    }
    Ok(parsed)
}

fn object_gone(chunk: &Chunk) -> BatchFailure {
    let message =
        "The uploaded file was deleted or replaced while it was being read. Upload it again.";
    BatchFailure::new(
        ErrorClass::Data,
        "object_gone",
        message,
        chunk.records.into(),
    )
}

/// Stores what the chunk holds: rows and rejects first, then the digest that leads to them. Every
/// key and value follows from the chunk, so a second delivery writes the same again.
async fn store(
    objects: &dyn Objects,
    tables: Tables<'_>,
    work: Work<'_>,
    parsed: &Parsed,
) -> Result<(), PortError> {
    let Work {
        owner,
        job,
        generation,
        chunk,
        ..
    } = work;
    let bucket = chunk / CHUNKS_PER_BUCKET;
    // Collected first: a stream that holds the closure is not known to be `Send`.
    let writes: Vec<_> = parsed
        .rows
        .iter()
        .map(|(&month, rows)| {
            tables.rows.write(
                RowPartition {
                    job,
                    generation,
                    month,
                    bucket,
                },
                rows,
            )
        })
        .collect();
    stream::iter(writes)
        .buffer_unordered(WRITES_IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    if !parsed.rejects.is_empty() {
        tables
            .rejects
            .write(job, generation, chunk, &parsed.rejects)
            .await?;
    }
    let body = parsed
        .digest
        .encode()
        .map_err(|error| PortError::bug("ingest.digest", error))?;
    objects
        .put(
            &keys::digest(owner, job, generation, chunk),
            body.into(),
            PutMode::Overwrite,
        )
        .await?;
    Ok(())
}

/// Counts a batch; answers the set with it, unless that is of another attempt. A copy that finds it
/// counted before still goes on: the copy that counted it may have died in between.
async fn record(
    done_sets: &dyn DoneSets,
    work: Work<'_>,
    outcome: BatchOutcome,
) -> Result<Option<DoneSet>, PortError> {
    let key = DoneSet::job_key(work.job, work.owner, Stage::Ingest);
    let recorded = done_sets
        .record(&key, work.generation, work.chunk, outcome)
        .await?;
    match recorded {
        Recorded::Added(set) | Recorded::Already(set) => Ok(Some(set)),
        Recorded::Stale => Ok(None),
    }
}

async fn end_stage(
    state: &dyn StateStore,
    sender: &dyn Sender,
    set: &DoneSet,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = Job::key_of(&work.owner.tenant, work.job);
    carry_out(state, sender, &key, |job: &Versioned<Job>| {
        job.ingest_done(set, work.now)
    })
    .await
}
