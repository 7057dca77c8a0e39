//! The pricing plan: which prices a turn must look up, in the fewest requests.

use std::collections::BTreeSet;

use domain::asset::Asset;
use domain::time::Day;
use serde::{Deserialize, Serialize};

/// Prices one group looks up: enough that a source is asked rarely, few enough for one message.
pub(crate) const GROUP_KEYS: usize = 4_000;

/// The price requests of a turn, stored as one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PricePlan {
    /// The currency prices are wanted in.
    pub(crate) quote: Asset,
    /// The groups; a `Fetch` message names one.
    pub(crate) groups: Vec<Vec<AssetDays>>,
}

/// The days one asset's price is needed on: a source that sells ranges is asked once for the span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssetDays {
    /// The asset.
    pub(crate) asset: Asset,
    /// The days, sorted; never empty.
    pub(crate) days: Vec<Day>,
}

impl PricePlan {
    /// Groups what is wanted: an asset stands in one group as far as it fits, so that its range is
    /// asked for once.
    pub(crate) fn of(quote: Asset, wanted: &BTreeSet<(Asset, Day)>) -> Self {
        let mut groups: Vec<Vec<AssetDays>> = Vec::new();
        let mut keys = GROUP_KEYS;
        for (asset, day) in wanted {
            if keys >= GROUP_KEYS {
                groups.push(Vec::new());
                keys = 0;
            }
            keys += 1;
            let Some(group) = groups.last_mut() else {
                continue;
            };
            match group.last_mut() {
                Some(last) if last.asset == *asset => last.days.push(*day),
                _ => group.push(AssetDays {
                    asset: asset.clone(),
                    days: vec![*day],
                }),
            }
        }
        Self { quote, groups }
    }
}

/// The first and last day of a group.
pub(crate) fn span(group: &[AssetDays]) -> Option<(Day, Day)> {
    let first = group.iter().filter_map(|asset| asset.days.first()).min()?;
    let last = group.iter().filter_map(|asset| asset.days.last()).max()?;
    Some((*first, *last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(code: &str) -> Asset {
        code.parse().unwrap()
    }

    #[test]
    fn every_wanted_price_is_in_exactly_one_group_and_no_group_is_too_large() {
        let wanted: BTreeSet<_> = (0..9_001)
            .map(|n| (asset(if n % 3 == 0 { "BTC" } else { "ETH" }), Day(n / 2)))
            .collect();
        let plan = PricePlan::of(asset("USD"), &wanted);
        let mut planned = Vec::new();
        for group in &plan.groups {
            assert!(group.iter().map(|asset| asset.days.len()).sum::<usize>() <= GROUP_KEYS);
            for asset in group {
                planned.extend(asset.days.iter().map(|day| (asset.asset.clone(), *day)));
            }
        }
        assert_eq!(planned, wanted.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_wanted_is_no_group() {
        assert!(
            PricePlan::of(asset("USD"), &BTreeSet::new())
                .groups
                .is_empty()
        );
    }

    #[test]
    fn the_span_of_a_group_covers_all_its_assets() {
        let group = [
            AssetDays {
                asset: asset("BTC"),
                days: vec![Day(5), Day(9)],
            },
            AssetDays {
                asset: asset("ETH"),
                days: vec![Day(2)],
            },
        ];
        assert_eq!(span(&group), Some((Day(2), Day(9))));
    }
}
