//! Read, decide, commit: the loop around every pure transition of `domain::state`.

use domain::state::{Document, DocumentError, Key, Transition, Versioned};

use crate::state::load;
use crate::{PortError, PortErrorKind, Sender, StateStore, outbox};

/// Moves one document by a pure transition: reads it, decides, commits; and again from the start
/// when somebody else was first. Nothing happens when the document is not there, or is past the
/// point the transition is for.
///
/// # Errors
/// What the store says; doing it again is right.
pub async fn carry_out<T, D>(
    store: &dyn StateStore,
    sender: &dyn Sender,
    key: &Key,
    decide: D,
) -> Result<(), PortError>
where
    T: Document + Send + Sync,
    D: Fn(&Versioned<T>) -> Result<Option<Transition>, DocumentError> + Send + Sync,
{
    for attempt in 0.. {
        let Some(document) = load::<T>(store, key).await? else {
            break;
        };
        let Some(transition) = decide(&document)? else {
            break;
        };
        match apply(store, sender, transition).await {
            Err(error) if decide_again(&error, attempt) => {}
            end => return end,
        }
    }
    Ok(())
}

/// The same for a document whose transitions send nothing.
///
/// # Errors
/// What the store says; doing it again is right.
pub async fn rewrite<T, D>(store: &dyn StateStore, key: &Key, decide: D) -> Result<(), PortError>
where
    T: Document + Send + Sync,
    D: Fn(&Versioned<T>) -> Result<Option<Transition>, DocumentError> + Send + Sync,
{
    for attempt in 0.. {
        let Some(document) = load::<T>(store, key).await? else {
            break;
        };
        let Some(transition) = decide(&document)? else {
            break;
        };
        match store.commit(&transition.changes).await {
            Err(error) if decide_again(&error, attempt) => {}
            end => return end,
        }
    }
    Ok(())
}

/// Commits what a transition wants and sends what it says. A failed send is no error: the record is
/// stored and `sweep` sends it.
///
/// # Errors
/// `Conflict` when a document moved since it was read: the caller reads again and decides again.
pub async fn apply(
    store: &dyn StateStore,
    sender: &dyn Sender,
    wanted: Transition,
) -> Result<(), PortError> {
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
