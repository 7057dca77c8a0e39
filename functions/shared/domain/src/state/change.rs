//! Keys, versions and the changes of one transaction.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DoneSet;
use crate::ids::Generation;

/// The key of a document: DynamoDB's partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Documents that are listed together.
    pub partition: String,
    /// Their order in the partition.
    pub sort: String,
}

impl Key {
    /// A key.
    #[must_use]
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort: sort.into(),
        }
    }
}

/// Counts the writes of a document; a change names the version it was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// A stored document could not be read or written as JSON: a bug, or a newer build's data.
#[derive(Debug, thiserror::Error)]
#[error("document {kind}: {source}")]
pub struct DocumentError {
    /// The kind of document.
    pub kind: &'static str,
    /// What serde says.
    #[source]
    pub source: serde_json::Error,
}

/// A kind of document of the state table.
pub trait Document: Serialize + DeserializeOwned {
    /// The kind's name: stored beside the document, frozen.
    const KIND: &'static str;

    /// Where the document stands.
    fn key(&self) -> Key;

    /// When the store may forget it, in Unix seconds; never when absent.
    fn expires_at(&self) -> Option<i64> {
        None
    }
}

/// A document with the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The document.
    pub value: T,
    /// Its version.
    pub version: Version,
}

/// One change of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Write a document that must not exist.
    Insert {
        /// Where.
        key: Key,
        /// Its kind.
        kind: &'static str,
        /// Its JSON.
        body: String,
        /// When it may be forgotten, in Unix seconds.
        expires_at: Option<i64>,
    },
    /// Write over a document that must still have this version.
    Replace {
        /// Where.
        key: Key,
        /// Its kind.
        kind: &'static str,
        /// Its JSON.
        body: String,
        /// The version it was read at.
        version: Version,
        /// When it may be forgotten, in Unix seconds.
        expires_at: Option<i64>,
    },
    /// Remove a document, if it is there.
    Delete {
        /// Where.
        key: Key,
    },
    /// Nothing changes, but the document must still have this version.
    Require {
        /// Where.
        key: Key,
        /// The version it was read at.
        version: Version,
    },
    /// Begin a done-set that must not exist.
    InsertSet(DoneSet),
    /// Raise a done-set's generation and forget its failures, so that they can be done again.
    RestartSet {
        /// The set.
        key: Key,
        /// The generation it must have.
        from: Generation,
        /// The generation it gets.
        to: Generation,
    },
}

impl Change {
    /// What it changes.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Insert { key, .. }
            | Self::Replace { key, .. }
            | Self::Delete { key }
            | Self::Require { key, .. }
            | Self::RestartSet { key, .. } => key.clone(),
            Self::InsertSet(set) => set.key(),
        }
    }

    /// Writes a new document.
    ///
    /// # Errors
    /// The document has no JSON form.
    pub fn insert<T: Document>(document: &T) -> Result<Self, DocumentError> {
        Ok(Self::Insert {
            key: document.key(),
            kind: T::KIND,
            body: encode(document)?,
            expires_at: document.expires_at(),
        })
    }

    /// Writes over a document that was read.
    ///
    /// # Errors
    /// The document has no JSON form.
    pub fn replace<T: Document>(document: &T, version: Version) -> Result<Self, DocumentError> {
        Ok(Self::Replace {
            key: document.key(),
            kind: T::KIND,
            body: encode(document)?,
            version,
            expires_at: document.expires_at(),
        })
    }
}

fn encode<T: Document>(document: &T) -> Result<String, DocumentError> {
    serde_json::to_string(document).map_err(|source| DocumentError {
        kind: T::KIND,
        source,
    })
}
