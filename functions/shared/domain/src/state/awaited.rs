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
