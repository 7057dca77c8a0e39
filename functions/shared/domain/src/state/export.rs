//! An order for a file: a CSV of one revision, or a job's rejected records.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::LedgerRef;
use crate::time::Instant;

/// How far an order is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ExportState {
    /// Being written.
    Ordered,
    /// Given up; asking again orders anew.
    Failed {
        /// The cause.
        message: String,
    },
    /// Stored under the order's object key.
    Ready,
}

/// An order. Its object key follows from what was ordered, so ordering twice is ordering once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOrder {
    /// The ledger.
    pub owner: LedgerRef,
    /// The object the file is written to.
    pub object_key: String,
    /// How far it is.
    pub state: ExportState,
    /// When it was ordered.
    pub ordered_at: Instant,
}

impl ExportOrder {
    /// Where the order for an object stands.
    #[must_use]
    pub fn key_of(owner: &LedgerRef, object_key: &str) -> Key {
        Key::new(
            format!("ledger#{}#{}", owner.tenant, owner.ledger),
            format!("export#{object_key}"),
        )
    }
}

impl Document for ExportOrder {
    const KIND: &'static str = "export_order";

    fn key(&self) -> Key {
        Self::key_of(&self.owner, &self.object_key)
    }
}
