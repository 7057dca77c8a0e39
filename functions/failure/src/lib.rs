//! `failure`: the one place that ends a failed batch.
//!
//! - Trigger: every dead-letter queue.
//! - Effect: a chunk is recorded as given up in its job's done-set, and the job ends when that was
//!   the last one; a unit of a turn fails the turn; a file that could not be split fails its job; an
//!   export order is marked failed; an end that a webhook's receiver did not take is noted on the
//!   webhook; a wake-up is sent again. The cause is the one the handler noted
//!   when it failed the message for the last time (`ports::troubles`).
//! - Idempotency: that of the transitions: recording a failure twice is recording it once, and what
//!   has meanwhile succeeded stays succeeded.
//! - Limits: it reads at most the chunk plan of the job.
//! - Absent on purpose: it never repeats work. `POST retry` does, in a new generation.

pub mod config;
mod handler;
mod letter;
mod record;

pub use config::Config;
pub use handler::{Deps, handle};
