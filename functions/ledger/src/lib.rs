//! `ledger`: what a ledger is told, and what can be read of it.
//!
//! - Trigger: HTTP under `/v1/ledgers/{ledger}`: `GET|PUT settings`, `PUT prices`, `GET|PUT overrides`,
//!   `GET transactions`, `disposals`, `issues`, `holdings`, `summary`, `reconciliation`,
//!   `exports/{name}`.
//! - Effect: a GET has none, except the order of an export that is not there yet. A PUT makes a job
//!   that asks the ledger for a turn; nothing is changed before that turn publishes.
//! - Idempotency: settings and overrides that are already asked for make no second job; a price file
//!   sent twice is two jobs with the same result; ordering an export twice is ordering it once.
//! - Limits: `limits::MAX_PAGE_ROWS` rows a page, five times that read for one, one MiB of answer;
//!   `limits::MAX_PRICES_BYTES` of prices, packed or not; `limits::MAX_OVERRIDE_CHANGES` changes of
//!   overrides a request, `limits::MAX_OVERRIDES` rows with one.
//! - Absent on purpose: it computes nothing and writes no row of a revision. Bulk answers are S3
//!   objects: no response grows with the ledger.

pub mod config;
pub mod cursor;
mod exports;
mod filter;
mod handler;
mod lists;
pub mod openapi;
mod overrides;
mod page;
mod pending;
pub mod prices;
mod published;
mod reconciliation;
mod settings;
mod views;

#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod days_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod routes_world;
#[cfg(test)]
mod world;

pub use config::Config;
pub use handler::{Deps, router};
