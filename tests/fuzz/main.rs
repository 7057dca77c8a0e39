//! Bytes that nobody would write, made from those that people write: what takes input refuses it or
//! agrees with a slow, plain reading of the same bytes, and never panics.
//!
//! `MILLRACE_FUZZ_SECONDS` is the time of each target (5), `MILLRACE_SEED` repeats an earlier run.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod cursors;
mod decimals;
mod engine;
mod formats;
mod naive;
mod prices;
mod splitter;
mod stored;
