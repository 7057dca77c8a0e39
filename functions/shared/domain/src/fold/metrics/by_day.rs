//! What section 104 does to the state of an asset: rows add to their tax day, and days that are over
//! become rows of the table `disposals` and totals.

use super::asset_state::AssetState;
use super::effects::{Acquired, Disposed, Proceeds};
use super::issues;
use super::totals::{self, Slot, TotalKey};
use crate::asset::Asset;
use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::RowName;
use crate::rows::Kind;
use crate::section_104::{DayDisposal, DayKey, DayShare, Decided, Manner, Part, is_over};
use crate::settings::TaxProfile;
use crate::time::Day;

impl AssetState {
    /// Adds an acquisition to its day.
    pub(super) fn acquire_on(
        &mut self,
        day: Day,
        slot: Slot,
        acquired: &Acquired,
    ) -> Result<(), ArithmeticError> {
        let total = totals::with_acquired(
            self.total(&slot),
            &acquired.quantity,
            acquired.income.as_ref(),
            acquired.unpriced,
        )?;
        if acquired.lot {
            self.open_days
                .acquire(day, &acquired.quantity, &acquired.cost)?;
        }
        self.years.set_total(slot, total);
        Ok(())
    }

    /// Adds a disposal to its day. What is lost goes for nothing, whatever its value.
    pub(super) fn dispose_on(
        &mut self,
        day: Day,
        slot: Slot,
        disposed: &Disposed,
        source: &RowName,
    ) -> Result<DayShare, ArithmeticError> {
        let (manner, proceeds) = match (&disposed.proceeds, disposed.kind) {
            (_, Kind::Lost) => (Manner::Lost, Some(Decimal::ZERO)),
            (Proceeds::CostBasis, _) => (Manner::AtCost, None),
            (Proceeds::Known(proceeds), _) => (Manner::Sold, Some(proceeds.clone())),
            (Proceeds::Unpriced, _) => (Manner::Sold, None),
        };
        let unpriced = manner == Manner::Sold && proceeds.is_none();
        let total = self.total(&slot);
        let total = totals::with_disposed(total, &disposed.quantity, unpriced)?;
        self.open_days
            .dispose(day, manner, &disposed.quantity, proceeds.as_ref(), source)?;
        self.years.set_total(slot, total);
        Ok(DayShare {
            asset: disposed.asset.clone(),
            kind: disposed.kind,
            quantity: disposed.quantity.clone(),
            proceeds,
        })
    }

    /// The disposals of the days that nothing can change any more once the ledger has come to
    /// `today`, sorted.
    pub(super) fn advance(
        &mut self,
        asset: &Asset,
        today: Day,
        profile: TaxProfile,
    ) -> Vec<DayDisposal> {
        let decided = self.open_days.advance(today, &mut self.lots);
        self.tell(asset, decided, profile)
    }

    /// The disposals of all days that are open, sorted: nothing follows. The state is then what the
    /// ledger comes to at its end, and no state to go on from.
    pub fn close(&mut self, asset: &Asset, profile: TaxProfile) -> Vec<DayDisposal> {
        let decided = self.open_days.close(&mut self.lots);
        self.tell(asset, decided, profile)
    }

    fn tell(
        &mut self,
        asset: &Asset,
        decided: Vec<Decided>,
        profile: TaxProfile,
    ) -> Vec<DayDisposal> {
        let mut told = Vec::new();
        for Decided { day, parts } in decided {
            let slot = Slot {
                year: profile.tax_year(day),
                key: TotalKey {
                    account: None,
                    kind: None,
                },
            };
            for (n, part) in (0..).zip(parts) {
                let key = DayKey {
                    day,
                    asset: asset.clone(),
                };
                let mut disposal = disposal(key, n, part);
                match totals::with_day(self.total(&slot), &disposal) {
                    Ok(total) => self.years.set_total(slot.clone(), total),
                    Err(_) => disposal.issues.push(issues::overflow(Some(asset))),
                }
                told.push(disposal);
            }
        }
        told
    }
}

fn disposal(key: DayKey, n: u32, part: Part) -> DayDisposal {
    let mut found = Vec::new();
    if !part.missing.is_zero() {
        found.push(issues::missing_cost_basis(&key.asset, &part.missing));
    }
    if part.overflow {
        found.push(issues::overflow(Some(&key.asset)));
    }
    DayDisposal {
        key,
        rule: part.rule,
        n,
        acquired: part.acquired,
        quantity: part.quantity,
        proceeds: part.proceeds,
        cost_basis: part.cost,
        gain: part.gain,
        rows: part.sources.first,
        row_count: part.sources.count,
        issues: found,
    }
}

/// Whether a state whose earliest open disposal is of `day` has something to tell at `today`.
#[must_use]
pub(crate) fn is_due(day: Option<Day>, today: Day) -> bool {
    day.is_some_and(|day| is_over(day, today))
}
