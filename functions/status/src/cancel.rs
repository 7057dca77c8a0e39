//! The step `cancel`: stops a job, at whatever stage it is.

use domain::ids::{JobId, TenantId};
use domain::state::{Job, JobKind, Standing, Transition};
use domain::time::Instant;
use ports::state::load;
use ports::transition::{apply, decide_again};
use ports::{DoneSets, Ids, PortError, Sender, StateStore};

use crate::undo::asking;
use crate::view::View;

/// What a request to cancel came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// The job has ended; nothing of it is in the ledger.
    Stopped,
    /// A turn has the job: this one takes it out of the ledger in the next.
    Undoing(JobId),
    /// It cannot be cancelled: a stable code, and why.
    Refused(&'static str, String),
    /// The tenant has no such job.
    Unknown,
}

/// Stops a job before a turn has it, or has an upload taken out once one does. Asked twice, the second
/// answer is the first: a cancelled job stays so, and the mark on the upload names its undo.
///
/// The race with the last chunk, and with a turn that is being admitted, is decided by the job's own
/// document: who comes second conflicts, reads again and finds the other's phase.
///
/// # Errors
/// What the store says; asking again is right.
pub async fn cancel(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    sender: &dyn Sender,
    ids: &dyn Ids,
    tenant: &TenantId,
    id: JobId,
    now: Instant,
) -> Result<Cancelled, PortError> {
    let mut attempt = 0;
    loop {
        let Some(view) = View::read(state, sets, tenant, id).await? else {
            return Ok(Cancelled::Unknown);
        };
        let (wanted, done) = match view.job.cancel(view.turn.as_ref(), now)? {
            Some(stop) => (
                with_kept(state, &view, stop, now).await?,
                Cancelled::Stopped,
            ),
            None => match decide(&view, ids, now)? {
                Decided::Undo(transition, undo) => (transition, Cancelled::Undoing(undo)),
                Decided::Already(done) => return Ok(done),
            },
        };
        match apply(state, sender, wanted).await {
            Ok(()) => return Ok(done),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Whether a request to cancel a job would do something.
#[must_use]
pub fn is_cancellable(view: &View, standing: &Standing<'_>) -> bool {
    let job = &view.job.value;
    let takes_out = job.upload().is_some() && !job.is_undone();
    !standing.is_terminal() && (takes_out || job.is_before_a_turn(view.turn.as_ref()))
}

/// An undo that is stopped leaves its upload in the ledger: the mark goes with it.
async fn with_kept(
    state: &dyn StateStore,
    view: &View,
    mut stop: Transition,
    now: Instant,
) -> Result<Transition, PortError> {
    let job = &view.job.value;
    let JobKind::Undo { of } = job.kind else {
        return Ok(stop);
    };
    let upload = load::<Job>(state, &Job::key_of(&job.owner.tenant, of)).await?;
    let kept = match upload {
        Some(upload) => upload.kept_from(job.id, now)?,
        None => None,
    };
    stop.changes.extend(kept.unwrap_or_default().changes);
    Ok(stop)
}

enum Decided {
    Undo(Transition, JobId),
    Already(Cancelled),
}

/// What is done about a job that a turn has, or that has ended.
fn decide(view: &View, ids: &dyn Ids, now: Instant) -> Result<Decided, PortError> {
    let job = &view.job.value;
    let refused = |code, why: &str| Ok(Decided::Already(Cancelled::Refused(code, why.to_owned())));
    match job.standing(view.turn.as_ref()) {
        Standing::Cancelled => Ok(Decided::Already(Cancelled::Stopped)),
        Standing::Completed { .. } => refused(
            "already_ended",
            "the job is completed; an upload can be undone",
        ),
        Standing::Failed(_) | Standing::Expired => refused(
            "already_ended",
            "the job has ended without effect: there is nothing to cancel",
        ),
        Standing::AwaitingUpload | Standing::Running => {
            let Some(upload) = job.upload() else {
                return refused(
                    "already_begun",
                    "the ledger is being computed with this change; make another one that takes it back",
                );
            };
            if let Some(undo) = upload.undone_by {
                return Ok(Decided::Already(Cancelled::Undoing(undo)));
            }
            let (undo, transition) = asking(view, ids, now)?;
            Ok(Decided::Undo(transition, undo))
        }
    }
}
