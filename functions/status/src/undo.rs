//! The step `undo`: a job that takes an upload out of its ledger.

use domain::ids::{JobId, TenantId};
use domain::state::{Job, JobKind, Standing, Transition};
use domain::time::Instant;
use ports::transition::{apply, decide_again};
use ports::{DoneSets, Ids, PortError, Sender, StateStore};

use crate::view::View;

/// What a request to undo came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// This job takes the upload out.
    Asked(JobId),
    /// It cannot be taken out: a stable code, and why.
    Refused(&'static str, String),
    /// The tenant has no such job.
    Unknown,
}

/// Creates the job that takes a completed upload out of its ledger, and marks the upload, in one
/// transaction: of two requests at the same time one conflicts, reads again, and finds the mark.
///
/// # Errors
/// What the store says; asking again is right.
pub async fn undo(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    sender: &dyn Sender,
    ids: &dyn Ids,
    tenant: &TenantId,
    id: JobId,
    now: Instant,
) -> Result<Undone, PortError> {
    let mut attempt = 0;
    loop {
        let Some(view) = View::read(state, sets, tenant, id).await? else {
            return Ok(Undone::Unknown);
        };
        if let Some((code, why)) = refusal(&view) {
            return Ok(Undone::Refused(code, why));
        }
        let (undo, transition) = asking(&view, ids, now)?;
        match apply(state, sender, transition).await {
            Ok(()) => return Ok(Undone::Asked(undo)),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Creates the job that takes an upload out, which is not marked yet, and marks it.
pub(crate) fn asking(
    view: &View,
    ids: &dyn Ids,
    now: Instant,
) -> Result<(JobId, Transition), PortError> {
    let undo = ids.job_id(now);
    let (owner, of) = (view.job.value.owner.clone(), view.job.value.id);
    let mut transition = Job::create_asking(undo, owner, JobKind::Undo { of }, now)?;
    let mark = view.job.undone_by(undo, now)?;
    transition.changes.extend(mark.unwrap_or_default().changes);
    Ok((undo, transition))
}

fn refusal(view: &View) -> Option<(&'static str, String)> {
    let job = &view.job.value;
    let Some(upload) = job.upload() else {
        return Some(("not_an_upload", "only an upload can be undone".to_owned()));
    };
    if let Some(undo) = upload.undone_by {
        return Some((
            "already_undone",
            format!("the upload was undone by job {undo}"),
        ));
    }
    match job.standing(view.turn.as_ref()) {
        Standing::Completed { .. } => None,
        Standing::AwaitingUpload | Standing::Running => Some((
            "not_completed",
            "the upload is not completed yet; undo it then".to_owned(),
        )),
        Standing::Failed(_) | Standing::Expired | Standing::Cancelled => Some((
            "not_completed",
            "the upload has no effect on its ledger: there is nothing to undo".to_owned(),
        )),
    }
}
