//! Everything a job's resource is computed from, read in an order that cannot contradict itself.

use domain::ids::{JobId, Stage, TenantId};
use domain::state::{DoneSet, Job, Turn, Versioned};
use ports::state::load;
use ports::{DoneSets, PortError, StateStore};

/// A job with its joins and its turn.
#[derive(Debug, Clone)]
pub struct View {
    /// The job.
    pub job: Versioned<Job>,
    /// Its chunks, once it is split.
    pub ingest: Option<DoneSet>,
    /// The turn it points to.
    pub turn: Option<Turn>,
    /// The turn's price requests, when it has any.
    pub price: Option<DoneSet>,
    /// The turn's segments, once planned.
    pub reconcile: Option<DoneSet>,
    /// The turn's segments, once planned.
    pub metrics: Option<DoneSet>,
}

impl View {
    /// Reads a job; `None` when the tenant has none of this id. Another tenant's job is under
    /// another key, so it is not found the same way (I8).
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
    ) -> Result<Option<Self>, PortError> {
        let Some(job) = load::<Job>(state, &Job::key_of(tenant, id)).await? else {
            return Ok(None);
        };
        let owner = job.value.owner.clone();
        let mut view = Self {
            job,
            ingest: None,
            turn: None,
            price: None,
            reconcile: None,
            metrics: None,
        };
        let records = view.job.value.upload().and_then(|upload| upload.records);
        // A set that appeared after the job was read would count records the job does not know of.
        if records.is_some() {
            view.ingest = sets
                .read(&DoneSet::job_key(id, &owner, Stage::Ingest))
                .await?;
        }
        if let Some(turn) = view.job.value.turn() {
            let Some(found) = load::<Turn>(state, &Turn::key_of(&owner, turn)).await? else {
                return Err(PortError::invalid(
                    "status.view",
                    format!("job {id} points to turn {turn}, which is not there"),
                ));
            };
            view.turn = Some(found.value);
            view.price = sets
                .read(&DoneSet::turn_key(turn, &owner, Stage::Price))
                .await?;
            view.reconcile = sets
                .read(&DoneSet::turn_key(turn, &owner, Stage::Reconcile))
                .await?;
            view.metrics = sets
                .read(&DoneSet::turn_key(turn, &owner, Stage::Metrics))
                .await?;
        }
        Ok(Some(view))
    }
}
