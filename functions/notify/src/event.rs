//! The event a receiver gets: Standard Webhooks' `type`, `timestamp` and `data`. The names are
//! frozen: programs of others read them.

use domain::ids::{JobId, LedgerId};
use domain::state::{ErrorClass, JobError, JobState, Outcome, RecordCounts};
use domain::time::Instant;
use ports::jobs::KnownJob;
use serde::Serialize;

/// The end of a job.
#[derive(Debug, Serialize)]
pub(crate) struct Event<'a> {
    /// `job.` and the state.
    #[serde(rename = "type")]
    kind: String,
    /// When the job ended, RFC 3339.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    job_id: JobId,
    kind: &'static str,
    ledger: &'a LedgerId,
    state: JobState,
    counts: RecordCounts,
    /// As a path of the API.
    status_url: String,
    /// Absent unless it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody<'a>>,
}

/// Why a job failed.
#[derive(Debug, Serialize)]
struct ErrorBody<'a> {
    class: ErrorClass,
    code: &'a str,
    message: &'a str,
}

impl<'a> ErrorBody<'a> {
    /// What is wrong with a file is told by quoting it, so those words stay with the job resource.
    fn of(error: &'a JobError) -> Self {
        let message = match error.class {
            ErrorClass::Data => "the file is at fault; status_url says what and where",
            ErrorClass::Transient | ErrorClass::Price | ErrorClass::Internal => &error.message,
        };
        Self {
            class: error.class,
            code: &error.code,
            message,
        }
    }
}

impl<'a> Event<'a> {
    /// The event of a job that has ended.
    pub(crate) fn of(known: &'a KnownJob, outcome: &Outcome<'a>) -> Self {
        let job = &known.job.value;
        Self {
            kind: format!("job.{}", outcome.state.name()),
            timestamp: ended_at(known).to_string(),
            data: Data {
                job_id: job.id,
                kind: job.kind.name(),
                ledger: &job.owner.ledger,
                state: outcome.state,
                counts: outcome.counts,
                status_url: format!("/v1/jobs/{}", job.id),
                error: outcome.error().map(ErrorBody::of),
            },
        }
    }
}

/// A job that shares a turn's end ended with it; the job's own document may change after that.
fn ended_at(known: &KnownJob) -> Instant {
    let own = known.job.value.updated_at;
    known.turn.as_ref().map_or(own, |turn| turn.updated_at)
}

/// The event's `webhook-id`. A generation of a job ends once, so this names the end.
pub(crate) fn id(known: &KnownJob) -> String {
    let job = &known.job.value;
    format!("job_{}_{}", job.id, job.generation)
}
