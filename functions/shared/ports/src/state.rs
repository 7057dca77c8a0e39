//! The state table: documents under versions, and done-sets.

use async_trait::async_trait;
use domain::ids::Generation;
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
    /// Asking again is free of effects.
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
