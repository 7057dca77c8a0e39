//! `reconcile`: cuts a ledger into segments and folds them in total order: duplicates and transfers.
//!
//! - Trigger: queue C (`Queue::Reconcile`): `Plan`, then one `Reconcile` per segment.
//! - Effect: `Plan` keeps the base revision's segments before the restart checkpoint and cuts new
//!   ones behind it, into one S3 object. It reads no rows but those of instants with an end of a user's link, and
//!   tells each segment what the user says of its rows. `Reconcile` loads a segment and the checkpoint before it,
//!   decides what can be decided, stores the checkpoint behind it and the decisions.
//! - Idempotency: (turn, segment); see `ports::folding`.
//! - Limits: `limits::SEGMENT_ROWS` rows a segment, `limits::MAX_INSTANT_ROWS` rows an instant.
//! - Absent on purpose: it writes decisions only. `metrics` alone writes what readers see.

pub mod config;
mod handler;
mod overrides;
mod plan;
mod reconcile;
mod work;

pub use config::{Bounds, Config};
pub use handler::{Deps, handle};
