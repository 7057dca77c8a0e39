//! URLs that let a client reach one object for a short time. A signed URL is a secret: it is
//! answered, never logged.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use domain::time::Instant;

use crate::PortError;

/// The longest a signature may live: S3's limit.
const MAX_VALIDITY: Duration = Duration::from_hours(7 * 24);
const SECOND_US: i64 = 1_000_000;

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

/// One part of an upload in parts; all of it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTerms {
    /// The object's key.
    pub key: String,
    /// The upload's id (`Multipart::begin`).
    pub upload: String,
    /// The part's number, from 1.
    pub number: u32,
    /// Exact length in bytes.
    pub content_length: u64,
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

    /// A PUT that stores one part; sent again, it replaces it.
    ///
    /// # Errors
    /// As `sign_put`.
    async fn sign_part(
        &self,
        terms: &PartTerms,
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

/// How long a signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Its date, which has whole seconds.
    pub starts: SystemTime,
    /// The instant it ends.
    pub ends: Instant,
}

impl Lifetime {
    /// That of a signature made at `now`.
    ///
    /// # Errors
    /// `Bug` when S3 takes no such time.
    pub fn of(op: &'static str, now: Instant, valid_for: Duration) -> Result<Self, PortError> {
        if valid_for.subsec_nanos() != 0 || valid_for.is_zero() || valid_for > MAX_VALIDITY {
            let reason =
                "a signature is valid for whole seconds, at least one and at most seven days";
            return Err(PortError::bug(op, reason));
        }
        let second = now.0.div_euclid(SECOND_US);
        let since_epoch = u64::try_from(second).map_err(|e| PortError::bug(op, e))?;
        let starts = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(since_epoch))
            .ok_or_else(|| PortError::bug(op, "the time is out of range"))?;
        let valid_us = i64::try_from(valid_for.as_micros()).map_err(|e| PortError::bug(op, e))?;
        let ends = Instant(second.saturating_mul(SECOND_US)).plus_us(valid_us);
        Ok(Self { starts, ends })
    }
}

/// Whether a key can be signed. Clients resolve `.` and `..` before they send, so a URL with such a
/// segment could never be used.
///
/// # Errors
/// `Bug` when it cannot.
pub fn check_key(op: &'static str, key: &str) -> Result<(), PortError> {
    if key.is_empty() || key.split('/').any(|part| matches!(part, "." | "..")) {
        let reason = "a key to be signed has no empty name and no segment `.` or `..`";
        return Err(PortError::bug(op, reason));
    }
    Ok(())
}

/// Percent-encoding as SigV4 defines it: everything but letters, digits and `-._~`.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// `Content-Disposition` for a file name (RFC 6266): the exact name in UTF-8, and for old clients
/// one in harmless ASCII.
#[must_use]
pub fn attachment(filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | ' ' => c,
            _ => '_',
        })
        .collect();
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        escape(filename)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_file_name_stays_inside_its_header() {
        let header = attachment("a\"\r\nX-Evil: 1; é.csv");
        assert_eq!(
            header,
            "attachment; filename=\"a___X-Evil_ 1_ _.csv\"; \
             filename*=UTF-8''a%22%0D%0AX-Evil%3A%201%3B%20%C3%A9.csv"
        );
    }
}
