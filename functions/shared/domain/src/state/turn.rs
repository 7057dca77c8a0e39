//! A turn: price, reconcile and metrics over one snapshot of a ledger.

use serde::{Deserialize, Serialize};

use super::{Document, JobError, Key};
use crate::ids::{JobId, LedgerRef, TurnId};
use crate::time::Instant;

/// How far a turn is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum TurnPhase {
    /// Admitted; the jobs are being pointed to it and the snapshot is taken.
    Beginning,
    /// Prices are being pinned.
    Pricing,
    /// Segments are being planned.
    Planning,
    /// Segments are being reconciled.
    Reconciling,
    /// Lots are being computed.
    Measuring,
    /// The manifest is being written.
    Publishing,
    /// Published as a revision.
    Completed,
    /// Nothing was published.
    Failed {
        /// Why.
        error: JobError,
        /// Its jobs wait for another turn, each alone.
        requeued: bool,
    },
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Its number: the revision's number once published.
    pub id: TurnId,
    /// The ledger.
    pub owner: LedgerRef,
    /// How far it is.
    #[serde(flatten)]
    pub phase: TurnPhase,
    /// The jobs it admitted.
    pub jobs: Vec<JobId>,
    /// The revision it starts from.
    pub base: Option<TurnId>,
    /// Segments of its plan, once planned.
    pub segments: Option<u32>,
    /// First segment it computes, once planned.
    pub restart: u32,
    /// The segment whose reconcile fold is next.
    pub reconcile_cursor: u32,
    /// The segment whose metrics fold is next.
    pub metrics_cursor: u32,
    /// Accepted and duplicate rows of each upload of the revision, once published.
    pub results: Vec<(JobId, u64, u64)>,
    /// When it was admitted.
    pub started_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// The id every line of log about it carries.
    pub correlation: String,
}

impl Turn {
    /// Where a turn stands.
    #[must_use]
    pub fn key_of(owner: &LedgerRef, id: TurnId) -> Key {
        Key::new(partition(owner, id), "turn")
    }
}

impl Document for Turn {
    const KIND: &'static str = "turn";

    fn key(&self) -> Key {
        Self::key_of(&self.owner, self.id)
    }
}

pub(super) fn partition(owner: &LedgerRef, id: TurnId) -> String {
    format!("turn#{}#{}#{:020}", owner.tenant, owner.ledger, id.0)
}
