//! All ends of one side of an asset that are in sight, to find the best candidate of an unmatched
//! end of the other side: equal hash, nearest amount, nearest time, earliest in the total order.

use std::collections::{BTreeMap, BTreeSet};

use super::{End, Place, difference};
use crate::money::Decimal;
use crate::time::Instant;

/// The ends of one side.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    all: Amounts,
    by_hash: BTreeMap<Box<str>, Amounts>,
}

impl Shelf {
    /// Adds an end.
    pub(super) fn insert(&mut self, end: &End) {
        self.all.insert(end);
        if let Some(hash) = &end.hash {
            self.by_hash.entry(hash.clone()).or_default().insert(end);
        }
    }

    /// Takes an end out.
    pub(super) fn remove(&mut self, end: &End) {
        self.all.remove(end);
        if let Some(hash) = &end.hash
            && let Some(same_hash) = self.by_hash.get_mut(hash)
        {
            same_hash.remove(end);
            if same_hash.0.is_empty() {
                self.by_hash.remove(hash);
            }
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.all.0.is_empty()
    }

    /// The best candidate for an end of the other side.
    pub(super) fn best_for(&self, end: &End) -> Option<Place> {
        let same_hash = end.hash.as_ref().and_then(|hash| self.by_hash.get(hash));
        same_hash.unwrap_or(&self.all).nearest(end)
    }
}

/// Ends by amount, then in the total order.
#[derive(Debug, Default)]
struct Amounts(BTreeSet<(Decimal, Place)>);

const FIRST: Place = Place {
    at: Instant(i64::MIN),
    nth: 0,
};
const LAST: Place = Place {
    at: Instant(i64::MAX),
    nth: u32::MAX,
};

impl Amounts {
    fn insert(&mut self, end: &End) {
        self.0.insert((end.amount.clone(), end.place));
    }

    fn remove(&mut self, end: &End) {
        self.0.remove(&(end.amount.clone(), end.place));
    }

    /// Only the nearest amount on either side, and of that amount only the nearest time on either
    /// side, can be it: four looks into the set.
    fn nearest(&self, end: &End) -> Option<Place> {
        let own = (end.amount.clone(), FIRST);
        let below = self.0.range(..&own).next_back();
        let above = self.0.range(&own..).next();
        let candidates = [below, above]
            .into_iter()
            .flatten()
            .flat_map(|(amount, _)| {
                let difference = difference(amount, &end.amount);
                let times = [
                    self.last_before(amount, end.place.at),
                    self.first_from(amount, end.place.at),
                ];
                times.into_iter().flatten().map(move |place| {
                    (
                        difference.clone(),
                        place.at.0.abs_diff(end.place.at.0),
                        place,
                    )
                })
            });
        candidates.min().map(|(_, _, place)| place)
    }

    fn first_from(&self, amount: &Decimal, at: Instant) -> Option<Place> {
        let from = (amount.clone(), Place { at, nth: 0 });
        let to = (amount.clone(), LAST);
        self.0.range(from..=to).next().map(|(_, place)| *place)
    }

    /// The earliest in the total order of those at the latest time before `at`.
    fn last_before(&self, amount: &Decimal, at: Instant) -> Option<Place> {
        let from = (amount.clone(), FIRST);
        let to = (amount.clone(), Place { at, nth: 0 });
        let (_, last) = self.0.range(from..to).next_back()?;
        self.first_from(amount, last.at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::Side;
    use crate::matching::sample::end;

    proptest! {
        #[test]
        fn the_best_candidate_is_the_least_by_hash_amount_time_and_place(
            drawn in prop::collection::vec((0..5_i64, 0..5_u64, 0..3_usize, any::<bool>()), 1..24),
            at in 0..5_i64, amount in 0..5_u64, hash in 0..3_usize,
        ) {
            let hashes = [None, Some("g"), Some("h")];
            let ends: Vec<(End, bool)> = (0..).zip(drawn).map(|(nth, (at, amount, hash, stays))| {
                let mut end = end(Side::Deposit, "a", at, &amount.to_string(), hashes[hash]);
                end.place.nth = nth;
                (end, stays)
            }).collect();
            let mut shelf = Shelf::default();
            ends.iter().for_each(|(end, _)| shelf.insert(end));
            ends.iter().filter(|(_, stays)| !stays).for_each(|(end, _)| shelf.remove(end));

            let alone = end(Side::Withdrawal, "b", at, &amount.to_string(), hashes[hash]);
            let there = ends.iter().filter(|(_, stays)| *stays).map(|(end, _)| end);
            let best = there.min_by_key(|end| {
                let other_hash = alone.hash.is_none() || end.hash != alone.hash;
                let gap = (end.place.at.0 - at).abs();
                (other_hash, difference(&end.amount, &alone.amount), gap, end.place)
            });
            prop_assert_eq!(shelf.best_for(&alone), best.map(|end| end.place));
            prop_assert_eq!(shelf.is_empty(), ends.iter().all(|(_, stays)| !stays));
        }
    }
}
