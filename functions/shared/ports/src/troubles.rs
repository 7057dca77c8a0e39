//! What a message died of. A queue moves a message to its dead-letter queue without a word about
//! why, so the handler that fails it for the last time leaves a note under the message's digest, and
//! `failure` finds it there (I6).

use domain::limits::MAX_RECEIVES;
use domain::state::{Change, Document, Key};
use domain::time::Instant;
use serde::{Deserialize, Serialize};

use crate::state::load;
use crate::{PortError, PortErrorKind, StateStore};

/// Seconds a note is kept: as long as a dead-letter queue keeps a message.
const KEPT_SECONDS: i64 = 14 * 24 * 3600;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    digest: String,
    cause: String,
    noted_at: Instant,
}

impl Note {
    fn key_of(body: &str) -> Key {
        Key::new(format!("trouble#{}", digest(body)), "note")
    }
}

impl Document for Note {
    const KIND: &'static str = "trouble";

    fn key(&self) -> Key {
        Key::new(format!("trouble#{}", self.digest), "note")
    }

    fn expires_at(&self) -> Option<i64> {
        Some(self.noted_at.0.div_euclid(1_000_000) + KEPT_SECONDS)
    }
}

fn digest(body: &str) -> String {
    blake3::hash(body.as_bytes()).to_hex().to_string()
}

/// Leaves a note when this was the last time the message was received. The first note stays.
///
/// # Errors
/// What the store says.
pub async fn note(
    state: &dyn StateStore,
    body: &str,
    cause: &str,
    received: u32,
    now: Instant,
) -> Result<(), PortError> {
    if received < MAX_RECEIVES {
        return Ok(());
    }
    let note = Note {
        digest: digest(body),
        cause: cause.to_owned(),
        noted_at: now,
    };
    match state.commit(&[Change::insert(&note)?]).await {
        Err(error) if error.kind == PortErrorKind::Conflict => Ok(()),
        end => end,
    }
}

/// What a message died of, as far as anybody noted it.
///
/// # Errors
/// What the store says.
pub async fn cause_of(state: &dyn StateStore, body: &str) -> Result<Option<String>, PortError> {
    Ok(load::<Note>(state, &Note::key_of(body))
        .await?
        .map(|note| note.value.cause))
}
