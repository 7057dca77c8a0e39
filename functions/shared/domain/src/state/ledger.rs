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
        Self { owner, active: None, published: None, next_turn: TurnId(1) }
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

/// A job that waits for a turn of its ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRequest {
    /// Which ledger.
    pub owner: LedgerRef,
    /// The job.
    pub job: JobId,
    /// It was in a turn that failed, so it gets the next one alone and the cause shows itself.
    pub alone: bool,
    /// When it asked: requests are admitted in this order.
    pub asked_at: Instant,
}

impl TurnRequest {
    /// The sort keys of all requests begin with this.
    pub const PREFIX: &'static str = "request#";
}

impl Document for TurnRequest {
    const KIND: &'static str = "turn_request";

    fn key(&self) -> Key {
        Key::new(partition(&self.owner), format!("{}{:020}#{}", Self::PREFIX, self.asked_at.0, self.job))
    }
}

pub(super) fn partition(owner: &LedgerRef) -> String {
    format!("ledger#{}#{}", owner.tenant, owner.ledger)
}
