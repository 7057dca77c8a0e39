//! What a job has come to, in the words of the API: what `status` answers and `notify` tells.

use serde::Serialize;

use super::{DoneSet, Job, JobError, RecordCounts, Standing, Turn};

/// The states of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// The file has not arrived.
    AwaitingUpload,
    /// Somebody works on it, or it waits for its turn.
    Running,
    /// Published.
    Completed,
    /// Published; the warnings say what to look at.
    CompletedWithWarnings,
    /// Ended without effect.
    Failed,
    /// The file did not arrive in time.
    Expired,
    /// Its user stopped it before it had an effect.
    Cancelled,
}

impl JobState {
    /// The state's name in answers and events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AwaitingUpload => "awaiting_upload",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::CompletedWithWarnings => "completed_with_warnings",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Something the user should know of a completed job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// A stable code.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// What a job has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// How it stands.
    pub standing: Standing<'a>,
    /// The same as one word.
    pub state: JobState,
    /// What became of its records.
    pub counts: RecordCounts,
    /// What the user should know; only of a completed upload.
    pub warnings: Vec<Warning>,
}

impl<'a> Outcome<'a> {
    /// The outcome of a job, with its chunks and the turn it points to.
    ///
    /// A completed job has warnings when records were refused, when the file had none, or when all
    /// of its rows were there before.
    #[must_use]
    pub fn of(job: &'a Job, ingest: Option<&DoneSet>, turn: Option<&'a Turn>) -> Self {
        let standing = job.standing(turn);
        let counts = RecordCounts::of(job, ingest, turn);
        let completed = matches!(standing, Standing::Completed { .. });
        let warnings = if completed && job.upload().is_some() {
            warnings(&counts)
        } else {
            Vec::new()
        };
        Self {
            standing,
            state: state(&standing, !warnings.is_empty()),
            counts,
            warnings,
        }
    }

    /// Why the job failed, when it did.
    #[must_use]
    pub fn error(&self) -> Option<&'a JobError> {
        match self.standing {
            Standing::Failed(error) => Some(error),
            _ => None,
        }
    }
}

fn state(standing: &Standing<'_>, warned: bool) -> JobState {
    match standing {
        Standing::AwaitingUpload => JobState::AwaitingUpload,
        Standing::Running => JobState::Running,
        Standing::Completed { .. } if warned => JobState::CompletedWithWarnings,
        Standing::Completed { .. } => JobState::Completed,
        Standing::Failed(_) => JobState::Failed,
        Standing::Expired => JobState::Expired,
        Standing::Cancelled => JobState::Cancelled,
    }
}

fn warnings(counts: &RecordCounts) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if counts.rejected > 0 {
        let message = format!(
            "{} of {} records were refused; `rejects` says why",
            counts.rejected, counts.total
        );
        warnings.push(Warning {
            code: "rejected_records",
            message,
        });
    }
    if counts.total == 0 {
        warnings.push(Warning {
            code: "no_records",
            message: "the file has a header but no records".to_owned(),
        });
    }
    if counts.accepted == 0 && counts.duplicate > 0 {
        let message = format!("all {} rows were in the ledger before", counts.duplicate);
        warnings.push(Warning {
            code: "only_duplicates",
            message,
        });
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_states_name_is_its_serialised_form() {
        for state in [
            JobState::AwaitingUpload,
            JobState::Running,
            JobState::Completed,
            JobState::CompletedWithWarnings,
            JobState::Failed,
            JobState::Expired,
            JobState::Cancelled,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
