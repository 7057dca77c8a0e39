//! The endpoint's one access key.

use std::fmt;

/// An access key and its secret. The secret is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key: String,
    secret_key: String,
}

impl Credentials {
    /// Credentials made of 32 random bytes; each half serves one name, so neither tells the other.
    #[must_use]
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        let part = |context| hex::encode(blake3::derive_key(context, entropy));
        let mut access_key = part("millrace 2026 object endpoint access key").to_uppercase();
        access_key.truncate(20);
        let secret_key = part("millrace 2026 object endpoint secret key");
        Self {
            access_key,
            secret_key,
        }
    }

    /// The public half.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}
