//! Versioned objects in one process: the S3 of a laptop and of the tests.
//!
//! A row of `objects.db` is an object version; it appears in one transaction, after its body is
//! durable. Bodies up to 64 KiB (plans, digests, checkpoints: thousands of them) live in the row,
//! larger ones in a file of their own; an object that came in parts lies in theirs, which are never
//! copied together. A key is data, never a path: files are named by number.
//! There is no delete: nothing above asks for one yet.

mod bodies;
mod catalog;
mod errors;
mod open_uploads;
mod parted;
mod port;
mod uploads;
mod writer;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use domain::time::Instant;
use ports::{PortError, PortErrorKind};

use crate::place::{self, Place};
use bodies::Bodies;
use catalog::{Catalog, Found, Kept};

pub(crate) use catalog::Unannounced;
pub(crate) use open_uploads::{OpenUpload, UploadsAsked};
pub use parted::MAX_PART_NUMBER;
pub(crate) use uploads::{Completed, KeptPart, ListedPart, PartFault};
pub use writer::Writer;

/// Bytes of a key: S3's limit.
pub const MAX_KEY_BYTES: usize = 1024;
/// Bytes of a body that is kept in its row: one durable write instead of three.
const INLINE_BYTES: usize = 64 * 1024;

/// What is known of one version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The version: a number in 16 hexadecimal digits, greater than every one before it.
    pub version: String,
    /// Bytes of the body.
    pub size: u64,
    /// Entity tag without quotes: the first 128 bits of the body's BLAKE3 in hexadecimal. S3 uses
    /// MD5 here for a single PUT; clients may only compare tags, so a cheaper hash does.
    pub etag: String,
    /// Content type it was stored with.
    pub content_type: Option<String>,
    /// Base64 SHA-256 it was stored with, verified then.
    pub checksum_sha256: Option<String>,
}

/// When an object may be stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    #[default]
    Always,
    /// When the key holds nothing: `If-None-Match: *`.
    IfAbsent,
    /// When the current version has this entity tag: `If-Match`.
    IfMatch(String),
}

/// What is stored beside a body, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// When it may be stored.
    pub condition: Condition,
    /// Content type.
    pub content_type: Option<String>,
    /// Base64 SHA-256 of the body, already verified.
    pub checksum_sha256: Option<String>,
    /// The time of the event that announces it; saved with the object, in one transaction.
    pub announce_at: Option<Instant>,
}

/// Whether `Ok` waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// What is answered survives a power cut.
    Synced,
    /// What is answered survives the process.
    Scratch,
}

/// The store. Clones share it.
#[derive(Clone)]
pub struct ObjectStore {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Catalog,
    bodies: Bodies,
    inline_bytes: usize,
}

impl std::fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectStore").finish_non_exhaustive()
    }
}

impl ObjectStore {
    /// A store that is gone with the process. Its calls never leave the calling thread, so a
    /// simulation stays deterministic.
    ///
    /// # Errors
    /// `Retry` when SQLite has no memory.
    pub fn in_memory() -> Result<Self, PortError> {
        Ok(Self::over(
            Catalog::in_memory()?,
            Bodies::in_memory(),
            INLINE_BYTES,
        ))
    }

    /// The store of a folder, made when it is not there. The folder belongs to this store alone.
    /// What an earlier process left unfinished is removed.
    ///
    /// # Errors
    /// `Retry` when another process has the folder open or the disk fails; `Invalid` when what is
    /// there is no store, or one of a newer build.
    pub fn open(folder: &Path) -> Result<Self, PortError> {
        Self::open_with(folder, Durability::Synced, INLINE_BYTES)
    }

