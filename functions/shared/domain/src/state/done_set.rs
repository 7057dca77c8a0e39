//! The join of a stage: which batches are done, kept with their counts in one item (I4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ErrorClass, Key};
use crate::counts::RowCounts;
use crate::ids::{Generation, JobId, LedgerRef, Stage, TurnId};
use crate::limits::MAX_CAUSE_BYTES;

/// The done-set of one stage of a job or turn.
///
/// It is written by the planner with the number of batches, in the transaction that makes the plan
/// known, so that no worker can find it missing. After that it changes only by `BatchOutcome`s,
/// each applied under "not yet contained", and by a retry that raises its generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneSet {
    /// The partition of the state table: that of the job or turn.
    pub partition: String,
    /// The stage.
    pub stage: Stage,
    /// The attempt whose outcomes count.
    pub generation: Generation,
    /// Batches there are.
    pub total: u32,
    /// Whether the last batch joins what all others left: it is done when they are, and not when one
    /// of them was given up.
    pub join: bool,
    /// Batches done, with the generation that completed each.
    pub done: BTreeMap<u32, Generation>,
    /// Batches given up in this generation, with their causes.
    pub failed: BTreeMap<u32, BatchFailure>,
    /// Sum of the counts of batches done or given up.
    pub counts: RowCounts,
}

/// Why a batch was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFailure {
    /// Whose fault it is.
    pub class: ErrorClass,
    /// A stable code.
    pub code: String,
    /// The cause, in words.
    pub message: String,
    /// Records that are in the batch.
    pub records: u64,
}

impl BatchFailure {
    /// A cause, cut to what a set keeps of it: a set in which every batch was given up must still be
    /// one document.
    #[must_use]
    pub fn new(class: ErrorClass, code: &str, message: &str, records: u64) -> Self {
        let kept = message.floor_char_boundary(MAX_CAUSE_BYTES);
        Self {
            class,
            code: code.to_owned(),
            message: message.get(..kept).unwrap_or_default().to_owned(),
            records,
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchOutcome {
    /// Its effects are stored.
    Done(RowCounts),
    /// It was given up.
    Failed(BatchFailure),
}

/// What recording an outcome did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The outcome counted; this is the set with it.
    Added(DoneSet),
    /// The batch was done or given up before; nothing changed.
    Already(DoneSet),
    /// The set is of another generation; nothing changed (I2).
    Stale,
}

impl DoneSet {
    /// A set for the batches of a stage of a job.
    #[must_use]
    pub fn of_job(job: JobId, owner: &LedgerRef, stage: Stage, total: u32) -> Self {
        Self::new(Self::job_key(job, owner, stage), stage, total)
    }

    /// A set for the batches of a stage of a turn; batches before `first` count as done, because a
    /// restarted turn leaves the segments before its checkpoint untouched.
    #[must_use]
    pub fn of_turn(turn: TurnId, owner: &LedgerRef, stage: Stage, first: u32, total: u32) -> Self {
        let mut set = Self::new(Self::turn_key(turn, owner, stage), stage, total);
        set.done = (0..first).map(|batch| (batch, Generation::FIRST)).collect();
        set
    }

    fn new(key: Key, stage: Stage, total: u32) -> Self {
        Self {
            partition: key.partition,
            stage,
            generation: Generation::FIRST,
            total,
            join: false,
            done: BTreeMap::new(),
            failed: BTreeMap::new(),
            counts: RowCounts::default(),
        }
    }

    /// Where the set of a job's stage stands.
    #[must_use]
    pub fn job_key(job: JobId, owner: &LedgerRef, stage: Stage) -> Key {
        Key::new(
            super::job::partition(&owner.tenant, job),
            format!("done#{}", stage.name()),
        )
    }

    /// Where the set of a turn's stage stands.
    #[must_use]
    pub fn turn_key(turn: TurnId, owner: &LedgerRef, stage: Stage) -> Key {
        Key::new(
            super::turn::partition(owner, turn),
            format!("done#{}", stage.name()),
        )
    }

    /// Where the set stands.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(
            self.partition.clone(),
            format!("done#{}", self.stage.name()),
        )
    }

