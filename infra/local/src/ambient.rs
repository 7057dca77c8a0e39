//! What a process does and a step must not: wait, run things beside each other, take random bytes.
//! Everything of the kind in this crate comes through here.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

/// Waits.
#[expect(
    clippy::disallowed_methods,
    reason = "a client and an event source wait; no step is one"
)]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Runs a task beside this one.
#[expect(
    clippy::disallowed_methods,
    reason = "a server answers while pumps work; no step is one"
)]
pub(crate) fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(task)
}

/// Runs a task beside this one, as one of a set that ends together.
#[expect(
    clippy::disallowed_methods,
    reason = "pumps run beside each other; no step is one"
)]
pub(crate) fn spawn_among<F>(tasks: &mut JoinSet<()>, task: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    tasks.spawn(task);
}

/// Random bytes for a key that lives as long as the process.
///
/// # Errors
/// The system has none.
#[expect(
    clippy::disallowed_methods,
    reason = "a key is no result: nothing follows from it"
)]
pub(crate) fn entropy() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
