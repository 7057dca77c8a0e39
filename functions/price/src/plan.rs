//! The pricing plan: which prices a turn must look up, in the fewest requests.

use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::digest::PriceNeed;
use domain::time::Day;
use domain::value;
use serde::{Deserialize, Serialize};

/// Prices one group looks up: enough that a source is asked rarely, few enough for one message.
const GROUP_KEYS: u32 = 2_000;
/// Days in one word of `Wanted`, and the most that one group spans: whoever reads a table in order of
/// days reads little that nobody asked for.
const WORD_DAYS: i32 = 64;

/// Prices that are wanted. A bit for each asset and day: memory grows with what a ledger holds and
/// how long, and not with its rows.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    words: BTreeMap<(i32, Asset), u64>,
}

impl Wanted {
    /// Adds the prices that settle `needs` in a base currency.
    pub(crate) fn add(&mut self, needs: &[PriceNeed], base: &Asset) {
        for (asset, day) in value::wanted(needs, base) {
            *self.words.entry((word(day), asset)).or_default() |= bit(day);
        }
    }

    /// Takes a price off.
    pub(crate) fn remove(&mut self, asset: &Asset, day: Day) {
        let key = (word(day), asset.clone());
        if let Some(days) = self.words.get_mut(&key) {
            *days &= !bit(day);
            if *days == 0 {
                self.words.remove(&key);
            }
        }
    }

    /// The first and the last day on which something may be wanted; rounded to whole words.
    pub(crate) fn span(&self) -> Option<(Day, Day)> {
        let (first, _) = self.words.first_key_value()?.0;
        let (last, _) = self.words.last_key_value()?.0;
        let start = |word: i32| word.saturating_mul(WORD_DAYS);
        Some((
            Day(start(*first)),
            Day(start(*last).saturating_add(WORD_DAYS - 1)),
        ))
    }

    /// How many prices.
    pub(crate) fn len(&self) -> u64 {
        self.words
            .values()
            .map(|days| u64::from(days.count_ones()))
            .sum()
    }

    /// The days of each asset in one word, and which word.
    fn by_word(&self) -> impl Iterator<Item = (i32, Vec<(&Asset, u64)>)> {
        let all: Vec<_> = self.words.iter().collect();
        let mut words: Vec<(i32, Vec<(&Asset, u64)>)> = Vec::new();
        for ((word, asset), days) in all {
            match words.last_mut() {
                Some((last, assets)) if last == word => assets.push((asset, *days)),
                _ => words.push((*word, vec![(asset, *days)])),
            }
        }
        words.into_iter()
    }
}

fn word(day: Day) -> i32 {
    day.0.div_euclid(WORD_DAYS)
}

fn bit(day: Day) -> u64 {
    1 << day.0.rem_euclid(WORD_DAYS)
}

/// The price requests of a turn, stored as one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PricePlan {
    /// The currency prices are wanted in.
    pub(crate) quote: Asset,
    /// The groups; a `Fetch` message names one.
    pub(crate) groups: Vec<Group>,
}

/// The prices of some assets on some days of one word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Which word.
    word: i32,
    /// The assets, sorted, each with its days as bits; never empty.
    assets: Vec<(Asset, u64)>,
}

impl PricePlan {
    /// Groups what is wanted by time, because that is how price tables are read: the days of one
    /// word, and of so many assets that a group stays small.
    pub(crate) fn of(quote: Asset, wanted: &Wanted) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (word, assets) in wanted.by_word() {
            let mut keys = GROUP_KEYS;
            for (asset, days) in assets {
                if keys + days.count_ones() > GROUP_KEYS {
                    groups.push(Group {
                        word,
                        assets: Vec::new(),
                    });
                    keys = 0;
                }
                keys += days.count_ones();
                if let Some(group) = groups.last_mut() {
                    group.assets.push((asset.clone(), days));
                }
            }
        }
        Self { quote, groups }
    }
}

