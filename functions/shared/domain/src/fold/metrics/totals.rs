//! Totals of the read table `summaries`, kept per tax year, account and kind beside an asset's lots;
//! with section 104 what its days come to is one total more per tax year.
//!
//! A total counts acquisitions, disposals, and the legs of rows that do neither. Quantities are
//! those that went into and out of lots, and income received in money; for margin gains and losses,
//! which have a total but no lots, the quantity that came or left. Every step computes a new total
//! or fails as a whole.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::ids::Account;
use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::{Disposal, SummaryRow};
use crate::rows::{Kind, Leg};
use crate::section_104::DayDisposal;

/// Decimal places of a report's columns.
const REPORT_PLACES: u32 = 2;

/// Which total of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The calendar year in which the tax year begins.
    pub(super) year: i16,
    /// Which of the year's.
    pub(super) key: TotalKey,
}

/// Which total of an asset and tax year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TotalKey {
    /// The account; absent for the days of section 104.
    pub(crate) account: Option<Account>,
    /// The kind; absent for the days of section 104.
    pub(crate) kind: Option<Kind>,
}

/// What is added up in a total: the sums of a `SummaryRow`, which says what each is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    count: u64,
    acquired: Decimal,
    disposed: Decimal,
    proceeds: Decimal,
    cost_basis: Decimal,
    gain: Decimal,
    gain_long: Decimal,
    income: Decimal,
    gain_reported: Decimal,
    gain_long_reported: Decimal,
    unpriced: u64,
}

impl Sums {
    /// Of nothing.
    pub(super) const NOTHING: Self = Self {
        count: 0,
        acquired: Decimal::ZERO,
        disposed: Decimal::ZERO,
        proceeds: Decimal::ZERO,
        cost_basis: Decimal::ZERO,
        gain: Decimal::ZERO,
        gain_long: Decimal::ZERO,
        income: Decimal::ZERO,
        gain_reported: Decimal::ZERO,
        gain_long_reported: Decimal::ZERO,
        unpriced: 0,
    };

    /// The row of the read table.
    pub(super) fn row(&self, asset: &Asset, year: i16, key: &TotalKey) -> SummaryRow {
        let sums = self.clone();
        SummaryRow {
            year,
            asset: asset.clone(),
            account: key.account.clone(),
            kind: key.kind,
            count: sums.count,
            acquired: sums.acquired,
            disposed: sums.disposed,
            proceeds: sums.proceeds,
            cost_basis: sums.cost_basis,
            gain: sums.gain,
            gain_long: sums.gain_long,
            income: sums.income,
            gain_reported: sums.gain_reported,
            gain_long_reported: sums.gain_long_reported,
            unpriced: sums.unpriced,
        }
    }
}

/// The total with an acquisition more.
pub(super) fn with_acquired(
    mut total: Sums,
    quantity: &Decimal,
    income: Option<&Decimal>,
    unpriced: bool,
) -> Result<Sums, ArithmeticError> {
    total.count += 1;
    total.acquired = total.acquired.plus(quantity)?;
    total.unpriced += u64::from(unpriced);
    if let Some(income) = income {
        total.income = total.income.plus(income)?;
    }
    Ok(total)
}

/// The total with a disposal more. One without proceeds adds its quantity and cost, and is counted
/// as unpriced: the total is then incomplete.
pub(super) fn with_disposal(mut total: Sums, disposal: &Disposal) -> Result<Sums, ArithmeticError> {
    total.count += 1;
    total.disposed = total.disposed.plus(&disposal.quantity)?;
    total.cost_basis = total.cost_basis.plus(&disposal.cost_basis)?;
    let (Some(proceeds), Some(gain)) = (&disposal.proceeds, &disposal.gain) else {
        total.unpriced += 1;
        return Ok(total);
    };
    total.proceeds = total.proceeds.plus(proceeds)?;
    total.gain = total.gain.plus(gain)?;
    total.gain_reported = total.gain_reported.plus(&gain.rounded(REPORT_PLACES))?;
    if let Some(long) = &disposal.gain_long {
        total.gain_long = total.gain_long.plus(long)?;
        let rounded = long.rounded(REPORT_PLACES);
        total.gain_long_reported = total.gain_long_reported.plus(&rounded)?;
    }
    Ok(total)
}

/// The total with a disposal more whose proceeds and cost are those of its day.
pub(super) fn with_disposed(
    mut total: Sums,
    quantity: &Decimal,
    unpriced: bool,
) -> Result<Sums, ArithmeticError> {
    total.count += 1;
    total.disposed = total.disposed.plus(quantity)?;
    total.unpriced += u64::from(unpriced);
    Ok(total)
}

/// The total with a part more of what a day disposed of. Its quantity, and whether it is unpriced,
/// its rows have counted.
pub(super) fn with_day(mut total: Sums, disposal: &DayDisposal) -> Result<Sums, ArithmeticError> {
    total.count += 1;
    total.cost_basis = total.cost_basis.plus(&disposal.cost_basis)?;
    let (Some(proceeds), Some(gain)) = (&disposal.proceeds, &disposal.gain) else {
        return Ok(total);
    };
    total.proceeds = total.proceeds.plus(proceeds)?;
    total.gain = total.gain.plus(gain)?;
    total.gain_reported = total.gain_reported.plus(&gain.rounded(REPORT_PLACES))?;
    Ok(total)
}

/// The total with a leg more that neither acquires nor disposes.
pub(super) fn with_moved(
    mut total: Sums,
    kind: Option<Kind>,
    leg: &Leg,
) -> Result<Sums, ArithmeticError> {
    total.count += 1;
    match kind {
        Some(Kind::MarginGain) => total.acquired = total.acquired.plus(&leg.amount)?,
        Some(Kind::MarginLoss) => total.disposed = total.disposed.plus(&leg.amount)?,
        _ => {}
    }
    Ok(total)
}
