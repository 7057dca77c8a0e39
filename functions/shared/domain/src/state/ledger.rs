//! A ledger's item and the requests for its turns.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{JobId, LedgerRef, TurnId};
use crate::time::Instant;

/// One per ledger: which turn runs, which revision is published. Created by the first turn request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerItem {
    /// Which ledger.
    pub owner: LedgerRef,
    /// The turn that is running.
    pub active: Option<TurnId>,
    /// The revision readers see: the last turn that was published.
    pub published: Option<TurnId>,
    /// The number the next turn gets.
    pub next_turn: TurnId,
}

impl LedgerItem {
    /// A ledger nobody has computed yet.
    #[must_use]
    pub fn new(owner: LedgerRef) -> Self {
        Self {
            owner,
            active: None,
            published: None,
            next_turn: TurnId(1),
        }
    }

    /// Where a ledger's item stands.
    #[must_use]
    pub fn key_of(owner: &LedgerRef) -> Key {
        Key::new(partition(owner), "ledger")
    }
}

impl Document for LedgerItem {
    const KIND: &'static str = "ledger";

    fn key(&self) -> Key {
        Self::key_of(&self.owner)
    }
}

/// A job that waits for a turn of its ledger. There is at most one per job, and they sort as the
/// jobs were created: the order of admission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRequest {
    /// Which ledger.
    pub owner: LedgerRef,
    /// The job.
    pub job: JobId,
    /// It was in a turn that failed, so it gets the next one alone and the cause shows itself.
    pub alone: bool,
    /// When it asked.
    pub asked_at: Instant,
}

impl TurnRequest {
    /// The sort keys of all requests begin with this.
    pub const PREFIX: &'static str = "request#";

    /// The partition a ledger's requests are listed in.
    #[must_use]
    pub fn partition_of(owner: &LedgerRef) -> String {
        partition(owner)
    }

    /// Where a job's request stands.
    #[must_use]
    pub fn key_of(owner: &LedgerRef, job: JobId) -> Key {
        Key::new(partition(owner), format!("{}{job}", Self::PREFIX))
    }
}

impl Document for TurnRequest {
    const KIND: &'static str = "turn_request";

    fn key(&self) -> Key {
        Self::key_of(&self.owner, self.job)
    }
}

pub(super) fn partition(owner: &LedgerRef) -> String {
    format!("ledger#{}#{}", owner.tenant, owner.ledger)
}
