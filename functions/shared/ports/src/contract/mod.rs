//! What every adapter must do, as suites that run against any of them: the embedded stores, and the
//! real servers behind the cloud's adapters.
//!
//! Each suite is a plain async function that panics with a sentence when the adapter breaks its
//! promise. Suites run in a tenant of their own, so they can share a server with anything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a suite reports by panicking; it is compiled for tests only"
)]

pub mod objects;
pub mod queue;
pub mod signing;
pub mod state;
pub mod tables;

use domain::ids::{JobId, LedgerRef, TenantId};
use domain::time::Instant;

use crate::Ids;

/// Where a suite runs.
pub struct World<'a> {
    /// A tenant nothing was ever stored for.
    pub tenant: TenantId,
    /// Where job ids come from.
    pub ids: &'a dyn Ids,
    /// What time it is.
    pub now: Instant,
}

impl World<'_> {
    fn job(&self) -> JobId {
        self.ids.job_id(self.now)
    }

    fn ledger(&self, name: &str) -> LedgerRef {
        LedgerRef {
            tenant: self.tenant.clone(),
            ledger: name.parse().expect("a ledger's name"),
        }
    }
}
