//! Everything the fold remembers of one asset: open lots, balances, totals. Steps either happen as a
//! whole or, on an arithmetic error, not at all.

use std::collections::BTreeMap;

use super::effects::{Acquired, Disposed, Proceeds};
use super::totals::{self, Slot, Sums};
use super::years::Years;
use crate::asset::Asset;
use crate::ids::Account;
use crate::lots::{Lots, Piece};
use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::{Disposal, Holding, LotPart, RowName, SummaryRow};
use crate::rows::Leg;
use crate::section_104::OpenDays;
use crate::settings::Method;
use crate::time::{DAY_US, Day, Instant};

/// The state of one asset over all accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetState {
    /// With section 104 its pool.
    pub(crate) lots: Lots,
    /// With section 104 the tax days that are not decided.
    pub(crate) open_days: OpenDays,
    /// Balance per account; none is 0.
    pub(crate) balances: BTreeMap<Account, Decimal>,
    pub(crate) years: Years,
}

/// When a row happens, for its disposals.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) at: Instant,
    pub(super) date: Day,
    /// Whole days after which a lot was held for the long term.
    pub(super) long_term_days: u32,
}

impl AssetState {
    /// The state of an asset nothing has happened to.
    #[must_use]
    pub fn new(method: Method) -> Self {
        Self {
            lots: Lots::new(method),
            open_days: OpenDays::default(),
            balances: BTreeMap::new(),
            years: Years::default(),
        }
    }

    /// The totals of `asset`, whose state this is, in order of year, account and kind.
    #[must_use]
    pub fn totals(&self, asset: &Asset) -> Vec<SummaryRow> {
        let totals = self.years.totals();
        let rows = totals.map(|(year, key, sums)| sums.row(asset, year, key));
        rows.collect()
    }

    /// Those of one tax year.
    pub fn totals_of<'a>(
        &'a self,
        asset: &'a Asset,
        year: i16,
    ) -> impl Iterator<Item = SummaryRow> + 'a {
        let totals = self.years.totals_of(year);
        totals.map(move |(key, sums)| sums.row(asset, year, key))
    }

    /// The tax years that have totals, each at least once.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.years.totals().map(|(year, _, _)| year)
    }

    /// What is held of `asset`, whose state this is; absent when there is neither a lot nor a
    /// balance. Money has balances and no lots. With section 104 the state must be closed: open
    /// days are not in the pool.
    #[must_use]
    pub fn holding(&self, asset: &Asset) -> Option<Holding> {
        let head = self.lots.head();
        if head.quantity.is_zero() && self.balances.is_empty() {
            return None;
        }
        Some(Holding {
            asset: asset.clone(),
            quantity: head.quantity.clone(),
            cost_basis: head.cost.clone(),
            average_cost: head.cost.divided_by(&head.quantity).ok(),
            balances: self
                .balances
                .iter()
                .map(|(account, amount)| (account.clone(), amount.clone()))
                .collect(),
        })
    }

    pub(super) fn acquire(
        &mut self,
        slot: Slot,
        acquired: &Acquired,
        source: &RowName,
        at: Instant,
    ) -> Result<(), ArithmeticError> {
        let total = self.total(&slot);
        let total = totals::with_acquired(
            total,
            &acquired.quantity,
            acquired.income.as_ref(),
            acquired.unpriced,
        )?;
        if acquired.lot {
            self.lots.acquire(
                source.clone(),
                at,
                acquired.quantity.clone(),
                acquired.cost.clone(),
            )?;
        }
        self.years.set_total(slot, total);
        Ok(())
    }

    /// Disposes, and says how much of it no lot could give.
    pub(super) fn dispose(
        &mut self,
        slot: Slot,
        disposed: &Disposed,
        when: When,
    ) -> Result<(Disposal, Decimal), ArithmeticError> {
        let mut take = self.lots.plan(&disposed.quantity)?;
        let pieces = std::mem::take(&mut take.pieces).into_iter();
        let mut lots: Vec<LotPart> = pieces.map(|piece| part(piece, when)).collect();
        if !take.missing.is_zero() {
            lots.push(nothing_behind(&take.missing));
        }
        let (proceeds, gain, gain_long) = gains(disposed, &take.cost, &lots)?;
        let disposal = Disposal {
            asset: disposed.asset.clone(),
            date: when.date,
            kind: disposed.kind,
            quantity: disposed.quantity.clone(),
            proceeds,
            cost_basis: take.cost.clone(),
            gain,
            gain_long,
            lots,
        };
        let total = totals::with_disposal(self.total(&slot), &disposal)?;
        let missing = take.missing.clone();
        self.lots.commit(take);
        self.years.set_total(slot, total);
        Ok((disposal, missing))
    }

    /// Counts a leg that neither acquires nor disposes.
    pub(super) fn count(&mut self, slot: Slot, leg: &Leg) -> Result<(), ArithmeticError> {
        let total = totals::with_moved(self.total(&slot), slot.key.kind, leg)?;
        self.years.set_total(slot, total);
        Ok(())
    }

    pub(super) fn total(&self, slot: &Slot) -> Sums {
        self.years.total(slot)
    }
}

fn part(piece: Piece, when: When) -> LotPart {
    let held = |acquired: Instant| when.at.0.saturating_sub(acquired.0) / DAY_US;
    LotPart {
        source: piece.source,
        acquired: piece.acquired,
        quantity: piece.quantity,
        cost: piece.cost,
        long: piece
            .acquired
            .is_some_and(|acquired| held(acquired) >= i64::from(when.long_term_days)),
    }
}

fn nothing_behind(missing: &Decimal) -> LotPart {
    LotPart {
        source: None,
        acquired: None,
        quantity: missing.clone(),
        cost: Decimal::ZERO,
        long: false,
    }
}

type Gains = (Option<Decimal>, Option<Decimal>, Option<Decimal>);

/// Proceeds, gain, and the gain's long-term part.
fn gains(disposed: &Disposed, cost: &Decimal, lots: &[LotPart]) -> Result<Gains, ArithmeticError> {
    let proceeds = match &disposed.proceeds {
        Proceeds::Unpriced => return Ok((None, None, None)),
        Proceeds::CostBasis => {
            return Ok((Some(cost.clone()), Some(Decimal::ZERO), Some(Decimal::ZERO)));
        }
        Proceeds::Known(proceeds) => proceeds,
    };
    let gain = proceeds.minus(cost)?;
    let long = long_gain(proceeds, &gain, &disposed.quantity, lots)?;
    Ok((Some(proceeds.clone()), Some(gain), Some(long)))
}

/// Proceeds go to lots by quantity: the named division is proceeds x long quantity / quantity. The
/// short-term part is the rest of the gain, so that both add up.
fn long_gain(
    proceeds: &Decimal,
    gain: &Decimal,
    quantity: &Decimal,
    lots: &[LotPart],
) -> Result<Decimal, ArithmeticError> {
    let (mut long_quantity, mut long_cost) = (Decimal::ZERO, Decimal::ZERO);
    for part in lots.iter().filter(|part| part.long) {
        long_quantity = long_quantity.plus(&part.quantity)?;
        long_cost = long_cost.plus(&part.cost)?;
    }
    if long_quantity.is_zero() {
        return Ok(Decimal::ZERO);
    }
    if long_quantity == *quantity {
        return Ok(gain.clone());
    }
    proceeds
        .times_over(&long_quantity, quantity)?
        .minus(&long_cost)
}
