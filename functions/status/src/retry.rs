//! The step `retry`: a new attempt at what failed, only at what failed.

use domain::ids::{JobId, TenantId};
use domain::state::{ErrorClass, Standing};
use domain::time::Instant;
use ports::transition::{apply, decide_again};
use ports::{DoneSets, PortError, Sender, StateStore};

use crate::view::View;

/// What a request to retry came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// A new generation has begun.
    Begun,
    /// There is nothing to retry; why.
    Refused(&'static str),
    /// The tenant has no such job.
    Unknown,
}

/// Begins a new attempt at a failed job. Two requests at the same time begin one: the second reads
/// a running job and is refused.
///
/// # Errors
/// What the store says; asking again is right.
pub async fn retry(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    sender: &dyn Sender,
    tenant: &TenantId,
    id: JobId,
    now: Instant,
) -> Result<Retried, PortError> {
    let mut attempt = 0;
    loop {
        let Some(view) = View::read(state, sets, tenant, id).await? else {
            return Ok(Retried::Unknown);
        };
        let Some(transition) = view
            .job
            .retry(view.ingest.as_ref(), view.turn.as_ref(), now)?
        else {
            return Ok(Retried::Refused(refusal(&view)));
        };
        match apply(state, sender, transition).await {
            Ok(()) => return Ok(Retried::Begun),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

fn refusal(view: &View) -> &'static str {
    match view.job.value.standing(view.turn.as_ref()) {
        Standing::AwaitingUpload => "the job waits for its file",
        Standing::Running => "the job is running",
        Standing::Completed { .. } => "the job is completed",
        Standing::Expired => "the file did not arrive in time; request a new upload",
        Standing::Cancelled => "the job was cancelled; upload the file anew",
        Standing::Failed(_) if view.job.value.is_undone() => {
            "the upload was taken out; upload the file anew"
        }
        Standing::Failed(error) if error.class == ErrorClass::Data => {
            "the file itself is at fault; correct it and upload it anew"
        }
        Standing::Failed(_) => "the job cannot be retried",
    }
}
