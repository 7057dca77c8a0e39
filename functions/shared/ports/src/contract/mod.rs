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

mod http;
pub mod multipart;
pub mod objects;
pub mod queue;
pub mod signing;
pub mod state;
pub mod tables;

use std::panic::AssertUnwindSafe;

use domain::ids::{JobId, LedgerRef, TenantId};
use domain::time::Instant;
use futures::FutureExt;
use futures::future::BoxFuture;

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

/// A part of a suite: what it shows, and the showing.
pub type Part<'a> = (&'static str, BoxFuture<'a, ()>);

/// Runs every part of a suite, one after the other.
pub async fn all(parts: Vec<Part<'_>>) {
    for (_, part) in parts {
        part.await;
    }
}

/// Runs every part of a suite on a server that is known not to be able to show some of them: their
/// names, each with what the server does instead. Such a part must fail, so that the list is no
/// longer than it has to be.
///
/// # Panics
/// When a part fails, when one of the list does not, or when the list names a part there is none of.
pub async fn all_but(parts: Vec<Part<'_>>, cannot: &[(&str, &str)]) {
    for (name, _) in cannot {
        let known = parts.iter().any(|(part, _)| part == name);
        assert!(known, "the suite has no part {name}");
    }
    for (name, part) in parts {
        match cannot.iter().find(|(part, _)| *part == name) {
            None => part.await,
            Some((_, instead)) => {
                eprintln!("{name} is expected to fail on this server: {instead}");
                let shown = AssertUnwindSafe(part).catch_unwind().await.is_ok();
                assert!(!shown, "{name} holds, although: {instead}");
            }
        }
    }
}
