//! Uploads in parts: begun and ended here, while clients send the parts to signed URLs
//! (`UploadSigner::sign_part`).

use async_trait::async_trait;

use crate::PortError;

/// A part that the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// Its entity tag without quotes: a part that was sent again has another, unless it is the same.
    pub etag: String,
}

/// What has become of an upload in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parted {
    /// Parts may come; these are held, in order of their numbers.
    Open(Vec<HeldPart>),
    /// It was completed: the key holds an object.
    Stored,
    /// There is no such upload, and no object: it was aborted, by us or by the bucket's rule.
    Gone,
}

/// Uploads in parts. An upload has a key of its own, to which nothing else is ever written: that is
/// how a second call knows what the first one did.
#[async_trait]
pub trait Multipart: Send + Sync {
    /// Begins an upload and answers its id. A second call begins another; what is begun and never
    /// ended costs until the bucket's rule removes it.
    async fn begin(&self, key: &str, content_type: &str) -> Result<String, PortError>;

    /// What is held of an upload. Asking again is free of effects.
    async fn look(&self, key: &str, upload: &str) -> Result<Parted, PortError>;

    /// Makes one object of exactly these parts, which `look` has named and which are sorted; the
    /// object appears whole, and only when the key holds none. `Ok(Stored)` proves it there, whether
    /// by this call or by an earlier one whose answer got lost; `Gone` that it never will be.
    ///
    /// # Errors
    /// `Conflict` when a part was replaced since `look`, or is smaller than the store takes: look
    /// again. `Retry` when it is not known what was done: the same call again is right.
    async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[HeldPart],
    ) -> Result<Parted, PortError>;

    /// Ends an upload and frees its parts. `Ok` proves that no object will come of it, unless one had
    /// come before; a second call, or one after `complete`, changes nothing.
    async fn abort(&self, key: &str, upload: &str) -> Result<(), PortError>;
}
