//! The step: read the announced version once, store its plan, move the job on.

use std::ops::Range;

use domain::keys;
use domain::limits::MAX_FILE_BYTES;
use domain::plan::ChunkPlan;
use domain::state::{Job, JobPhase, SplitFacts, Upload, Versioned};
use domain::time::Instant;
use futures::{StreamExt, TryStreamExt, stream};
use ports::objects::write_json;
use ports::state::load;
use ports::transition::carry_out;
use ports::{Objects, PortError, Sender, StateStore};

use crate::config::Bounds;
use crate::event::Announced;
use crate::fault::FileFault;
use crate::pass::{Pass, Scanned};

/// Bytes of one ranged GET. Together with those ahead they hide a request's latency, and a file of
/// 50,000 rows already has as many blocks as are ever held.
const BLOCK_BYTES: u64 = 1024 * 1024;
/// Blocks that are fetched ahead of the one being scanned.
const BLOCKS_AHEAD: usize = 2;

/// Splits a file, or fails its job when it cannot be split. A job that is past its upload stays as
/// it is.
///
/// # Errors
/// What a port says; doing it again is right.
pub async fn split(
    state: &dyn StateStore,
    sender: &dyn Sender,
    objects: &dyn Objects,
    announced: &Announced,
    now: Instant,
    bounds: Bounds,
) -> Result<(), PortError> {
    let Some(job) = waiting(state, announced).await? else {
        return Ok(());
    };
    let Some(upload) = job.value.upload() else {
        tracing::warn!("the job is not an upload");
        return Ok(());
    };
    let Some(object) = pin(objects, upload, announced).await? else {
        return fail(state, sender, announced, now, FileFault::ObjectGone).await;
    };
    let scanned = match read(objects, upload, &object, bounds).await? {
        Ok(scanned) => scanned,
        Err(fault) => return fail(state, sender, announced, now, fault).await,
    };
    let plan = ChunkPlan {
        key: upload.object_key.clone(),
        version: object.version.clone(),
        format: scanned.format.to_owned(),
        dialect: scanned.dialect,
        header: scanned.header,
        options: upload.options.clone(),
        chunks: scanned.chunks,
        groups: scanned.groups,
    };
    let facts = SplitFacts {
        object_version: object.version,
        records: plan.records(),
        chunks: u32::try_from(plan.chunks.len())
            .map_err(|error| PortError::bug("split.plan", error))?,
        join: plan.join().is_some(),
    };
    let key = keys::chunk_plan(&announced.owner, announced.job);
    write_json(objects, &key, &plan).await?;
    move_on(state, sender, announced, now, &facts).await?;
    tracing::info!(
        generation = job.value.generation.0,
        records = facts.records,
        chunks = facts.chunks,
        fragments = plan.groups.fragments,
        "split the file"
    );
    Ok(())
}

/// The job, when it awaits this upload. Everything else is a late or doubled message (I2), or an
/// object that nobody asked for.
async fn waiting(
    state: &dyn StateStore,
    announced: &Announced,
) -> Result<Option<Versioned<Job>>, PortError> {
    let key = Job::key_of(&announced.owner.tenant, announced.job);
    let Some(job) = load::<Job>(state, &key).await? else {
        tracing::warn!("no job waits for this object");
        return Ok(None);
    };
    if !waits(&job.value, announced) {
        tracing::info!("the job does not wait for its upload; nothing is to be done");
        return Ok(None);
    }
    Ok(Some(job))
}

/// Whether a job waits for exactly this upload, in the attempt that is asked for.
fn waits(job: &Job, announced: &Announced) -> bool {
    let asked = announced
        .generation
        .is_none_or(|generation| generation == job.generation);
    asked && job.owner == announced.owner && job.phase == JobPhase::AwaitingUpload
}

/// The object version that is read, and its size.
struct Pinned {
    version: String,
    size: u64,
}

