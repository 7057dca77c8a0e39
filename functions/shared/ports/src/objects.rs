//! Objects: uploads, plans, digests, checkpoints, manifests, exports.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::PortError;

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// Its bytes.
    pub size: u64,
    /// Its current version.
    pub version: String,
}

/// Whether an object may be written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// Becomes the current version.
    Overwrite,
    /// Only if there is none; otherwise `Conflict` (S3's `If-None-Match: *`).
    IfAbsent,
}

/// Versioned objects.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Stores an object whole. `Ok` proves it durable and readable under the answered version.
    /// Nobody ever sees a part of it.
    async fn put(&self, key: &str, body: Bytes, mode: PutMode) -> Result<String, PortError>;

    /// Reads an object or a range of it; of a pinned version, or of the current one when `version`
    /// is absent. `None` when the key or that version is not there. A range that goes over the end
    /// is cut; one that begins behind it is `Reject`.
    async fn get(&self, key: &str, version: Option<&str>, range: Option<Range<u64>>) -> Result<Option<Bytes>, PortError>;

    /// Size and current version.
    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, PortError>;

    /// Begins an object that is written in pieces. It appears when the writer finishes, whole, and
    /// never if the writer is dropped before.
    async fn create(&self, key: &str) -> Result<Box<dyn ObjectWriter>, PortError>;
}

/// An object being written.
#[async_trait]
pub trait ObjectWriter: Send {
    /// Appends. Pieces may be of any size.
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError>;

    /// Makes the object appear; answers its version.
    async fn finish(self: Box<Self>) -> Result<String, PortError>;
}
