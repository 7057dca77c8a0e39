//! `metrics`: folds a ledger's segments into lots, gains, income and balances, and publishes.
//!
//! - Trigger: queue D (`Queue::Metrics`): one `Metrics` per segment, then `Publish`.
//! - Effect: `Metrics` loads a segment, what `reconcile` decided on it, its prices and the state of
//!   the assets it touches; stores the checkpoint behind it, the rows readers see, and the segment's
//!   directory. `Publish` writes totals, holdings and the manifest, and flips the ledger's pointer.
//! - Idempotency: (turn, segment); see `ports::folding`. Publishing twice is publishing once.
//! - Limits: memory by the segment and the open lots of the assets it touches.
//! - Absent on purpose: it asks no price source. What is not pinned is unpriced.

mod balances;
mod checkpoint;
pub mod config;
mod ending;
mod handler;
mod kept;
mod metrics;
mod packs;
mod prices;
mod publish;

pub use config::Config;
pub use handler::{Deps, handle};
pub use kept::Kept;
