//! A clock that a test moves; the machine's is `machine::SystemClock`.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::time::Instant;
use ports::Clock;

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