    /// Whether every batch is done or given up.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.done.len() + self.failed.len() >= self.total as usize
    }

    /// The batch that joins, when it is time for it: all others are done.
    #[must_use]
    pub fn due_join(&self) -> Option<u32> {
        let last = self.total.checked_sub(1).filter(|_| self.join)?;
        let others = self.done.len() == last as usize && !self.done.contains_key(&last);
        (others && self.failed.is_empty()).then_some(last)
    }

    /// The batches to send again: all that are not done, and the one that joins only when the others
    /// are, for then nobody else comes to do it.
    #[must_use]
    pub fn left(&self) -> Vec<u32> {
        let join = self.total.checked_sub(1).filter(|_| self.join);
        let mut left: Vec<u32> = (0..self.total)
            .filter(|batch| !self.done.contains_key(batch))
            .collect();
        if left.len() > 1 && left.last() == join.as_ref() {
            left.pop();
        }
        left
    }

    /// Whether the stage can end: every batch is done or given up, or only the one that joins is not
    /// and never will be, because another was given up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let settled = self.done.len() + self.failed.len();
        self.is_full()
            || (self.join && !self.failed.is_empty() && settled + 1 >= self.total as usize)
    }

    /// Applies an outcome under "not yet contained".
    #[must_use]
    pub fn record(mut self, generation: Generation, batch: u32, outcome: BatchOutcome) -> Recorded {
        if generation != self.generation {
            return Recorded::Stale;
        }
        if self.done.contains_key(&batch) || self.failed.contains_key(&batch) {
            return Recorded::Already(self);
        }
        match outcome {
            BatchOutcome::Done(counts) => {
                self.counts.add(&counts);
                self.done.insert(batch, generation);
            }
            BatchOutcome::Failed(failure) => {
                self.counts.failed += failure.records;
                self.failed.insert(batch, failure);
            }
        }
        Recorded::Added(self)
    }

    /// The set of the next attempt: failures are forgotten, what is done stays.
    #[must_use]
    pub fn restarted(mut self, to: Generation) -> Self {
        self.generation = to;
        self.failed.clear();
        self.counts.failed = 0;
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// A set of two chunks and the join behind them, with these batches done and given up.
    fn set(done: &[u32], failed: &[u32]) -> DoneSet {
        let owner = LedgerRef {
            tenant: "local".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        };
        let mut set = DoneSet::of_job(JobId::new(1, &[0; 10]), &owner, Stage::Ingest, 3);
        set.join = true;
        set.done = done
            .iter()
            .map(|batch| (*batch, Generation::FIRST))
            .collect();
        let failure = BatchFailure::new(ErrorClass::Transient, "gave_up", "why", 1);
        set.failed = failed
            .iter()
            .map(|batch| (*batch, failure.clone()))
            .collect();
        set
    }

    #[test]
    fn the_join_is_due_when_all_others_are_done_and_none_was_given_up() {
        assert_eq!(set(&[0, 1], &[]).due_join(), Some(2));
        for (done, failed) in [
            (&[0][..], &[][..]),
            (&[0], &[1]),
            (&[0, 1, 2], &[]),
            (&[0, 1], &[2]),
        ] {
            assert_eq!(set(done, failed).due_join(), None, "{done:?} {failed:?}");
        }
        let mut without = set(&[0, 1], &[]);
        without.join = false;
        assert_eq!(without.due_join(), None);
    }

    #[test]
    fn a_stage_is_over_with_the_join_or_without_it_once_another_was_given_up() {
        for (done, failed, over) in [
            (&[0, 1][..], &[][..], false),
            (&[0, 1, 2], &[], true),
            (&[0, 1], &[2], true),
            (&[0], &[1], true),
            (&[], &[0], false),
        ] {
            assert_eq!(set(done, failed).is_over(), over, "{done:?} {failed:?}");
        }
    }

    #[test]
    fn what_is_sent_again_is_what_is_not_done_and_the_join_only_alone() {
        assert_eq!(set(&[0], &[1]).left(), [1]);
        assert_eq!(set(&[0, 1], &[2]).left(), [2]);
        assert_eq!(set(&[], &[]).left(), [0, 1]);
        assert!(set(&[0, 1, 2], &[]).left().is_empty());
        let mut without = set(&[1], &[0, 2]);
        without.join = false;
        assert_eq!(without.left(), [0, 2]);
    }
}
