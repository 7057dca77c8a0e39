//! A clock that a test can set ahead.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::time::Instant;
use machine::SystemClock;
use ports::Clock;

/// The machine's clock, ahead by as much as a test says.
pub(crate) struct Ahead {
    clock: SystemClock,
    /// Microseconds ahead.
    pub(crate) by_us: AtomicI64,
}

impl Clock for Ahead {
    fn now(&self) -> Instant {
        self.clock.now().plus_us(self.by_us.load(Ordering::SeqCst))
    }
}

impl Ahead {
    /// The machine's time.
    pub(crate) fn new() -> Self {
        Self {
            clock: SystemClock::new(),
            by_us: AtomicI64::new(0),
        }
    }
}
