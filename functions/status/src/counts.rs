//! How many records of a file became what: I3 in every answer.

use domain::state::{JobKind, Standing};
use serde::Serialize;

use crate::view::View;

/// The fate of a file's records. They always add up:
/// `total = accepted + duplicate + rejected + ignored + failed + pending`, and `pending` is 0 when
/// the job has ended. `total` is 0 until `split` has counted, and for jobs without a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
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
    /// In chunks that failed, or never reached because the job failed before.
    pub failed: u64,
    /// Not yet dealt with.
    pub pending: u64,
}

impl Counts {
    /// The counts of a job.
    #[must_use]
    pub fn of(view: &View) -> Self {
        let JobKind::Upload(upload) = &view.job.value.kind else {
            return Self::default();
        };
        let Some(total) = upload.records else {
            return Self::default();
        };
        let settled = view
            .ingest
            .as_ref()
            .map(|set| set.counts)
            .unwrap_or_default();
        let mut counts = Self {
            total,
            accepted: settled.accepted,
            duplicate: settled.duplicate,
            rejected: settled.rejected,
            ignored: settled.ignored,
            failed: settled.failed,
            pending: 0,
        };
        let standing = view.job.value.standing(view.turn.as_ref());
        if let (Standing::Completed { .. }, Some(turn)) = (standing, &view.turn) {
            let result = turn
                .results
                .iter()
                .find(|(job, _, _)| *job == view.job.value.id);
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
