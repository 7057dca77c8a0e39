//! The job resource of the API: a pure projection of what is stored.

use domain::ids::{JobId, LedgerId};
use domain::state::{
    ErrorClass, JobKind, JobPhase, JobState, Outcome, RecordCounts, Standing, TurnPhase, Warning,
};
use domain::time::Instant;
use serde::Serialize;

use crate::cancel::is_cancellable;
use crate::estimate::{Estimate, poll_after};
use crate::progress::{Progress, StageProgress, current_stage};
use crate::view::View;

/// A job as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobResource {
    /// Its id.
    pub job_id: JobId,
    /// `upload`, `undo`, `settings`, `prices`, `override`.
    pub kind: &'static str,
    /// The file's name; only of an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The upload that is taken out; only of an undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<JobId>,
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its state.
    pub state: JobState,
    /// Whether only a request of yours moves it again.
    pub is_terminal: bool,
    /// The stage at work or at fault.
    pub stage: Option<&'static str>,
    /// How far it is.
    pub progress: Progress,
    /// What became of the file's records.
    pub counts: RecordCounts,
    /// When it is expected to be complete, RFC 3339; null while its file is awaited and when it has
    /// ended. It changes when the job moves, and when it has passed (`estimate`).
    pub estimated_completion_at: Option<String>,
    /// The stage whose speed that is taken from.
    pub estimated_from_stage: Option<&'static str>,
    /// When it is worth asking again; absent when it has ended.
    pub poll_after_seconds: Option<u32>,
    /// Whether `retry` would do something.
    pub retry_allowed: bool,
    /// Why it failed.
    pub error: Option<ErrorBody>,
    /// What the user should know of a completed job.
    pub warnings: Vec<Warning>,
    /// The undo that took this upload out of its ledger.
    pub undone_by: Option<JobId>,
    /// The ledger's revision that first shows its effect.
    pub revision: Option<u64>,
    /// Segments of that revision.
    pub segments: Option<Segments>,
    /// When it was requested, RFC 3339.
    pub created_at: String,
    /// When its own document last changed, RFC 3339.
    pub updated_at: String,
    /// Where to go on.
    pub links: Links,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// Whose fault it is.
    pub class: ErrorClass,
    /// A stable code.
    pub code: String,
    /// What happened, where, and what to do.
    pub message: String,
}

/// How much of the ledger was computed for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// Segments of the ledger.
    pub total: u32,
    /// Those that were computed; the rest is shared with the revision before.
    pub recomputed: u32,
}

/// Where to go on, as paths of this API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    /// This job.
    #[serde(rename = "self")]
    pub itself: String,
    /// Its refused records, when there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects: Option<String>,
    /// Stops the job (DELETE), or takes it out of the ledger once a turn has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<String>,
    /// What to keep of it, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// Takes the upload out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// The ledger's rows.
    pub transactions: String,
    /// The ledger's totals.
    pub summary: String,
}

impl JobResource {
    /// The resource of a job at `now`.
    #[must_use]
    pub fn of(view: &View, now: Instant) -> Self {
        let job = &view.job.value;
        let Outcome {
            standing,
            state,
            counts,
            warnings,
        } = Outcome::of(job, view.ingest.as_ref(), view.turn.as_ref());
        let retry_allowed = job.retry_allowed(view.turn.as_ref());
        let undone_by = job.upload().and_then(|upload| upload.undone_by);
        let (revision, segments) = published(view, &standing);
        let estimate = Estimate::of(view, now);
        Self {
            job_id: job.id,
            kind: job.kind.name(),
            filename: job.upload().map(|upload| upload.filename.clone()),
            undoes: undoes(&job.kind),
            ledger: job.owner.ledger.clone(),
            state,
            is_terminal: standing.is_terminal(),
            stage: current_stage(view).map(domain::ids::Stage::name),
            progress: progress(view, &standing, &counts),
            counts,
            estimated_completion_at: estimate.map(|estimate| estimate.at.to_string()),
            estimated_from_stage: estimate.map(|estimate| estimate.stage.name()),
            poll_after_seconds: poll_after(view, estimate, now),
            retry_allowed,
            error: ErrorBody::of(&standing),
            warnings,
            undone_by,
            revision,
            segments,
            created_at: job.created_at.to_string(),
            updated_at: job.updated_at.to_string(),
            links: links(view, &standing, &counts, retry_allowed),
        }
    }
}

