//! Uploads that were signed and may never come, in the order they were signed.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{JobId, LedgerRef};
use crate::time::Instant;

/// One signed upload. Written in the transaction that creates or re-signs the job, so that `sweep`
/// can find it without looking at every job there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedUpload {
    /// The ledger.
    pub owner: LedgerRef,
    /// The job.
    pub job: JobId,
    /// When it was signed first.
    pub signed_at: Instant,
}

impl AwaitedUpload {
    /// The partition all of them are listed in.
    pub const PARTITION: &'static str = "awaited";
}

impl Document for AwaitedUpload {
    const KIND: &'static str = "awaited_upload";

    fn key(&self) -> Key {
        Key::new(
            Self::PARTITION,
            format!("{:020}#{}", self.signed_at.0, self.job),
        )
    }
}

/// How far a sweep came through the awaited uploads, when there are more than it looks at in one go:
/// the next one goes on there. The oldest alone would hide what is behind them, for uploads may be
/// awaited for a day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AwaitedPlace {
    /// The sort key of the last one that was looked at; none begins anew.
    pub after: Option<String>,
}

impl Document for AwaitedPlace {
    const KIND: &'static str = "awaited_place";

    fn key(&self) -> Key {
        Self::only()
    }
}

impl AwaitedPlace {
    /// The key of the only one there is.
    #[must_use]
    pub fn only() -> Key {
        Key::new("sweep", "awaited")
    }
}
