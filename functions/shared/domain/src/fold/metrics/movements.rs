//! What came into and went out of an account of one asset, beside the running balance: two sums of the
//! same rows that must agree.
//!
//! The sums run from the ledger's start and are kept as they stand at the end of each tax year; a
//! year's own are the difference to the year before. The closing balance is the running balance that
//! the fold shows in its rows, and never the sum of the others.

use serde::{Deserialize, Serialize};

use super::asset_state::AssetState;
use crate::asset::Asset;
use crate::ids::Account;
use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::BalanceRow;

/// From the ledger's start to the end of a tax year, or as far as the fold has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Movements {
    received: Decimal,
    sent: Decimal,
    fee: Decimal,
    closing: Decimal,
}

/// What one row moves of one asset.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved<'a> {
    pub(super) received: Option<&'a Decimal>,
    pub(super) sent: Option<&'a Decimal>,
    pub(super) fee: Option<&'a Decimal>,
}

impl Moved<'_> {
    /// Received - sent - fee.
    pub(super) fn change(self) -> Result<Decimal, ArithmeticError> {
        let mut change = self.received.cloned().unwrap_or(Decimal::ZERO);
        for gone in [self.sent, self.fee].into_iter().flatten() {
            change = change.minus(gone)?;
        }
        Ok(change)
    }
}

impl Movements {
    fn nothing() -> Self {
        Self {
            received: Decimal::ZERO,
            sent: Decimal::ZERO,
            fee: Decimal::ZERO,
            closing: Decimal::ZERO,
        }
    }

    /// With a row more, behind which the running balance is `closing`.
    fn with(&self, moved: Moved<'_>, closing: Decimal) -> Result<Self, ArithmeticError> {
        let sum = |before: &Decimal, amount: Option<&Decimal>| match amount {
            Some(amount) => before.plus(amount),
            None => Ok(before.clone()),
        };
        Ok(Self {
            received: sum(&self.received, moved.received)?,
            sent: sum(&self.sent, moved.sent)?,
            fee: sum(&self.fee, moved.fee)?,
            closing,
        })
    }
}

impl AssetState {
    /// Changes an account's balance and gives it. On an error nothing has changed.
    ///
    /// Where clocks go back over a new year's midnight, an hour of the year before comes again: what
    /// happens in it counts to the new year, which has begun.
    pub(super) fn change_balance(
        &mut self,
        account: &Account,
        year: i16,
        moved: Moved<'_>,
    ) -> Result<Decimal, ArithmeticError> {
        let change = moved.change()?;
        let after = match self.balances.get(account) {
            Some(balance) => balance.plus(&change)?,
            None => change,
        };
        let (year, movements) = match self.years.last_movements(account) {
            Some((last, before)) => (year.max(last), before.with(moved, after.clone())?),
            None => (year, Movements::nothing().with(moved, after.clone())?),
        };
        self.years.set_movements(year, account, movements);
        if after.is_zero() {
            self.balances.remove(account);
        } else {
            self.balances.insert(account.clone(), after.clone());
        }
        Ok(after)
    }

    /// How the balances of `asset`, whose state this is, came about: by account the tax years in which
    /// it moved, and behind them the whole ledger.
    ///
    /// # Errors
    /// When a difference does not fit.
    pub fn balance_rows(&self, asset: &Asset) -> Result<Vec<BalanceRow>, ArithmeticError> {
        let mut rows = Vec::new();
        for (account, years) in self.years.movements() {
            let nothing = Movements::nothing();
            let mut before = &nothing;
            for (year, until) in years {
                rows.push(between(asset, account, Some(year), before, until)?);
                before = until;
            }
            let mut whole = between(asset, account, None, &nothing, before)?;
            let balance = self.balances.get(account);
            whole.closing = balance.cloned().unwrap_or(Decimal::ZERO);
            rows.push(whole);
        }
        Ok(rows)
    }
}

fn between(
    asset: &Asset,
    account: &Account,
    year: Option<i16>,
    before: &Movements,
    until: &Movements,
) -> Result<BalanceRow, ArithmeticError> {
    Ok(BalanceRow {
        asset: asset.clone(),
        account: account.clone(),
        year,
        opening: before.closing.clone(),
        received: until.received.minus(&before.received)?,
        sent: until.sent.minus(&before.sent)?,
        fee: until.fee.minus(&before.fee)?,
        closing: until.closing.clone(),
    })
}
