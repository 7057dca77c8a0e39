//! Read, decide, commit: the loop around every pure transition of `domain::state`.

use domain::state::{Change, OutboxRecord};

use crate::{PortError, PortErrorKind, Sender, StateStore, outbox};

/// What a transition wants: changes to commit together, and the outbox records among them that are
/// to be sent at once.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The changes.
    pub changes: Vec<Change>,
    /// The records to dispatch after the commit; `also_send` adds them to the changes.
    pub outgoing: Vec<OutboxRecord>,
}

impl Wanted {
    /// Adds a record that must go out with these changes.
    ///
    /// # Errors
    /// The record has no JSON form.
    pub fn also_send(&mut self, record: OutboxRecord) -> Result<(), PortError> {
        self.changes.push(Change::insert(&record)?);
        self.outgoing.push(record);
        Ok(())
    }
}

/// Commits what a transition wants and sends what it says. A failed send is no error: the record is
/// stored and `sweep` sends it.
///
/// # Errors
/// `Conflict` when a document moved since it was read: the caller reads again and decides again.
pub async fn apply(store: &dyn StateStore, sender: &dyn Sender, wanted: Wanted) -> Result<(), PortError> {
    if !wanted.changes.is_empty() {
        store.commit(&wanted.changes).await?;
    }
    for record in &wanted.outgoing {
        if let Err(error) = outbox::dispatch(store, sender, record).await {
            tracing::warn!(outbox.id = %record.id, %error, "left a message to the sweep");
        }
    }
    Ok(())
}

/// How often a transition is decided anew when somebody else was first.
pub const ATTEMPTS: u32 = 8;

/// Whether a transition should be decided anew: the commit conflicted and attempts are left.
#[must_use]
pub fn decide_again(error: &PortError, attempt: u32) -> bool {
    error.kind == PortErrorKind::Conflict && attempt + 1 < ATTEMPTS
}
