//! How a job stands, its turn taken into account: a job in a turn shares the turn's end.

use super::{Job, JobError, JobPhase, Turn, TurnPhase};
use crate::ids::TurnId;

/// How a job stands, as everybody outside sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Signed, not yet arrived.
    AwaitingUpload,
    /// Somebody works on it, or it waits for its turn.
    Running,
    /// Its effect is published.
    Completed {
        /// In this revision, and in those after it.
        revision: TurnId,
    },
    /// It ended without effect.
    Failed(&'a JobError),
    /// Nothing arrived in time.
    Expired,
    /// Its user stopped it before it had an effect.
    Cancelled,
}

impl Standing<'_> {
    /// Whether only an explicit request moves it again (I5).
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::AwaitingUpload | Self::Running => false,
            Self::Completed { .. } | Self::Failed(_) | Self::Expired | Self::Cancelled => true,
        }
    }
}

impl Job {
    /// The turn whose end the job shares: what `standing` must be given.
    #[must_use]
    pub fn turn(&self) -> Option<TurnId> {
        match &self.phase {
            JobPhase::InTurn { turn } => Some(*turn),
            JobPhase::AwaitingUpload
            | JobPhase::Ingesting
            | JobPhase::AwaitingTurn
            | JobPhase::Failed { .. }
            | JobPhase::Expired
            | JobPhase::Cancelled => None,
        }
    }

    /// How the job stands. `turn` is the turn it points to. After a failed turn whose jobs were
    /// queued again it still runs: it waits for a turn of its own.
    #[must_use]
    pub fn standing<'a>(&'a self, turn: Option<&'a Turn>) -> Standing<'a> {
        match &self.phase {
            JobPhase::AwaitingUpload => Standing::AwaitingUpload,
            JobPhase::Ingesting | JobPhase::AwaitingTurn => Standing::Running,
            JobPhase::Failed { error } => Standing::Failed(error),
            JobPhase::Expired => Standing::Expired,
            JobPhase::Cancelled => Standing::Cancelled,
            JobPhase::InTurn { turn: id } => match turn.filter(|turn| turn.id == *id) {
                None => Standing::Running,
                Some(turn) => match &turn.phase {
                    TurnPhase::Completed => Standing::Completed { revision: *id },
                    TurnPhase::Failed {
                        error,
                        requeued: false,
                    } => Standing::Failed(error),
                    TurnPhase::Failed { requeued: true, .. }
                    | TurnPhase::Beginning
                    | TurnPhase::Pricing
                    | TurnPhase::Planning
                    | TurnPhase::Reconciling
                    | TurnPhase::Measuring
                    | TurnPhase::Publishing => Standing::Running,
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::{ErrorClass, JobKind};
    use super::*;
    use crate::ids::{JobId, LedgerRef};
    use crate::time::Instant;

    fn job(phase: JobPhase) -> Job {
        let owner = LedgerRef {
            tenant: "t".parse().unwrap(),
            ledger: "l".parse().unwrap(),
        };
        let id = JobId::new(1, &[1; 10]);
        Job::new(id, owner, JobKind::Undo { of: id }, phase, Instant(0))
    }

    fn turn(id: u64, phase: TurnPhase) -> Turn {
        let owner = job(JobPhase::Expired).owner;
        Turn {
            id: TurnId(id),
            owner,
            phase,
            jobs: Vec::new(),
            base: None,
            segments: None,
            restart: 0,
            reconcile_cursor: 0,
            metrics_cursor: 0,
            results: Vec::new(),
            started_at: Instant(0),
            updated_at: Instant(0),
            times: super::super::StageTimes::default(),
            correlation: String::new(),
        }
    }

    fn error() -> JobError {
        JobError {
            class: ErrorClass::Internal,
            code: "x".to_owned(),
            message: "y".to_owned(),
        }
    }

    #[test]
    fn a_job_in_a_turn_shares_its_end() {
        let job = job(JobPhase::InTurn { turn: TurnId(3) });
        assert_eq!(
            job.standing(Some(&turn(3, TurnPhase::Pricing))),
            Standing::Running
        );
        let completed = turn(3, TurnPhase::Completed);
        assert_eq!(
            job.standing(Some(&completed)),
            Standing::Completed {
                revision: TurnId(3)
            }
        );
        let failed = turn(
            3,
            TurnPhase::Failed {
                error: error(),
                requeued: false,
            },
        );
        assert_eq!(job.standing(Some(&failed)), Standing::Failed(&error()));
        assert!(job.standing(Some(&failed)).is_terminal());
    }

    #[test]
    fn a_job_that_was_queued_again_still_runs() {
        let job = job(JobPhase::InTurn { turn: TurnId(3) });
        let failed = turn(
            3,
            TurnPhase::Failed {
                error: error(),
                requeued: true,
            },
        );
        assert_eq!(job.standing(Some(&failed)), Standing::Running);
    }

    #[test]
    fn another_turn_says_nothing_of_the_job() {
        let job = job(JobPhase::InTurn { turn: TurnId(3) });
        assert_eq!(
            job.standing(Some(&turn(2, TurnPhase::Completed))),
            Standing::Running
        );
    }

    #[test]
    fn a_job_without_a_turn_stands_for_itself() {
        assert_eq!(
            job(JobPhase::AwaitingUpload).standing(None),
            Standing::AwaitingUpload
        );
        assert_eq!(job(JobPhase::Expired).standing(None), Standing::Expired);
        assert_eq!(job(JobPhase::Cancelled).standing(None), Standing::Cancelled);
        assert_eq!(
            job(JobPhase::Failed { error: error() }).standing(None),
            Standing::Failed(&error())
        );
    }
}
