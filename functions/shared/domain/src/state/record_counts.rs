//! How many records of a job's file became what: I3, wherever a job is shown.

use serde::Serialize;

use super::{DoneSet, Job, JobKind, Standing, Turn};

/// The fate of a file's records. They always add up:
/// `total = accepted + duplicate + rejected + ignored + failed + pending`, and `pending` is 0 when
/// the job has ended. `total` is 0 until `split` has counted, and for jobs without a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RecordCounts {
    /// Records of the file.
    pub total: u64,
    /// Rows that count. While a job runs duplicates are among them: they are found by `reconcile`.
    pub accepted: u64,
    /// Rows that repeat an earlier one of the ledger.
    pub duplicate: u64,
    /// Refused; `rejects` says why.
    pub rejected: u64,
    /// Known to carry nothing.
    pub ignored: u64,
    /// In chunks that failed, or never reached because the job failed or was cancelled before.
    pub failed: u64,
    /// Not yet dealt with.
    pub pending: u64,
}

impl RecordCounts {
    /// The counts of a job, with its chunks and the turn it points to.
    #[must_use]
    pub fn of(job: &Job, ingest: Option<&DoneSet>, turn: Option<&Turn>) -> Self {
        let JobKind::Upload(upload) = &job.kind else {
            return Self::default();
        };
        let Some(total) = upload.records else {
            return Self::default();
        };
        let settled = ingest.map(|set| set.counts).unwrap_or_default();
        let mut counts = Self {
            total,
            accepted: settled.accepted,
            duplicate: settled.duplicate,
            rejected: settled.rejected,
            ignored: settled.ignored,
            failed: settled.failed,
            pending: 0,
        };
        let standing = job.standing(turn);
        if let (Standing::Completed { .. }, Some(turn)) = (standing, turn) {
            let result = turn.results.iter().find(|(of, _, _)| *of == job.id);
            if let Some((_, accepted, duplicate)) = result {
                counts.accepted = *accepted;
                counts.duplicate = *duplicate;
            }
        }
        let left = total.saturating_sub(counts.settled());
        if standing.is_terminal() {
            counts.failed += left;
        } else {
            counts.pending = left;
        }
        counts
    }

    fn settled(&self) -> u64 {
        self.accepted + self.duplicate + self.rejected + self.ignored + self.failed
    }
}
