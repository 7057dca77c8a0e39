//! How many records became what (I3).

use serde::{Deserialize, Serialize};

/// The fate of a file's records. While a job runs, `pending` is what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Became rows that count.
    pub accepted: u64,
    /// Rows that repeat an earlier one: kept, flagged, without effect.
    pub duplicate: u64,
    /// Refused, with line, column and reason.
    pub rejected: u64,
    /// Known to carry nothing: blank records.
    pub ignored: u64,
    /// In chunks that failed.
    pub failed: u64,
}

impl RowCounts {
    /// Every record whose fate is known.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.accepted + self.duplicate + self.rejected + self.ignored + self.failed
    }

    /// Adds another batch's counts.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.ignored += other.ignored;
        self.failed += other.failed;
    }
}
