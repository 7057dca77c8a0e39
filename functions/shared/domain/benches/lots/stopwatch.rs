//! Time on the processor: what other programs of the machine take is not counted, where the system
//! tells it (Linux: proc(5), `/proc/thread-self/schedstat`, nanoseconds); else the clock.

use std::fs;
use std::time::{Duration, Instant};

/// A moment to measure from.
pub(crate) struct Stopwatch {
    began: Instant,
    on_processor: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            began: Instant::now(),
            on_processor: on_processor(),
        }
    }

    pub(crate) fn took(&self) -> Duration {
        match (self.on_processor, on_processor()) {
            (Some(began), Some(now)) => now.saturating_sub(began),
            _ => self.began.elapsed(),
        }
    }
}

fn on_processor() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
