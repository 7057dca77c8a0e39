//! A job with what its outcome depends on, read in an order that cannot contradict itself.

use domain::ids::{JobId, Stage, TenantId};
use domain::state::{DoneSet, Job, Outcome, Turn, Versioned};

use crate::state::load;
use crate::{DoneSets, PortError, StateStore};

/// A job, its chunks and its turn.
#[derive(Debug, Clone)]
pub struct KnownJob {
    /// The job.
    pub job: Versioned<Job>,
    /// Its chunks, once it is split.
    pub ingest: Option<DoneSet>,
    /// The turn it points to.
    pub turn: Option<Turn>,
}

impl KnownJob {
    /// What the job has come to.
    #[must_use]
    pub fn outcome(&self) -> Outcome<'_> {
        Outcome::of(&self.job.value, self.ingest.as_ref(), self.turn.as_ref())
    }
}

/// Reads a job; `None` when the tenant has none of this id. Another tenant's job is under another
/// key, so it is not found the same way (I8).
///
/// The job is read first: whatever is read after it is at least as new, so a turn that the job
/// points to is there, and a set is never behind what the job says of it.
///
/// # Errors
/// What the store says; `Invalid` when the job points to a turn that is not there.
pub async fn read(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    tenant: &TenantId,
    id: JobId,
) -> Result<Option<KnownJob>, PortError> {
    let Some(job) = load::<Job>(state, &Job::key_of(tenant, id)).await? else {
        return Ok(None);
    };
    let owner = &job.value.owner;
    let mut ingest = None;
    // A set that appeared after the job was read would count records the job does not know of.
    if job
        .value
        .upload()
        .is_some_and(|upload| upload.records.is_some())
    {
        let key = DoneSet::job_key(id, owner, Stage::Ingest);
        ingest = sets.read(&key).await?;
    }
    let mut turn = None;
    if let Some(pointed) = job.value.turn() {
        let Some(found) = load::<Turn>(state, &Turn::key_of(owner, pointed)).await? else {
            return Err(PortError::invalid(
                "jobs.read",
                format!("job {id} points to turn {pointed}, which is not there"),
            ));
        };
        turn = Some(found.value);
    }
    Ok(Some(KnownJob { job, ingest, turn }))
}
