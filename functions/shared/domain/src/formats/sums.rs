//! Sums of what moves in a group, by asset.

use crate::asset::Asset;
use crate::money::Decimal;
use crate::rows::Leg;

use super::error::Wrong;

/// Sums by asset.
#[derive(Debug, Default)]
pub(super) struct Sums(Vec<(Asset, Decimal)>);

impl Sums {
    pub(super) fn add(&mut self, asset: &Asset, amount: &Decimal) -> Result<(), Wrong> {
        let too_wide = |error| Wrong::new("overflow", format!("its sum in {asset}: {error}"));
        match self.0.iter_mut().find(|(of, _)| of == asset) {
            Some((_, sum)) => *sum = sum.plus(amount).map_err(too_wide)?,
            None => self.0.push((asset.clone(), amount.clone())),
        }
        Ok(())
    }

    /// The sums that are not zero, as amounts without a sign, each with whether it is below zero; in the
    /// order of the assets' codes, so that a group says the same whichever way its file runs.
    pub(super) fn legs(&self) -> Vec<(Leg, bool)> {
        let mut moved: Vec<_> = self.0.iter().filter(|(_, sum)| !sum.is_zero()).collect();
        moved.sort_by_key(|(asset, _)| asset);
        let leg = |(asset, sum): &(Asset, Decimal)| {
            let leg = Leg {
                amount: sum.abs(),
                asset: asset.clone(),
            };
            (leg, sum.is_negative())
        };
        moved.into_iter().map(leg).collect()
    }

    /// The one asset there is a sum of; `None` when there is none.
    ///
    /// # Errors
    /// `several_assets`, in words that begin with what it does: `gives`, `gets`.
    pub(super) fn one(&self, verb: &str) -> Result<Option<Leg>, Wrong> {
        let legs = self.legs();
        if legs.len() > 1 {
            let reason = format!(
                "it {verb} {} and does not say which part is for which; enter each trade by hand",
                named(legs.iter().map(|(leg, _)| &leg.asset))
            );
            return Err(Wrong::new("several_assets", reason));
        }
        Ok(legs.into_iter().next().map(|(leg, _)| leg))
    }
}

/// Assets as a message names them: the first few.
pub(super) fn named<'a>(assets: impl Iterator<Item = &'a Asset>) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<&str> = assets.map(Asset::as_str).collect();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let shown = names.join(" and ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}