    /// Like `open`, for a folder that goes with the run: nothing waits for the disk, so a power cut
    /// may take objects with it. A crash of the process alone does not.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_scratch(folder: &Path) -> Result<Self, PortError> {
        Self::open_with(folder, Durability::Scratch, INLINE_BYTES)
    }

    /// The store that belongs to a place, beside the embedded tables and queues: in a folder it
    /// takes the sub-folder `objects`.
    ///
    /// # Errors
    /// As `open`.
    pub fn at(place: &Place) -> Result<Self, PortError> {
        match place {
            Place::InMemory => Self::in_memory(),
            Place::Folder(folder) => Self::open(&folder.join("objects")),
            Place::Scratch(folder) => Self::open_scratch(&folder.join("objects")),
        }
    }

    fn open_with(
        folder: &Path,
        durability: Durability,
        inline_bytes: usize,
    ) -> Result<Self, PortError> {
        place::make_private(folder, durability == Durability::Synced)
            .map_err(|e| PortError::retry("objects.open", e))?;
        let catalog = Catalog::open(&folder.join("objects.db"), durability)?;
        let bodies = Bodies::open(folder, durability, &catalog.files()?)?;
        Ok(Self::over(catalog, bodies, inline_bytes))
    }

    fn over(catalog: Catalog, bodies: Bodies, inline_bytes: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                catalog,
                bodies,
                inline_bytes,
            }),
        }
    }

    /// What is known of a version, or of the current one. `None` when it is not there.
    ///
    /// # Errors
    /// `Reject` for a key S3 would refuse; `Retry` when the disk fails.
    pub async fn info(
        &self,
        key: &str,
        version: Option<&str>,
    ) -> Result<Option<ObjectInfo>, PortError> {
        let found = self.find("objects.head", key, version).await?;
        Ok(found.map(|found| found.info))
    }

    /// Stores a body under terms. `Ok` proves it durable and readable.
    ///
    /// # Errors
    /// `Conflict` when the condition does not hold; `Reject` for a key S3 would refuse; `Retry`
    /// when the disk fails.
    pub async fn store(
        &self,
        key: &str,
        body: Bytes,
        terms: Terms,
    ) -> Result<ObjectInfo, PortError> {
        let mut writer = self.writer(key)?;
        writer.write(body).await?;
        writer.finish(terms).await
    }

    /// Begins an object that is written in pieces.
    ///
    /// # Errors
    /// `Reject` for a key S3 would refuse.
    pub fn writer(&self, key: &str) -> Result<Writer, PortError> {
        check_key("objects.create", key)?;
        Ok(Writer::new(self.clone(), key))
    }

    /// Bytes of a version; the whole of it when there is no range.
    pub(crate) async fn read(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError> {
        const OP: &str = "objects.get";
        let Some(found) = self.find(OP, key, version).await? else {
            return Ok(None);
        };
        let range = cut(range, found.info.size)?;
        let bytes = self
            .run(OP, move |inner| match found.kept {
                Kept::Row => inner.catalog.body(found.id, range),
                Kept::File(number) => inner.bodies.read(number, range),
                Kept::Parts(upload) => parted::read(inner, upload, range),
            })
            .await?;
        Ok(Some(bytes))
    }

    /// Announcements that were saved and not yet sent, oldest first.
    pub(crate) async fn unannounced(&self) -> Result<Vec<Unannounced>, PortError> {
        self.run("objects.unannounced", |inner| inner.catalog.unannounced())
            .await
    }

    /// Forgets an announcement: it was sent.
    pub(crate) async fn announced(&self, version: &str) -> Result<(), PortError> {
        let Some(id) = version_id(version) else {
            return Ok(());
        };
        self.run("objects.announced", move |inner| {
            inner.catalog.announced(id)
        })
        .await
    }

    async fn find(
        &self,
        op: &'static str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Option<Found>, PortError> {
        check_key(op, key)?;
        let key = key.to_owned();
        match version.map(version_id) {
            None => self.run(op, move |inner| inner.catalog.current(&key)).await,
            Some(Some(id)) => {
                self.run(op, move |inner| inner.catalog.version(&key, id))
                    .await
            }
            Some(None) => Ok(None),
        }
    }

    /// Runs work that may touch the disk where it cannot hold up other tasks. In memory there is
    /// nothing to wait for, and it runs at once.
    async fn run<T: Send + 'static>(
        &self,
        op: &'static str,
        work: impl FnOnce(&Inner) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        if self.inner.bodies.is_in_memory() {
            return work(&self.inner);
        }
        let inner = Arc::clone(&self.inner);
        #[allow(
            clippy::disallowed_methods,
            reason = "an adapter, not a step: the disk must not hold up the other tasks of a thread"
        )]
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(stopped) => Err(PortError::retry(op, stopped)),
        }
    }
}

fn check_key(op: &'static str, key: &str) -> Result<(), PortError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let reason = format!(
            "a key has 1 to {MAX_KEY_BYTES} bytes; this one has {}",
            key.len()
        );
        return Err(PortError::new(PortErrorKind::Reject, op, reason));
    }
    Ok(())
}

/// The row a version names; `None` for text that this store never gave out.
fn version_id(version: &str) -> Option<i64> {
    let id = i64::from_str_radix(version, 16).ok()?;
    (version_text(id) == version).then_some(id)
}

fn version_text(id: i64) -> String {
    format!("{id:016x}")
}

/// The part of a range that lies in a body of `size` bytes.
fn cut(range: Option<Range<u64>>, size: u64) -> Result<Range<u64>, PortError> {
    const OP: &str = "objects.get";
    let Some(range) = range else {
        return Ok(0..size);
    };
    if range.start >= range.end {
        return Err(PortError::bug(OP, "a range must hold at least one byte"));
    }
    if range.start >= size {
        let reason = format!(
            "the range begins at byte {} of an object of {size} bytes",
            range.start
        );
        return Err(PortError::new(PortErrorKind::Reject, OP, reason));
    }
    Ok(range.start..range.end.min(size))
}
