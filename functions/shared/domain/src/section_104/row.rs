//! The rows of the read table `disposals`, and the key that leads from a transaction to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::asset::Asset;
use crate::money::Decimal;
use crate::read_rows::{Issue, RowName};
use crate::rows::Kind;
use crate::time::Day;

/// Sorts disposals as the read table has them: by day, asset and place.
pub fn sort_disposals(disposals: &mut [DayDisposal]) {
    disposals.sort_unstable_by(|a, b| (&a.key, a.n).cmp(&(&b.key, b.n)));
}

/// A part of what was disposed of an asset on a tax day, over all accounts: one per matching rule,
/// and with rule 2 one per day that acquired it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayDisposal {
    /// The asset and the tax day.
    pub key: DayKey,
    /// By which rule.
    pub rule: Rule,
    /// Its place among the day's parts, from 0, in the order they were taken.
    pub n: u32,
    /// The tax day that acquired it; absent for the pool.
    pub acquired: Option<Day>,
    /// How much.
    pub quantity: Decimal,
    /// Proceeds; absent while unpriced.
    pub proceeds: Option<Decimal>,
    /// Cost basis.
    pub cost_basis: Decimal,
    /// Proceeds less cost; absent while unpriced.
    pub gain: Option<Decimal>,
    /// The first rows of the day that disposed of the asset in this manner, in the ledger's total
    /// order, at most `NAMED_ROWS`; all of them carry the key (I12).
    pub rows: Vec<RowName>,
    /// How many rows there are.
    pub row_count: u64,
    /// What to look at.
    pub issues: Vec<Issue>,
}

/// What one transaction adds to what was disposed of on its tax day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayShare {
    /// The asset; with the transaction's tax day it is the key of the day's disposal.
    pub asset: Asset,
    /// What the quantity went for: the row's kind, or `transfer_fee`, or `fee`.
    pub kind: Kind,
    /// How much.
    pub quantity: Decimal,
    /// Proceeds; absent while unpriced, and for a gift at exactly its cost.
    pub proceeds: Option<Decimal>,
}

/// An asset and a tax day: the name of what was disposed of that day, written `BTC:2024-05-31`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DayKey {
    /// The tax day.
    pub day: Day,
    /// The asset.
    pub asset: Asset,
}

/// A text is no key of a day's disposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an asset and a day such as BTC:2024-05-31")]
pub struct InvalidDayKey;

impl fmt::Display for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.asset, self.day)
    }
}

impl FromStr for DayKey {
    type Err = InvalidDayKey;

    /// An asset's code may hold a colon, a day does not.
    fn from_str(text: &str) -> Result<Self, InvalidDayKey> {
        let (asset, day) = text.rsplit_once(':').ok_or(InvalidDayKey)?;
        let day: jiff::civil::Date = day.parse().map_err(|_| InvalidDayKey)?;
        Ok(Self {
            day: Day::of(day),
            asset: asset.parse().map_err(|_| InvalidDayKey)?,
        })
    }
}
