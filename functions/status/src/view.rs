//! Everything a job's resource is computed from, read in an order that cannot contradict itself.

use domain::ids::{JobId, Stage, TenantId};
use domain::state::{DoneSet, Job, Turn, Versioned};
use ports::{DoneSets, PortError, StateStore, jobs};

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
    /// Reads a job with its turn's joins; `None` when the tenant has none of this id.
    ///
    /// # Errors
    /// What the store says; `Invalid` when the job points to a turn that is not there.
    pub async fn read(
        state: &dyn StateStore,
        sets: &dyn DoneSets,
        tenant: &TenantId,
        id: JobId,
    ) -> Result<Option<Self>, PortError> {
        let Some(known) = jobs::read(state, sets, tenant, id).await? else {
            return Ok(None);
        };
        let mut view = Self {
            job: known.job,
            ingest: known.ingest,
            turn: known.turn,
            price: None,
            reconcile: None,
            metrics: None,
        };
        if let Some(turn) = &view.turn {
            let key = |stage| DoneSet::turn_key(turn.id, &turn.owner, stage);
            view.price = sets.read(&key(Stage::Price)).await?;
            view.reconcile = sets.read(&key(Stage::Reconcile)).await?;
            view.metrics = sets.read(&key(Stage::Metrics)).await?;
        }
        Ok(Some(view))
    }
}