impl Group {
    /// Its first and last day.
    pub(crate) fn span(&self) -> (Day, Day) {
        let all = self.assets.iter().fold(0, |all, (_, days)| all | days);
        let start = self.word.saturating_mul(WORD_DAYS);
        let place = |zeros: u32| i32::try_from(zeros).unwrap_or(0).min(WORD_DAYS - 1);
        let first = start.saturating_add(place(all.trailing_zeros()));
        let last = start.saturating_add(WORD_DAYS - 1 - place(all.leading_zeros()));
        (Day(first), Day(last))
    }

    /// Its assets, sorted.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.assets.iter().map(|(asset, _)| asset)
    }

    /// Whether it asks for a price of an asset.
    pub(crate) fn holds(&self, asset: &Asset) -> bool {
        self.assets
            .binary_search_by(|(known, _)| known.cmp(asset))
            .is_ok()
    }

    /// The prices it asks for, asset by asset.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&Asset, Day)> {
        let start = self.word.saturating_mul(WORD_DAYS);
        self.assets.iter().flat_map(move |(asset, days)| {
            let set = (0..WORD_DAYS).filter(move |place| days >> place & 1 == 1);
            set.map(move |place| (asset, Day(start.saturating_add(place))))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeSet;

    use super::*;

    fn asset(code: &str) -> Asset {
        code.parse().unwrap()
    }

    fn wanted(keys: &BTreeSet<(Asset, Day)>) -> Wanted {
        let mut wanted = Wanted::default();
        for (asset, day) in keys {
            let need = PriceNeed {
                day: *day,
                sources: vec![asset.clone()],
            };
            wanted.add(&[need], &asset_of_nobody());
        }
        wanted
    }

    fn asset_of_nobody() -> Asset {
        asset("USD")
    }

    #[test]
    fn every_wanted_price_is_in_exactly_one_group_and_no_group_is_too_large() {
        let codes = ["BTC", "ETH", "ADA"];
        let many = (0..200).map(|n| asset(&format!("T{n}")));
        let mut keys: BTreeSet<_> = many
            .flat_map(|asset| (0..60).map(move |n| (asset.clone(), Day(n))))
            .collect();
        keys.extend((-900..900).map(|n| {
            (
                asset(codes[usize::try_from(i32::rem_euclid(n, 3)).unwrap_or(0)]),
                Day(n),
            )
        }));
        let wanted = wanted(&keys);
        assert_eq!(wanted.len(), keys.len() as u64);
        let plan = PricePlan::of(asset_of_nobody(), &wanted);
        let mut planned = BTreeSet::new();
        for group in &plan.groups {
            let (first, last) = group.span();
            let mut count = 0;
            for (asset, day) in group.keys() {
                assert!(first <= day && day <= last && group.holds(asset));
                assert!(planned.insert((asset.clone(), day)), "asked for twice");
                count += 1;
            }
            assert!((1..=GROUP_KEYS).contains(&count));
        }
        assert_eq!(planned, keys);
    }

    #[test]
    fn what_is_taken_off_is_not_asked_for() {
        let keys = BTreeSet::from([(asset("BTC"), Day(-1)), (asset("BTC"), Day(70))]);
        let mut wanted = wanted(&keys);
        assert_eq!(wanted.span(), Some((Day(-64), Day(127))));
        wanted.remove(&asset("BTC"), Day(-1));
        wanted.remove(&asset("ETH"), Day(70));
        assert_eq!(
            (wanted.len(), wanted.span()),
            (1, Some((Day(64), Day(127))))
        );
        wanted.remove(&asset("BTC"), Day(70));
        assert_eq!((wanted.len(), wanted.span()), (0, None));
        assert!(PricePlan::of(asset("USD"), &wanted).groups.is_empty());
    }

    #[test]
    fn the_span_of_a_group_covers_all_its_assets_and_no_more() {
        let keys = BTreeSet::from([(asset("BTC"), Day(5)), (asset("ETH"), Day(9))]);
        let plan = PricePlan::of(asset("USD"), &wanted(&keys));
        assert_eq!(plan.groups.len(), 1);
        assert_eq!(plan.groups[0].span(), (Day(5), Day(9)));
        assert!(!plan.groups[0].holds(&asset("ADA")));
    }
}
