//! `price`: gives ledgers their turns, and turns their prices.
//!
//! - Trigger: queue B (`Queue::Price`): `Admit`, `Begin`, `Fetch`.
//! - Effect: `Admit` starts a turn for waiting jobs; `Begin` takes the snapshot and writes the plan
//!   of price requests (the master: as few as cover the need, less what is pinned already); `Fetch`
//!   does one group of requests and pins what it found, under the turn.
//! - Idempotency: (turn, group). Snapshot and plan are deterministic and written before the
//!   transition that names them; pins are keyed by turn.
//! - Limits: `limits::MAX_TURN_JOBS` jobs a turn, `plan::GROUP_KEYS` prices a group.
//! - Absent on purpose: it reads no rows. Digests say which prices a file can need.

mod admit;
mod begin;
pub mod config;
mod fetch;
mod handler;
mod own;
mod plan;
mod snapshot;

pub use config::Config;
pub use handler::{Deps, handle};