/// Settles which version is read: the announced one, or, when nobody named one, that of an earlier
/// attempt or the current one. Every later read names it (I9).
async fn pin(
    objects: &dyn Objects,
    upload: &Upload,
    announced: &Announced,
) -> Result<Option<Pinned>, PortError> {
    let named = announced
        .version
        .clone()
        .or_else(|| upload.object_version.clone());
    if let (Some(version), Some(size)) = (&named, announced.size) {
        return Ok(Some(Pinned {
            version: version.clone(),
            size,
        }));
    }
    if let Some(version) = named {
        return Ok(Some(Pinned {
            version,
            size: upload.size,
        }));
    }
    let head = objects.head(&upload.object_key).await?;
    Ok(head.map(|head| Pinned {
        version: head.version,
        size: head.size,
    }))
}

/// Reads the file once and checks that it is the one that was declared.
async fn read(
    objects: &dyn Objects,
    upload: &Upload,
    object: &Pinned,
    bounds: Bounds,
) -> Result<Result<Scanned, FileFault>, PortError> {
    if let Err(fault) = check_size(object.size, upload.size) {
        return Ok(Err(fault));
    }
    let mut pass = Pass::new(&upload.options, bounds.chunk_rows);
    let mut blocks = stream::iter(ranges(object.size))
        .map(|range| objects.get(&upload.object_key, Some(&object.version), Some(range)))
        .buffered(BLOCKS_AHEAD);
    while let Some(block) = blocks.try_next().await? {
        let Some(block) = block else {
            return Ok(Err(FileFault::ObjectGone));
        };
        if let Err(fault) = pass.feed(&block) {
            return Ok(Err(fault));
        }
    }
    Ok(pass.finish().and_then(|scanned| verified(scanned, upload)))
}

fn check_size(size: u64, declared: u64) -> Result<(), FileFault> {
    if size == 0 {
        return Err(FileFault::Empty);
    }
    if size > MAX_FILE_BYTES {
        return Err(FileFault::FileTooLarge { size });
    }
    if size != declared {
        return Err(FileFault::WrongLength {
            declared,
            found: size,
        });
    }
    Ok(())
}

/// The ranges of a file of `size` bytes. The last one asks for one byte more than there should be,
/// so that an object that is longer than announced shows itself.
fn ranges(size: u64) -> impl Iterator<Item = Range<u64>> {
    (0..size.div_ceil(BLOCK_BYTES)).map(move |index| {
        let start = index * BLOCK_BYTES;
        let end = start + BLOCK_BYTES;
        if end >= size {
            start..size + 1
        } else {
            start..end
        }
    })
}

/// Length and SHA-256 are those that were declared (I9).
fn verified(scanned: Scanned, upload: &Upload) -> Result<Scanned, FileFault> {
    if scanned.size != upload.size {
        return Err(FileFault::WrongLength {
            declared: upload.size,
            found: scanned.size,
        });
    }
    if !scanned.sha256.eq_ignore_ascii_case(&upload.sha256) {
        let (declared, found) = (upload.sha256.clone(), scanned.sha256);
        return Err(FileFault::WrongSha256 { declared, found });
    }
    Ok(scanned)
}

/// The plan is stored: the chunks go out, or, without any, the job asks for its turn.
async fn move_on(
    state: &dyn StateStore,
    sender: &dyn Sender,
    announced: &Announced,
    now: Instant,
    facts: &SplitFacts,
) -> Result<(), PortError> {
    let key = Job::key_of(&announced.owner.tenant, announced.job);
    carry_out(state, sender, &key, |job: &Versioned<Job>| {
        if waits(&job.value, announced) {
            job.split_done(facts, now)
        } else {
            Ok(None)
        }
    })
    .await
}

/// The file's fault is recorded and the message is done with.
async fn fail(
    state: &dyn StateStore,
    sender: &dyn Sender,
    announced: &Announced,
    now: Instant,
    fault: FileFault,
) -> Result<(), PortError> {
    tracing::info!(code = fault.code(), "the file cannot be split");
    let error = fault.into_job_error();
    let key = Job::key_of(&announced.owner.tenant, announced.job);
    carry_out(state, sender, &key, |job: &Versioned<Job>| {
        if waits(&job.value, announced) {
            job.fail(error.clone(), now)
        } else {
            Ok(None)
        }
    })
    .await
}
