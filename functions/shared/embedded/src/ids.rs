//! Fresh job ids, version 7 UUIDs, each greater than the one before; and fresh secrets.

use std::sync::{Mutex, PoisonError};

use domain::ids::JobId;
use domain::time::Instant;
use ports::{Ids, PortError, Secrets};

use crate::chance::Chance;

/// Bits of a version 7 UUID that are neither time, version nor variant.
const RANDOM_BITS: u32 = 74;

/// Ids from the system's randomness.
#[derive(Debug, Default)]
pub struct SystemIds {
    last: Mutex<Last>,
}

impl SystemIds {
    /// A source.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Ids for SystemIds {
    fn job_id(&self, now: Instant) -> JobId {
        let random = random_bits();
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .after(now, random)
    }
}

/// Secrets from the system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    #[allow(
        clippy::disallowed_methods,
        reason = "one of the two places that draw the machine's randomness"
    )]
    fn secret(&self) -> Result<[u8; 32], PortError> {
        let mut bytes = [0; 32];
        match getrandom::fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(PortError::retry("secrets.secret", error.to_string())),
        }
    }
}

/// A machine without randomness still gives ids in order; the time keeps them apart.
#[allow(
    clippy::disallowed_methods,
    reason = "one of the two places that draw the machine's randomness"
)]
fn random_bits() -> u128 {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u128::from_be_bytes(bytes),
        Err(_) => 0,
    }
}

/// Ids from a seed: the same seed and times, the same ids.
#[derive(Debug)]
pub struct SeededIds {
    state: Mutex<(Last, Chance)>,
}

impl SeededIds {
    /// A source.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new((Last::default(), Chance::new(seed))),
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

/// The id before: milliseconds, and the random bits as one number.
#[derive(Debug, Default)]
struct Last {
    ms: u64,
    bits: u128,
}

impl Last {
    /// The id for `now`; while the millisecond stands still or runs back, the number before plus one.
    fn after(&mut self, now: Instant, random: u128) -> JobId {
        let ms = u64::try_from(now.0.div_euclid(1_000)).unwrap_or(0);
        if ms > self.ms {
            self.ms = ms;
            // The top bit stays free, so that counting on from here has room.
            self.bits = random & ((1 << (RANDOM_BITS - 1)) - 1);
        } else {
            self.bits += 1;
            if self.bits >> RANDOM_BITS != 0 {
                self.ms += 1;
                self.bits = 0;
            }
        }
        JobId::new(self.ms, &spread(self.bits))
    }
}

/// The number in the ten bytes behind the time: twelve bits beside the version, sixty-two beside the
/// variant, both of which `JobId::new` writes over the rest.
fn spread(bits: u128) -> [u8; 10] {
    let high = (bits >> 62) & 0x0FFF;
    let low = bits & ((1 << 62) - 1);
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&((high << 64) | low).to_be_bytes()[6..]);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_one_instant_sort_in_the_order_they_were_made() {
        let ids = SystemIds::new();
        let made: Vec<JobId> = (0..1_000)
            .map(|_| ids.job_id(Instant(1_700_000_000_000_000)))
            .collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn two_sources_do_not_give_the_same_id() {
        let now = Instant(1_700_000_000_000_000);
        assert_ne!(SystemIds::new().job_id(now), SystemIds::new().job_id(now));
    }

    #[test]
    fn no_secret_is_given_twice() {
        let secrets: std::collections::BTreeSet<_> =
            (0..100).map(|_| SystemSecrets.secret().unwrap()).collect();
        assert_eq!(secrets.len(), 100);
        assert!(!secrets.contains(&[0; 32]));
    }

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

    #[test]
    fn when_the_random_bits_are_used_up_the_next_millisecond_is_taken() {
        let mut last = Last {
            ms: 9,
            bits: (1 << RANDOM_BITS) - 1,
        };
        let before = JobId::new(9, &spread(last.bits));
        let after = last.after(Instant(9_000), 0);
        assert!(after > before);
        assert_eq!(last.ms, 10);
    }

    proptest! {
        #[test]
        fn ids_sort_by_creation_whatever_the_clock_does(
            steps in proptest::collection::vec((0i64..5_000_000, any::<u128>()), 1..50),
        ) {
            let mut last = Last::default();
            let made: Vec<JobId> = steps.iter().map(|&(us, random)| last.after(Instant(us), random)).collect();
            prop_assert!(made.is_sorted_by(|a, b| a < b));
        }
    }
}
