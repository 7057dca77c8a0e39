//! `sweep`: finds what fell between two steps.
//!
//! - Trigger: a schedule (each minute in the cloud, the same on a laptop).
//! - Effect: outbox records whose sender died are sent; uploads whose S3 event was lost are split;
//!   uploads that never came expire, and what came of them in parts is freed.
//! - Idempotency: it only repeats what every receiver takes twice like once, or applies transitions
//!   that know their own past.
//! - Absent on purpose: stuck joins. Whoever recorded a batch is delivered its message again until it
//!   has also joined what the batches left and ended the stage, and from the dead-letter queue
//!   `failure` gives the join up and ends the stage instead.
//! - Limits: `sweep::PAGE` documents of a kind each time, and five such pages of awaited uploads; the
//!   next sweep goes on behind them.

pub mod config;
mod handler;
mod outbox;
mod uploads;
#[cfg(test)]
mod uploads_tests;

use domain::time::Instant;
use ports::{Multipart, Objects, PortError, Sender, StateStore};

pub use config::Config;
pub use handler::{Deps, handle};

/// Documents of a kind looked at in one sweep.
pub const PAGE: u32 = 200;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Outbox records sent.
    pub sent: u32,
    /// Files whose event was lost, split now.
    pub found: u32,
    /// Uploads that expired.
    pub expired: u32,
}

/// Sweeps once.
///
/// # Errors
/// What a port says; what was done until then stays done.
pub async fn sweep(
    state: &dyn StateStore,
    sender: &dyn Sender,
    objects: &dyn Objects,
    multipart: &dyn Multipart,
    now: Instant,
) -> Result<Swept, PortError> {
    let sent = outbox::resend(state, sender, now).await?;
    let ports = uploads::Ports {
        state,
        sender,
        objects,
        multipart,
    };
    let uploads::Looked { found, expired } = uploads::look_after(ports, now).await?;
    let swept = Swept {
        sent,
        found,
        expired,
    };
    if swept != Swept::default() {
        tracing::info!(sent, found, expired, "swept");
    }
    Ok(swept)
}