impl ErrorBody {
    /// Why a job failed, when it did.
    pub(crate) fn of(standing: &Standing<'_>) -> Option<Self> {
        let Standing::Failed(error) = standing else {
            return None;
        };
        Some(Self {
            class: error.class,
            code: error.code.clone(),
            message: error.message.clone(),
        })
    }
}

/// The upload that an undo takes out.
pub(crate) fn undoes(kind: &JobKind) -> Option<JobId> {
    match kind {
        JobKind::Undo { of } => Some(*of),
        JobKind::Upload(_)
        | JobKind::Settings { .. }
        | JobKind::Prices { .. }
        | JobKind::Override { .. } => None,
    }
}

fn progress(view: &View, standing: &Standing<'_>, counts: &RecordCounts) -> Progress {
    let mut progress = Progress::of(view, String::new());
    let running = current_stage(view)
        .and_then(|stage| progress.stages.iter().find(|at| at.name == stage.name()));
    progress.message = message(view, standing, counts, running);
    progress
}

fn message(
    view: &View,
    standing: &Standing<'_>,
    counts: &RecordCounts,
    running: Option<&StageProgress>,
) -> String {
    let batches = |verb: &str, of: &str| match running {
        Some(stage) if stage.total > 0 => format!("{verb}: {} of {} {of}", stage.done, stage.total),
        _ => verb.to_owned(),
    };
    match standing {
        Standing::Failed(error) => return error.message.clone(),
        Standing::Expired => {
            return "the file did not arrive in time; request a new upload".to_owned();
        }
        Standing::Cancelled => return "cancelled; nothing of it is in the ledger".to_owned(),
        Standing::Completed { .. } if view.job.value.upload().is_some() => {
            return format!(
                "{} rows accepted, {} duplicates, {} refused",
                counts.accepted, counts.duplicate, counts.rejected
            );
        }
        Standing::Completed { .. } => return "done".to_owned(),
        Standing::AwaitingUpload | Standing::Running => {}
    }
    match (
        &view.job.value.phase,
        view.turn.as_ref().map(|turn| &turn.phase),
    ) {
        (JobPhase::AwaitingUpload, _) if view.job.value.generation.0 > 1 => {
            "reading the file again".to_owned()
        }
        (JobPhase::AwaitingUpload, _) => "waiting for the file".to_owned(),
        (JobPhase::Ingesting, _) => batches("reading rows", "chunks"),
        (_, Some(TurnPhase::Beginning | TurnPhase::Pricing)) => {
            batches("finding prices", "requests")
        }
        (_, Some(TurnPhase::Planning)) => "planning".to_owned(),
        (_, Some(TurnPhase::Reconciling)) => batches("matching transfers", "segments"),
        (_, Some(TurnPhase::Measuring)) => batches("computing lots and gains", "segments"),
        (_, Some(TurnPhase::Publishing)) => "publishing".to_owned(),
        (_, Some(TurnPhase::Failed { .. })) => {
            "computed together with others it failed; waiting for a turn of its own".to_owned()
        }
        (_, Some(TurnPhase::Completed) | None) => "waiting for its turn of the ledger".to_owned(),
    }
}

fn published(view: &View, standing: &Standing<'_>) -> (Option<u64>, Option<Segments>) {
    let (Standing::Completed { revision }, Some(turn)) = (standing, &view.turn) else {
        return (None, None);
    };
    let segments = turn.segments.map(|total| Segments {
        total,
        recomputed: total.saturating_sub(turn.restart),
    });
    (Some(revision.0), segments)
}

fn links(
    view: &View,
    standing: &Standing<'_>,
    counts: &RecordCounts,
    retry_allowed: bool,
) -> Links {
    let job = &view.job.value;
    let itself = format!("/v1/jobs/{}", job.id);
    let ledger = format!("/v1/ledgers/{}", job.owner.ledger);
    let parsed = view
        .ingest
        .as_ref()
        .is_some_and(domain::state::DoneSet::is_full);
    let undoable = matches!(standing, Standing::Completed { .. })
        && job
            .upload()
            .is_some_and(|upload| upload.undone_by.is_none());
    Links {
        rejects: (parsed && counts.rejected > 0).then(|| format!("{itself}/rejects")),
        cancel: is_cancellable(view, standing).then(|| itself.clone()),
        receipt: standing.is_terminal().then(|| format!("{itself}/receipt")),
        retry: retry_allowed.then(|| format!("{itself}/retry")),
        undo: undoable.then(|| format!("{itself}/undo")),
        transactions: format!("{ledger}/transactions"),
        summary: format!("{ledger}/summary"),
        itself,
    }
}
