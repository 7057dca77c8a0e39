//! Fresh job ids from a time and a random number.

use crate::ids::JobId;
use crate::time::Instant;

/// Bits of a version 7 UUID that are neither time, version nor variant.
const RANDOM_BITS: u32 = 74;

/// Job ids that sort by creation, whatever the clock does: version 7 UUIDs, each greater than the one
/// before. Here are the milliseconds and, as one number, the random bits of the last.
#[derive(Debug, Default)]
pub struct JobIdSequence {
    ms: u64,
    bits: u128,
}

impl JobIdSequence {
    /// The id of a job created at `now`, drawn from `random`; while the millisecond stands still or
    /// runs back, the number before plus one.
    pub fn after(&mut self, now: Instant, random: u128) -> JobId {
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
    fn when_the_random_bits_are_used_up_the_next_millisecond_is_taken() {
        let mut last = JobIdSequence {
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
            let mut last = JobIdSequence::default();
            let made: Vec<JobId> = steps.iter().map(|&(us, random)| last.after(Instant(us), random)).collect();
            prop_assert!(made.is_sorted_by(|a, b| a < b));
        }
    }
}
