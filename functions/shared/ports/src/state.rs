//! The state table: documents under versions, and done-sets.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::ids::Generation;
use domain::limits::{MAX_COMMIT_CHANGES, MAX_DOCUMENT_BYTES};
use domain::state::{
    BatchOutcome, Change, Document, DocumentError, DoneSet, Key, Recorded, Version, Versioned,
};

use crate::PortError;

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its key.
    pub key: Key,
    /// Its kind.
    pub kind: String,
    /// Its JSON.
    pub body: String,
    /// Its version.
    pub version: Version,
}

impl Stored {
    /// The document.
    ///
    /// # Errors
    /// `Invalid` when the JSON is not of this kind.
    pub fn decode<T: Document>(&self) -> Result<Versioned<T>, PortError> {
        if self.kind != T::KIND {
            return Err(PortError::invalid(
                "state.decode",
                format!("found a {}, not a {}", self.kind, T::KIND),
            ));
        }
        let value = serde_json::from_str(&self.body).map_err(|source| DocumentError {
            kind: T::KIND,
            source,
        })?;
        Ok(Versioned {
            value,
            version: self.version,
        })
    }
}

/// The documents.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The document under a key, read consistently: a commit that returned before is seen.
    /// Asking again is free of effects. A done-set is no document, here and in `list`.
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError>;

    /// Documents of a partition whose sort key begins with `prefix` and is greater than `after`, in
    /// order of the sort key, at most `limit`. Fewer than `limit` means there are no more.
    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError>;

    /// Applies all changes or none. `Ok` proves all are durable. `Conflict` proves none was applied
    /// because a condition did not hold; after `Retry` it is unknown, and doing the same again is
    /// safe: if it had been applied, the second call answers `Conflict`.
    /// At most `limits::MAX_COMMIT_CHANGES` changes, each on another key.
    async fn commit(&self, changes: &[Change]) -> Result<(), PortError>;
}

/// The done-sets. They live in the state table and begin by `Change::InsertSet`.
#[async_trait]
pub trait DoneSets: Send + Sync {
    /// The set under a key, read consistently.
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError>;

    /// Records what became of a batch, atomically, under "same generation and not yet contained"
    /// (`DoneSet::record`). `Ok` proves it durable; a second call answers `Already`.
    /// `Invalid` when there is no such set.
    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError>;
}

/// The document under a key as its type.
///
/// # Errors
/// What the store says; `Invalid` when the document is of another kind.
pub async fn load<T: Document>(
    store: &dyn StateStore,
    key: &Key,
) -> Result<Option<Versioned<T>>, PortError> {
    match store.get(key).await? {
        Some(stored) => Ok(Some(stored.decode()?)),
        None => Ok(None),
    }
}

/// What no store takes, whatever it holds: too many changes, two of one key, a document too long.
/// Every store asks this first, so that all refuse the same.
///
/// # Errors
/// `Bug`.
pub fn check_commit(changes: &[Change]) -> Result<(), PortError> {
    if changes.len() > MAX_COMMIT_CHANGES {
        let text = format!(
            "{} changes; a commit takes at most {MAX_COMMIT_CHANGES}",
            changes.len()
        );
        return Err(PortError::bug("state.commit", text));
    }
    let mut keys = BTreeSet::new();
    for change in changes {
        let key = change.key();
        let text = format!("two changes of {}", key.sort);
        if !keys.insert(key) {
            return Err(PortError::bug("state.commit", text));
        }
        if let Change::Insert { body, kind, .. } | Change::Replace { body, kind, .. } = change {
            check_document(kind, body)?;
        }
    }
    Ok(())
}

/// Whether a document is short enough.
///
/// # Errors
/// `Bug`.
pub fn check_document(kind: &str, body: &str) -> Result<(), PortError> {
    if body.len() > MAX_DOCUMENT_BYTES {
        let text = format!(
            "a {kind} of {} bytes; a document has at most {MAX_DOCUMENT_BYTES}",
            body.len()
        );
        return Err(PortError::bug("state.commit", text));
    }
    Ok(())
}
