//! Do the adapters keep the promises of the ports on the real servers?
//!
//! `cargo test -p tests --features servers --test contract [FILTER]`. Only the servers that the
//! trials ask for are started. To add a suite: a module with `trials`, and its line in `main`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod adapters;
mod faults;
mod objects;
mod outages;
mod queues;
mod schemas;
mod servers;
mod state;
mod tables;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tests::running::Running;

fn main() {
    let arguments = Arguments::from_args();
    let running = Arc::new(Running::default());
    let suites: [Vec<Trial>; 8] = [
        servers::trials(&running),
        objects::trials(&running),
        queues::trials(&running),
        state::trials(&running),
        tables::trials(&running),
        schemas::trials(&running),
        outages::trials(&running),
        faults::trials(&running),
    ];
    let trials = suites.into_iter().flatten().collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Before the exit, which drops nothing.
    drop(running);
    conclusion.exit();
}

/// A trial that may ask for servers.
fn trial(
    name: &str,
    running: &Arc<Running>,
    body: impl FnOnce(&Running) + Send + 'static,
) -> Trial {
    let running = Arc::clone(running);
    Trial::test(name, move || {
        body(&running);
        Ok(())
    })
}
