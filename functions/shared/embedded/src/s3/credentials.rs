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

    /// Credentials that a user chose, for clients of their own.
    ///
    /// # Errors
    /// The text says which of the two no client could sign with, or is too easy to guess; it shows
    /// neither.
    pub fn chosen(access_key: &str, secret_key: &str) -> Result<Self, &'static str> {
        let plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !(3..=128).contains(&access_key.len()) || !plain(access_key) {
            return Err("the access key must be 3 to 128 letters and digits");
        }
        let seen = secret_key.bytes().all(|byte| byte.is_ascii_graphic());
        if !(16..=128).contains(&secret_key.len()) || !seen {
            return Err("the secret key must be 16 to 128 signs of ASCII, without a space");
        }
        Ok(Self {
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_keys_are_those_a_client_can_sign_with_and_nobody_guesses() {
        let secret = "sixteen-signs/+=";
        let chosen = Credentials::chosen("millrace1", secret);
        assert_eq!(
            chosen.map(|keys| (keys.access_key, keys.secret_key)),
            Ok(("millrace1".to_owned(), secret.to_owned()))
        );
        for access in ["", "ab", "a/b/c", "with space", "é12"] {
            let refused = Credentials::chosen(access, secret);
            assert!(refused.is_err_and(|why| why.starts_with("the access key")));
        }
        for secret in ["", "short", "a space in these", "ä sign of another"] {
            let refused = Credentials::chosen("millrace", secret);
            assert!(refused.is_err_and(|why| why.starts_with("the secret key")));
        }
    }
}
