//! The one place of the project that reads the machine's clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::time::Instant;
use ports::Clock;

/// The machine's clock, in microseconds, each answer later than the one before: when the machine's
/// clock stands still or is set back, the answers go on in steps of one microsecond.
#[derive(Debug, Default)]
pub struct SystemClock {
    last_us: AtomicI64,
}

impl SystemClock {
    /// A clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let machine_us = machine_us();
        let next = |last: i64| last.saturating_add(1).max(machine_us);
        let before = self
            .last_us
            .update(Ordering::SeqCst, Ordering::SeqCst, next);
        Instant(next(before))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn machine_us() -> i64 {
    // Before 1970 the clock is wrong; from 292,278 on it no longer fits.
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_answers_the_same_instant_twice() {
        let clock = SystemClock::new();
        let answers: Vec<Instant> = (0..1_000).map(|_| clock.now()).collect();
        assert!(answers.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_machine_clock_that_was_set_back_does_not_turn_time_back() {
        let ahead = machine_us() + 3_600_000_000;
        let clock = SystemClock {
            last_us: AtomicI64::new(ahead),
        };
        assert_eq!(clock.now(), Instant(ahead + 1));
        assert_eq!(clock.now(), Instant(ahead + 2));
    }
}
