//! `export`: writes files that are too large for an answer.
//!
//! - Trigger: queue `export`: `Export` for a file of a revision, `Rejects` for a job's refused
//!   records. `ledger` and `status` order them.
//! - Effect: one S3 object; then the order is marked ready.
//! - Idempotency: the object key, which holds revision and name, or job and generation. The same
//!   order writes the same bytes; one that is ready is not written again.
//! - Limits: one page of rows, or one chunk of the file, in memory, whatever the size of the ledger.
//! - Absent on purpose: it computes nothing. What a file says stands in the read tables.
//!
//! To add a file: a name in `domain::exports`, and a module here that turns a row into its lines.

mod cells;
pub mod config;
mod days;
mod disposals;
mod export;
mod handler;
mod issues;
mod names;
mod rejects;
mod totals;
mod transactions;
mod transfers;

#[cfg(test)]
mod days_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod rejects_tests;
#[cfg(test)]
mod world;

pub use config::Config;
pub use handler::{Deps, handle};
