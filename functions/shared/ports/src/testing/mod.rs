//! The ports in memory, for the unit tests of handlers and steps (feature `testing`, never in a
//! build that serves). The whole pipeline is tested on `embedded`, which passes the contract suite;
//! these hold just enough to see what a handler asked for.

mod multipart;
mod objects;
mod state;
mod tables;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::JobId;
use domain::message::Queue;
use domain::time::Instant;

pub use multipart::MemoryMultipart;
pub use objects::MemoryObjects;
pub use state::MemoryState;
pub use tables::{MemoryDisposals, MemorySummaries, MemoryTransactions};

use crate::{
    Clock, DownloadSigner, Ids, Outgoing, PartTerms, PortError, PutTerms, Secrets, Sender,
    SignedRequest, UploadSigner,
};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers what was sent.
#[derive(Debug, Default)]
pub struct SentMessages(Mutex<Vec<(Queue, String)>>);

impl SentMessages {
    /// Queue and body of every message, in order.
    #[must_use]
    pub fn all(&self) -> Vec<(Queue, String)> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Sender for SentMessages {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        lock(&self.0).extend(messages.iter().map(|message| (queue, message.body.clone())));
        Ok(())
    }
}

/// A clock that stands until it is set.
#[derive(Debug)]
pub struct SetClock(Mutex<Instant>);

impl SetClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the hand on.
    pub fn advance_us(&self, us: i64) {
        let mut now = lock(&self.0);
        *now = now.plus_us(us);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        *lock(&self.0)
    }
}

/// Ids that count up.
#[derive(Debug, Default)]
pub struct CountingIds(Mutex<u8>);

impl Ids for CountingIds {
    fn job_id(&self, now: Instant) -> JobId {
        let mut count = lock(&self.0);
        *count = count.wrapping_add(1);
        JobId::new(
            u64::try_from(now.0 / 1_000).unwrap_or_default(),
            &[*count; 10],
        )
    }
}

/// Secrets that count up.
#[derive(Debug, Default)]
pub struct CountingSecrets(Mutex<u8>);

impl Secrets for CountingSecrets {
    fn secret(&self) -> Result<[u8; 32], PortError> {
        let mut count = lock(&self.0);
        *count = count.wrapping_add(1);
        Ok([*count; 32])
    }
}

/// Signs by writing down what was to be signed.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainSigner;

fn expiry(now: Instant, valid_for: Duration) -> Instant {
    now.plus_us(i64::try_from(valid_for.as_micros()).unwrap_or(i64::MAX))
}

#[async_trait]
impl UploadSigner for PlainSigner {
    async fn sign_put(
        &self,
        terms: &PutTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let headers = vec![
            ("content-type".to_owned(), terms.content_type.clone()),
            (
                "x-amz-checksum-sha256".to_owned(),
                terms.checksum_sha256.clone(),
            ),
        ];
        Ok(SignedRequest {
            url: format!("put:{}", terms.key),
            headers,
            expires_at: expiry(now, valid_for),
        })
    }

    async fn sign_part(
        &self,
        terms: &PartTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let PartTerms {
            key,
            upload,
            number,
            content_length,
        } = terms;
        Ok(SignedRequest {
            url: format!("part:{key}?{upload}&{number}"),
            headers: vec![("content-length".to_owned(), content_length.to_string())],
            expires_at: expiry(now, valid_for),
        })
    }
}

#[async_trait]
impl DownloadSigner for PlainSigner {
    async fn sign_get(
        &self,
        key: &str,
        filename: &str,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let url = format!("get:{key}?as={filename}");
        Ok(SignedRequest {
            url,
            headers: Vec::new(),
            expires_at: expiry(now, valid_for),
        })
    }
}
