//! An object being written: small ones stay in memory and become a row, larger ones spill to a body.

use bytes::Bytes;
use ports::{HeldPart, PortError, PortErrorKind};

use super::bodies::Draft;
use super::catalog::{NewBody, NewObject};
use super::{Inner, ObjectInfo, ObjectStore, Terms, parted};
use crate::checksum::Checksum;

/// Bytes gathered before they go to the body: small pieces of a socket cost one disk write together.
const GATHER_BYTES: usize = 256 * 1024;

/// Writes one object. It appears when `finish` returns, whole, and never if the writer is dropped
/// before.
pub struct Writer {
    store: ObjectStore,
    key: String,
    size: u64,
    hash: blake3::Hasher,
    gathered: Vec<u8>,
    draft: Option<Draft>,
    /// False from the moment pieces are on their way to the body until they have arrived: a write
    /// that failed or was abandoned in between has lost them.
    whole: bool,
}

impl Writer {
    pub(super) fn new(store: ObjectStore, key: &str) -> Self {
        Self {
            store,
            key: key.to_owned(),
            size: 0,
            hash: blake3::Hasher::new(),
            gathered: Vec::new(),
            draft: None,
            whole: true,
        }
    }

    /// Appends a piece of any size.
    ///
    /// # Errors
    /// `Retry` when the disk fails; the object cannot be finished then.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        self.hash.update(&piece);
        self.size = self
            .size
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.gathered.extend_from_slice(&piece);
        if self.gathered.len() >= GATHER_BYTES.max(self.store.inner.inline_bytes) {
            self.spill().await?;
        }
        Ok(())
    }

    /// Makes the object appear. `Ok` proves it durable and readable.
    ///
    /// # Errors
    /// `Conflict` when the condition does not hold, and nothing is stored; `Retry` when the disk
    /// fails.
    pub async fn finish(mut self, terms: Terms) -> Result<ObjectInfo, PortError> {
        if self.gathered.len() > self.store.inner.inline_bytes || self.draft.is_some() {
            self.spill().await?;
        }
        if !self.whole {
            let reason = "an earlier write failed; begin the object again";
            return Err(PortError::retry("objects.finish", reason));
        }
        let mut etag = self.hash.finalize().to_hex().to_string();
        etag.truncate(32);
        let object = NewObject {
            key: self.key,
            size: self.size,
            etag,
            terms,
            body: NewBody::Row(self.gathered),
        };
        let draft = self.draft;
        self.store
            .run("objects.finish", move |inner| {
                complete(inner, object, draft)
            })
            .await
    }

    /// Keeps what was written as a part of an upload, with the checksum it was verified by. `Ok` proves
    /// it durable; `None` says that there is no such upload.
    ///
    /// # Errors
    /// `Retry` when the disk fails.
    pub(crate) async fn finish_part(
        mut self,
        upload: &str,
        number: u32,
        checksum: Option<Checksum>,
    ) -> Result<Option<HeldPart>, PortError> {
        self.spill().await?;
        let Some(draft) = self.draft else {
            return Err(PortError::bug(
                "multipart.part",
                "a spilled part has a draft",
            ));
        };
        let mut etag = self.hash.finalize().to_hex().to_string();
        etag.truncate(32);
        let size = self.size;
        let part = HeldPart { number, size, etag };
        let (key, upload) = (self.key, upload.to_owned());
        self.store
            .run("multipart.part", move |inner| {
                parted::keep(inner, &key, &upload, (part, checksum), draft)
            })
            .await
    }

    async fn spill(&mut self) -> Result<(), PortError> {
        if !std::mem::replace(&mut self.whole, false) {
            let reason = "an earlier write failed; begin the object again";
            return Err(PortError::retry("objects.write", reason));
        }
        let gathered = std::mem::take(&mut self.gathered);
        let draft = self.draft.take();
        let written = self.store.run("objects.write", move |inner| {
            let mut draft = match draft {
                Some(draft) => draft,
                None => inner.bodies.begin()?,
            };
            draft.append(&gathered)?;
            Ok(draft)
        });
        self.draft = Some(written.await?);
        self.whole = true;
        Ok(())
    }
}

/// Body first, row second: a row never names a body that is not durable.
fn complete(
    inner: &Inner,
    mut object: NewObject,
    draft: Option<Draft>,
) -> Result<ObjectInfo, PortError> {
    let Some(draft) = draft else {
        return inner.catalog.insert(&object);
    };
    let number = inner.bodies.keep(draft)?;
    object.body = NewBody::File(number);
    let stored = inner.catalog.insert(&object);
    if stored
        .as_ref()
        .is_err_and(|error| error.kind == PortErrorKind::Conflict)
    {
        // After any other error the row may be there; the next opening decides.
        inner.bodies.discard(number);
    }
    stored
}
