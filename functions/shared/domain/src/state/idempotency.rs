//! What a request with an `Idempotency-Key` came to (draft-ietf-httpapi-idempotency-key-header-07).

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{JobId, TenantId};
use crate::limits::IDEMPOTENCY_KEY_SECONDS;
use crate::time::Instant;

/// A key that a client chose, until it is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// Whose.
    pub tenant: TenantId,
    /// Digest of the key: whatever a client writes, it is as long as any other.
    pub digest: String,
    /// Digest of what was asked for under it.
    pub request: String,
    /// When it was.
    pub begun_at: Instant,
    /// What was answered; absent while the request runs.
    pub answered: Option<Answered>,
}

/// An answer, without the URLs in it: they are secrets, and are signed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The job.
    pub job: JobId,
    /// How it was found.
    pub how: Found,
}

/// How a job was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It was new.
    Created,
    /// It waited for its file.
    Waiting,
    /// It had the content.
    Held,
}

impl IdempotencyKey {
    /// A digest of texts, none of which can be taken for two.
    #[must_use]
    pub fn digest_of(texts: &[&str]) -> String {
        let mut hasher = blake3::Hasher::new();
        for text in texts {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Where a key stands. The tenant is part of it: keys of others are never met (I8).
    #[must_use]
    pub fn key_of(tenant: &TenantId, digest: &str) -> Key {
        Key::new(format!("idempotency#{tenant}#{digest}"), "key")
    }

    /// When it is forgotten. A store may do so later, so readers ask this as well.
    #[must_use]
    pub fn ends_at(&self) -> Instant {
        let seconds = i64::from(IDEMPOTENCY_KEY_SECONDS);
        self.begun_at.plus_us(seconds * 1_000_000)
    }
}

impl Document for IdempotencyKey {
    const KIND: &'static str = "idempotency_key";

    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.digest)
    }

    fn expires_at(&self) -> Option<i64> {
        Some(self.ends_at().0.div_euclid(1_000_000) + 1)
    }
}
