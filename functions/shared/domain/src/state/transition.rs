//! What a transition wants.

use super::{Change, DocumentError, OutboxRecord};

/// The changes of one step of a state machine, to be committed together, and the outbox records
/// among them, to be sent after the commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transition {
    /// All changes, the records' included.
    pub changes: Vec<Change>,
    /// The records that were added.
    pub outgoing: Vec<OutboxRecord>,
}

impl Transition {
    /// Adds a change.
    pub fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Adds a message that must go out with these changes (I1).
    ///
    /// # Errors
    /// The record has no JSON form.
    pub fn send(&mut self, record: OutboxRecord) -> Result<(), DocumentError> {
        self.changes.push(Change::insert(&record)?);
        self.outgoing.push(record);
        Ok(())
    }
}
