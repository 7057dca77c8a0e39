//! Does the pipeline say what the rules say, to the last digit?
//!
//! The model is the rules of a ledger written down a second time: slow, plain, from the whole ledger
//! at once, with numbers of its own. It shares with the code under test the form a row is parsed
//! into and the fingerprint of a row, which is a hash; everything else it finds out by itself.
//! Random ledgers go through both, and everything that is said of them must be equal.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod agreement;
mod answer;
mod balances;
mod border;
mod disposals;
mod effects;
mod files;
mod folds;
mod generate;
mod kinds;
mod ledger;
mod lots;
mod model;
mod number;
mod order;
mod pipeline;
mod random;
mod said;
mod section_104;
mod totals;
