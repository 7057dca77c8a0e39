//! Job ids from a seed; those of the system's randomness are `machine::SystemIds`.

use std::sync::{Mutex, PoisonError};

use domain::ids::JobId;
use domain::job_ids::JobIdSequence;
use domain::time::Instant;
use ports::Ids;

use crate::chance::Chance;

/// Ids from a seed: the same seed and times, the same ids.
#[derive(Debug)]
pub struct SeededIds {
    state: Mutex<(JobIdSequence, Chance)>,
}

impl SeededIds {
    /// A source.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new((JobIdSequence::default(), Chance::new(seed))),
        }
    }
}

impl Ids for SeededIds {
    fn job_id(&self, now: Instant) -> JobId {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let random = (u128::from(state.1.next()) << 64) | u128::from(state.1.next());
        state.0.after(now, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_again() {
        let (one, two) = (SeededIds::new(7), SeededIds::new(7));
        for ms in [5, 5, 6, 4] {
            assert_eq!(
                one.job_id(Instant(ms * 1_000)),
                two.job_id(Instant(ms * 1_000))
            );
        }
    }

    #[test]
    fn an_id_is_a_version_7_uuid_of_its_millisecond() {
        let id = SeededIds::new(1).job_id(Instant(0x018B_CFE5_6800 * 1_000));
        let text = id.to_string();
        assert!(text.starts_with("018bcfe5-6800-7"), "{text}");
    }
}
