//! A seeded source of chance: the same seed gives the same numbers on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of numbers. Streams of one seed do not influence each other, so that one more asset in
/// the market changes no event.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// Stream `stream` of `seed`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut key = *b"________millrace generate form 1";
        for (byte, seed) in key.iter_mut().zip(seed.to_le_bytes()) {
            *byte = seed;
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A number under `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included; `low` when `high` is under it.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `share` of 1,000 cases.
    pub(crate) fn permille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    /// An index, each as often as its weight says; 0 when there are no weights.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// One of a few texts; empty when there is none.
    pub(crate) fn one_of(&mut self, texts: &[&'static str]) -> &'static str {
        let index = usize::try_from(self.below(texts.len() as u64)).unwrap_or(0);
        texts.get(index).copied().unwrap_or_default()
    }

    /// Sixteen hexadecimal digits behind `0x`: a transaction hash short enough to read.
    pub(crate) fn hash(&mut self) -> String {
        format!("0x{:016x}", self.0.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_on_every_machine() {
        let mut chance = Chance::new(7, 0);
        let seen: Vec<u64> = (0..4).map(|_| chance.below(1_000_000)).collect();
        assert_eq!(seen, SEVEN);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Chance::new(7, 0).hash(), Chance::new(7, 1).hash());
        assert_ne!(Chance::new(7, 0).hash(), Chance::new(8, 0).hash());
    }

    #[test]
    fn numbers_stay_in_their_bounds() {
        let mut chance = Chance::new(1, 1);
        for _ in 0..1_000 {
            assert!((3..=5).contains(&chance.between(3, 5)));
            assert_eq!(chance.below(0), 0);
            assert_ne!(chance.weighted([5, 0, 5].into_iter()), 1);
        }
    }

    const SEVEN: [u64; 4] = [700_597, 214_829, 251_507, 634_823];
}
