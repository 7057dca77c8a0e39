//! An order for a file: a CSV of one revision, or a job's rejected records.

use serde::{Deserialize, Serialize};

use super::{Change, Document, DocumentError, Key, OutboxRecord, Transition, Versioned};
use crate::ids::LedgerRef;
use crate::message::{Envelope, Queue, Task};
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

impl ExportOrder {
    /// Orders a file by `task`; `None` when it is being written or there. An order that was given up
    /// is placed anew.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn place(
        earlier: Option<&Versioned<Self>>,
        owner: &LedgerRef,
        object_key: &str,
        task: Task,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let order = Self {
            owner: owner.clone(),
            object_key: object_key.to_owned(),
            state: ExportState::Ordered,
            ordered_at: now,
        };
        let change = match earlier {
            None => Change::insert(&order)?,
            Some(earlier) => match earlier.value.state {
                ExportState::Ordered | ExportState::Ready => return Ok(None),
                ExportState::Failed { .. } => Change::replace(&order, earlier.version)?,
            },
        };
        let mut transition = Transition::default();
        transition.change(change);
        // The time is in the id because the record of an order that was given up may still be there.
        let id = format!("export#{object_key}#{}", now.0);
        let envelope = Envelope::new(owner, task, object_key);
        transition.send(OutboxRecord::one(id, Queue::Export, envelope, now))?;
        Ok(Some(transition))
    }
}

/// The transitions, as with jobs: `None` means that the order is past that point (I2).
impl Versioned<ExportOrder> {
    /// The file is stored.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn written(&self) -> Result<Option<Transition>, DocumentError> {
        match self.value.state {
            ExportState::Ready => Ok(None),
            ExportState::Ordered | ExportState::Failed { .. } => {
                self.become_state(ExportState::Ready).map(Some)
            }
        }
    }

    /// The file cannot be written.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn given_up(&self, message: String) -> Result<Option<Transition>, DocumentError> {
        match self.value.state {
            ExportState::Ready | ExportState::Failed { .. } => Ok(None),
            ExportState::Ordered => self.become_state(ExportState::Failed { message }).map(Some),
        }
    }

    fn become_state(&self, state: ExportState) -> Result<Transition, DocumentError> {
        let order = ExportOrder {
            state,
            ..self.value.clone()
        };
        let mut transition = Transition::default();
        transition.change(Change::replace(&order, self.version)?);
        Ok(transition)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::Version;
    use super::*;
    use crate::ids::TurnId;

    fn owner() -> LedgerRef {
        LedgerRef {
            tenant: "t".parse().unwrap(),
            ledger: "l".parse().unwrap(),
        }
    }

    fn order(state: ExportState) -> Versioned<ExportOrder> {
        let value = ExportOrder {
            owner: owner(),
            object_key: "k".to_owned(),
            state,
            ordered_at: Instant(1),
        };
        Versioned {
            value,
            version: Version(7),
        }
    }

    fn place(earlier: Option<&Versioned<ExportOrder>>) -> Option<Transition> {
        let task = Task::Export {
            turn: TurnId(1),
            name: "holdings.csv".to_owned(),
        };
        ExportOrder::place(earlier, &owner(), "k", task, Instant(5)).unwrap()
    }

    #[test]
    fn an_order_is_placed_with_its_message() {
        let transition = place(None).unwrap();
        assert_eq!(transition.changes.len(), 2);
        assert_eq!(transition.outgoing[0].queue, Queue::Export);
    }

    #[test]
    fn ordering_twice_is_ordering_once() {
        assert_eq!(place(Some(&order(ExportState::Ordered))), None);
        assert_eq!(place(Some(&order(ExportState::Ready))), None);
    }

    #[test]
    fn an_order_that_was_given_up_is_placed_anew() {
        let failed = order(ExportState::Failed {
            message: "x".to_owned(),
        });
        let transition = place(Some(&failed)).unwrap();
        assert!(matches!(
            &transition.changes[0],
            Change::Replace {
                version: Version(7),
                ..
            }
        ));
    }

    #[test]
    fn a_written_file_stays_ready() {
        assert!(order(ExportState::Ordered).written().unwrap().is_some());
        assert_eq!(order(ExportState::Ready).written().unwrap(), None);
        assert_eq!(
            order(ExportState::Ready)
                .given_up("late".to_owned())
                .unwrap(),
            None
        );
        assert!(
            order(ExportState::Ordered)
                .given_up("x".to_owned())
                .unwrap()
                .is_some()
        );
    }
}
