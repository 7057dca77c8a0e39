//! Uploads in parts: a part is an object without a name until its upload is completed.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use domain::time::Instant;
use ports::{HeldPart, Parted, PortError, PortErrorKind};

use super::bodies::Draft;
use super::uploads::{Completed, KeptPart, ListedPart};
use super::{Inner, ObjectStore, Terms, check_key, version_id, version_text};
use crate::checksum::Checksum;

/// The highest number of a part: S3's limit.
pub const MAX_PART_NUMBER: u32 = 10_000;

impl ObjectStore {
    /// Begins an upload in parts; answers its id.
    ///
    /// # Errors
    /// `Reject` for a key S3 would refuse; `Retry` when the disk fails.
    pub(crate) async fn begin_upload(
        &self,
        key: &str,
        content_type: Option<&str>,
        now: Instant,
    ) -> Result<String, PortError> {
        const OP: &str = "multipart.begin";
        check_key(OP, key)?;
        let (key, content_type) = (key.to_owned(), content_type.map(ToOwned::to_owned));
        let begin = move |inner: &Inner| {
            let content_type = content_type.as_deref();
            inner.catalog.begin_upload(&key, content_type, now)
        };
        Ok(version_text(self.run(OP, begin).await?))
    }

    /// What is held of an upload.
    ///
    /// # Errors
    /// `Retry` when the disk fails.
    pub(crate) async fn look_at_upload(
        &self,
        key: &str,
        upload: &str,
    ) -> Result<Parted, PortError> {
        let (key, upload) = (key.to_owned(), upload.to_owned());
        self.run("multipart.look", move |inner| {
            if let Some(upload) = version_id(&upload)
                && inner.catalog.is_open(&key, upload)?
            {
                let held = inner.catalog.parts(upload)?.into_iter();
                return Ok(Parted::Open(held.map(|kept| kept.part).collect()));
            }
            Ok(match inner.catalog.current(&key)? {
                Some(_) => Parted::Stored,
                None => Parted::Gone,
            })
        })
        .await
    }

    /// The parts of an open upload, in order; `None` when there is no such upload.
    ///
    /// # Errors
    /// `Retry` when the disk fails.
    pub(crate) async fn parts_of(
        &self,
        key: &str,
        upload: &str,
    ) -> Result<Option<Vec<KeptPart>>, PortError> {
        let Some(upload) = version_id(upload) else {
            return Ok(None);
        };
        let key = key.to_owned();
        self.run("multipart.look", move |inner| {
            if inner.catalog.is_open(&key, upload)? {
                return inner.catalog.parts(upload).map(Some);
            }
            Ok(None)
        })
        .await
    }

    /// Makes an object of the listed parts.
    ///
    /// # Errors
    /// `Conflict` when the terms' condition does not hold; `Retry` when the disk fails.
    pub(crate) async fn complete_upload(
        &self,
        key: &str,
        upload: &str,
        listed: Vec<ListedPart>,
        size: Option<u64>,
        terms: Terms,
    ) -> Result<Completed, PortError> {
        let Some(upload) = version_id(upload) else {
            return Ok(Completed::NoUpload);
        };
        let key = key.to_owned();
        self.run("multipart.complete", move |inner| {
            let completing = inner
                .catalog
                .complete_upload(&key, upload, &listed, size, &terms);
            let (completed, left) = completing?;
            for file in left {
                inner.bodies.discard(file);
            }
            Ok(completed)
        })
        .await
    }

    /// Ends an upload; answers whether it was open. Its parts are gone from the disk.
    ///
    /// # Errors
    /// `Retry` when the disk fails.
    pub(crate) async fn abort_upload(&self, key: &str, upload: &str) -> Result<bool, PortError> {
        let Some(upload) = version_id(upload) else {
            return Ok(false);
        };
        let key = key.to_owned();
        self.run("multipart.abort", move |inner| {
            let (was_open, files) = inner.catalog.abort_upload(&key, upload)?;
            for file in files {
                inner.bodies.discard(file);
            }
            Ok(was_open)
        })
        .await
    }
}

/// Keeps a draft as a part, body first and row second, and frees the part whose place it takes.
pub(super) fn keep(
    inner: &Inner,
    key: &str,
    upload: &str,
    (part, checksum): (HeldPart, Option<Checksum>),
    draft: Draft,
) -> Result<Option<HeldPart>, PortError> {
    let Some(upload) = version_id(upload) else {
        return Ok(None);
    };
    let file = inner.bodies.keep(draft)?;
    let kept = KeptPart {
        part,
        file,
        checksum,
    };
    // After an error the row may be there; the next opening decides.
    let (found, replaced) = inner.catalog.keep_part(key, upload, &kept)?;
    if let Some(replaced) = replaced {
        inner.bodies.discard(replaced);
    }
    if found {
        return Ok(Some(kept.part));
    }
    inner.bodies.discard(file);
    Ok(None)
}

/// A range of the bytes that an upload's parts have together.
pub(super) fn read(inner: &Inner, upload: i64, range: Range<u64>) -> Result<Bytes, PortError> {
    let mut read = BytesMut::new();
    let mut begins = 0_u64;
    for kept in inner.catalog.parts(upload)? {
        let ends = begins.saturating_add(kept.part.size);
        let (from, to) = (range.start.max(begins), range.end.min(ends));
        if from < to {
            let piece = inner.bodies.read(kept.file, from - begins..to - begins)?;
            read.extend_from_slice(&piece);
        }
        begins = ends;
    }
    if read.len() as u64 == range.end.saturating_sub(range.start) {
        return Ok(read.freeze());
    }
    let reason = "the parts are shorter than the object";
    Err(PortError::new(
        PortErrorKind::Invalid,
        "objects.get",
        reason,
    ))
}
