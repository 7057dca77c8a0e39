//! URLs that let a client reach one object for a short time. A signed URL is a secret: it is
//! answered, never logged.

use std::time::Duration;

use async_trait::async_trait;
use domain::time::Instant;

use crate::PortError;

/// What an upload must look like; all of it is signed, so S3 refuses anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutTerms {
    /// The object's key.
    pub key: String,
    /// Exact length in bytes.
    pub content_length: u64,
    /// Content type.
    pub content_type: String,
    /// Base64 SHA-256 of the content, signed as `x-amz-checksum-sha256`.
    pub checksum_sha256: String,
}

/// A request a client may make.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Where to.
    pub url: String,
    /// Headers it must carry.
    pub headers: Vec<(String, String)>,
    /// When it stops being valid.
    pub expires_at: Instant,
}

impl std::fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedRequest")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Signs uploads. No request is made to the store; signing twice is harmless.
#[async_trait]
pub trait UploadSigner: Send + Sync {
    /// A PUT that stores an object once: `If-None-Match: *` is signed with it.
    ///
    /// # Errors
    /// `Bug` when the terms cannot be signed; `Retry` when the keys to sign with cannot be had now:
    /// those of a role are fetched, and renewed before they end.
    async fn sign_put(
        &self,
        terms: &PutTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError>;
}

/// Signs downloads. No request is made to the store; signing twice is harmless.
#[async_trait]
pub trait DownloadSigner: Send + Sync {
    /// A GET of an object that saves under `filename`.
    ///
    /// # Errors
    /// `Bug` when the key cannot be signed; `Retry` when the keys to sign with cannot be had now.
    async fn sign_get(
        &self,
        key: &str,
        filename: &str,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError>;
}
