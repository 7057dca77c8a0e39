//! Objects: uploads, plans, digests, checkpoints, manifests, exports.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError>;

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

/// Reads a JSON object that this pipeline wrote.
///
/// # Errors
/// `Retry` when it is not there: objects are stored before anything names them, so a missing one
/// means that the store has not caught up. `Invalid` when it cannot be understood.
pub async fn read_json<T: DeserializeOwned>(
    objects: &dyn Objects,
    key: &str,
) -> Result<T, PortError> {
    let bytes = read_whole(objects, key).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| PortError::invalid("objects.read_json", format!("{key}: {error}")))
}

/// Reads the current version of an object that must be there, whole.
///
/// # Errors
/// As `read_json`.
pub async fn read_whole(objects: &dyn Objects, key: &str) -> Result<Bytes, PortError> {
    match objects.get(key, None, None).await? {
        Some(bytes) => Ok(bytes),
        None => Err(PortError::retry(
            "objects.read",
            format!("{key} is not there"),
        )),
    }
}

/// Stores a value as JSON. Planners are deterministic, so writing over is writing the same.
///
/// # Errors
/// What the store says; `Bug` when the value has no JSON form.
pub async fn write_json<T: Serialize>(
    objects: &dyn Objects,
    key: &str,
    value: &T,
) -> Result<(), PortError> {
    let body =
        serde_json::to_vec(value).map_err(|error| PortError::bug("objects.write_json", error))?;
    objects
        .put(key, body.into(), PutMode::Overwrite)
        .await
        .map(drop)
}
