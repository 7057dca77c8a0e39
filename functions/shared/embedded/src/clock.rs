//! The two clocks. `SystemClock` is the one place of the project that reads the machine's.

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

/// A clock that a test moves.
#[derive(Debug)]
pub struct ManualClock {
    now_us: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn at(start: Instant) -> Self {
        Self {
            now_us: AtomicI64::new(start.0),
        }
    }

    /// Moves it forward by whole seconds.
    pub fn advance_seconds(&self, seconds: u32) {
        self.now_us
            .fetch_add(i64::from(seconds) * 1_000_000, Ordering::SeqCst);
    }

    /// Moves it forward to an instant; one in the past changes nothing.
    pub fn advance_to(&self, instant: Instant) {
        self.now_us.fetch_max(instant.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant(self.now_us.load(Ordering::SeqCst))
    }
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

    #[test]
    fn a_manual_clock_moves_forward_only() {
        let clock = ManualClock::at(Instant(5));
        clock.advance_seconds(2);
        assert_eq!(clock.now(), Instant(2_000_005));
        clock.advance_to(Instant(7));
        assert_eq!(clock.now(), Instant(2_000_005));
        clock.advance_to(Instant(3_000_000));
        assert_eq!(clock.now(), Instant(3_000_000));
    }
}
