//! A claim on a file's content: the same bytes with the same options are the same job.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{JobId, LedgerRef};
use crate::settings::ParseOptions;

/// Which job a content belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentClaim {
    /// The ledger.
    pub owner: LedgerRef,
    /// Hex digest of content hash and parse options.
    pub digest: String,
    /// The job that holds it.
    pub job: JobId,
}

impl ContentClaim {
    /// The digest of a file's content and the options it is read with. The size is part of it: who
    /// declared a wrong one is not bound to it.
    #[must_use]
    pub fn digest(sha256: &str, size: u64, options: &ParseOptions) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(sha256.as_bytes());
        hasher.update(&size.to_be_bytes());
        hasher.update(&serde_json::to_vec(options).unwrap_or_default());
        hasher.finalize().to_hex().to_string()
    }

    /// Where the claim on a digest stands.
    #[must_use]
    pub fn key_of(owner: &LedgerRef, digest: &str) -> Key {
        Key::new(
            format!("ledger#{}#{}", owner.tenant, owner.ledger),
            format!("content#{digest}"),
        )
    }
}

impl Document for ContentClaim {
    const KIND: &'static str = "content_claim";

    fn key(&self) -> Key {
        Self::key_of(&self.owner, &self.digest)
    }
}
