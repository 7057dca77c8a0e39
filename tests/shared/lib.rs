//! What more than one test binary needs: files, a user of a stack, results to compare, and the real
//! servers.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

#[cfg(feature = "servers")]
pub mod cloud;
pub mod conformance;
pub mod functions;
pub mod lambda_api;
pub mod ledgers;
pub mod results;
#[cfg(feature = "servers")]
pub mod running;
pub mod user;
