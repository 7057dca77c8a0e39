//! Does the pipeline on the real servers give the same bytes as on the embedded stores, also when
//! Cassandra goes away in the middle?
//!
//! `cargo test -p tests --features servers --test cloud [FILTER]`. The handlers run in this process,
//! through the adapters they are deployed with.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod embedded;
mod outages;
mod same_bytes;

use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Trial};
use tests::cloud::Real;

fn main() {
    let mut arguments = Arguments::from_args();
    // Trials stop servers that others would need.
    arguments.test_threads = Some(1);
    let real = Arc::new(OnceLock::new());
    let suites = [same_bytes::trials(&real), outages::trials(&real)];
    let trials = suites.into_iter().flatten().collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Before the exit, which drops nothing.
    drop(real);
    conclusion.exit();
}

/// The servers, started by the first trial.
type Servers = Arc<OnceLock<Real>>;

/// A trial on the servers.
fn trial<F>(name: &str, real: &Servers, body: impl FnOnce(Servers) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    let real = Arc::clone(real);
    Trial::test(name, move || {
        let runtime = real.get_or_init(Real::start).runtime().clone();
        runtime.block_on(body(real));
        Ok(())
    })
}
