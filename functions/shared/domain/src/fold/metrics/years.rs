//! What an asset's tax years have come to: totals, and how balances stood at their ends. A year that is
//! over hardly ever changes again, so it is known which have, and a checkpoint stores each on its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::movements::Movements;
use super::totals::{Slot, Sums, TotalKey};
use crate::ids::Account;

/// The tax years of one asset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Years {
    years: BTreeMap<i16, TaxYear>,
    /// Those that are not as they were when they were stored last.
    changed: BTreeSet<i16>,
}

/// Years are what they come to: what of it was stored before is no part of that.
impl PartialEq for Years {
    fn eq(&self, other: &Self) -> bool {
        self.years == other.years
    }
}

impl Eq for Years {}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaxYear {
    totals: BTreeMap<TotalKey, Sums>,
    /// From the ledger's start to the year's end, of accounts in which the asset moved in it.
    movements: BTreeMap<Account, Movements>,
}

impl Years {
    /// Years as they were stored.
    pub(crate) fn restore(years: BTreeMap<i16, TaxYear>) -> Self {
        Self {
            years,
            changed: BTreeSet::new(),
        }
    }

    /// The years in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i16, &TaxYear)> {
        self.years.iter().map(|(year, it)| (*year, it))
    }

    /// Whether a year is not as it was when it was stored last.
    pub(crate) fn has_changed(&self, year: i16) -> bool {
        self.changed.contains(&year)
    }

    /// Every year is stored as it is now.
    pub(crate) fn are_stored(&mut self) {
        self.changed.clear();
    }

    /// The totals in order of year, account and kind.
    pub(super) fn totals(&self) -> impl Iterator<Item = (i16, &TotalKey, &Sums)> {
        let years = self.years.iter();
        years.flat_map(|(year, it)| it.totals.iter().map(|(key, sums)| (*year, key, sums)))
    }

    /// Those of one year.
    pub(super) fn totals_of(&self, year: i16) -> impl Iterator<Item = (&TotalKey, &Sums)> {
        self.years.get(&year).into_iter().flat_map(|it| &it.totals)
    }

    pub(super) fn total(&self, slot: &Slot) -> Sums {
        let year = self.years.get(&slot.year);
        let total = year.and_then(|year| year.totals.get(&slot.key));
        total.cloned().unwrap_or(Sums::NOTHING)
    }

    pub(super) fn set_total(&mut self, slot: Slot, total: Sums) {
        self.changing(slot.year).totals.insert(slot.key, total);
    }

    /// The last year in which the asset moved in an account, and what had moved until its end.
    pub(super) fn last_movements(&self, account: &Account) -> Option<(i16, &Movements)> {
        let mut years = self.years.iter().rev();
        years.find_map(|(year, it)| Some((*year, it.movements.get(account)?)))
    }

    pub(super) fn set_movements(&mut self, year: i16, account: &Account, until: Movements) {
        let movements = &mut self.changing(year).movements;
        match movements.get_mut(account) {
            Some(before) => *before = until,
            None => drop(movements.insert(account.clone(), until)),
        }
    }

    /// By account the years in which the asset moved in it, in their order.
    pub(super) fn movements(&self) -> BTreeMap<&Account, Vec<(i16, &Movements)>> {
        let mut movements: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (year, it) in &self.years {
            for (account, until) in &it.movements {
                movements.entry(account).or_default().push((*year, until));
            }
        }
        movements
    }

    fn changing(&mut self, year: i16) -> &mut TaxYear {
        self.changed.insert(year);
        self.years.entry(year).or_default()
    }
}
