//! What starting a process takes of the machine: waiting, the time that passes, a thread.

use std::thread;
use std::time::{Duration, Instant};

/// Waits.
#[expect(
    clippy::disallowed_methods,
    reason = "a server takes seconds to come up; no step waits here"
)]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// A limit on waiting.
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Ends `limit` from now.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a server takes to come up decides nothing"
    )]
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// Whether it has passed.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a server takes to come up decides nothing"
    )]
    pub(crate) fn passed(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// Runs `work` on a thread of its own for as long as the process lives.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread that starts servers must outlive them"
)]
pub(crate) fn keep_running(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work);
}
