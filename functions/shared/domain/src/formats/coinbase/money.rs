//! The money of a record: Subtotal, Fees and Total, in the price currency.

use crate::asset::Asset;
use crate::money::{ArithmeticError, Decimal};
use crate::quote::quote;
use crate::rows::Leg;

use super::super::error::{RowError, Wrong};
use super::super::record::Record;
use super::notes::{self, Note};
use super::{CURRENCY, FEES, NOTES, Reader, SUBTOTAL, TOTAL};

/// What Subtotal, Fees and Total may differ by, in hundredths of a unit of money and in thousandths of
/// the total: they are rounded for display, each on its own.
const ROUNDING_HUNDREDTHS: u64 = 2;
const ROUNDING_THOUSANDTHS: u64 = 5;

impl Reader {
    /// The other side of a buy or sale, its fee, and its value where the side is not in the price
    /// currency.
    pub(super) fn money(
        &self,
        record: &Record<'_>,
        buys: bool,
    ) -> Result<(Leg, Option<Leg>, Option<Leg>), RowError> {
        let currency = self.price_currency(record)?;
        let (whole, fee) = self.whole_and_fee(record, buys)?;
        if let Some(Note::Traded(side)) = notes::read(record.text(NOTES))
            && side.asset != currency
        {
            let total = match (&fee, buys) {
                (None, _) => Ok(whole),
                (Some(fee), true) => whole.plus(fee),
                (Some(fee), false) => whole.minus(fee),
            };
            let amount = total.map_err(|error| too_large(record, TOTAL, &error))?;
            let worth = Leg {
                amount,
                asset: currency,
            };
            return Ok((side, None, Some(worth)));
        }
        let leg = |amount| Leg {
            amount,
            asset: currency.clone(),
        };
        Ok((leg(whole), fee.map(leg), None))
    }

    /// The money of a trade before its fee, and the fee. Some files call the amount before the fee of a
    /// sale Total and the one after it Subtotal: the larger of the two is the one before. A fee with a
    /// minus is a rebate, and Total what moved.
    fn whole_and_fee(
        &self,
        record: &Record<'_>,
        buys: bool,
    ) -> Result<(Decimal, Option<Decimal>), RowError> {
        let total = record.size(TOTAL)?;
        if self.total_only {
            return Ok((total.ok_or_else(|| no_money(record, TOTAL))?, None));
        }
        let fee = record.signed(FEES)?;
        let subtotal = record.signed(SUBTOTAL)?;
        let is_rebate = fee.as_ref().is_some_and(Decimal::is_negative)
            && subtotal
                .as_ref()
                .is_some_and(|subtotal| !subtotal.is_negative());
        let subtotal = subtotal.map(|subtotal| subtotal.abs());
        let fee = fee.map(|fee| fee.abs());
        match (subtotal, total) {
            (_, Some(total)) if is_rebate => Ok((total, None)),
            (Some(subtotal), Some(total)) => {
                let (low, high) = if subtotal < total {
                    (subtotal, total)
                } else {
                    (total, subtotal)
                };
                check_sum(record, &low, &high, fee.as_ref())?;
                Ok((if buys { low } else { high }, fee))
            }
            (Some(subtotal), None) => Ok((subtotal, fee)),
            (None, Some(total)) if fee.is_none() => Ok((total, None)),
            (None, _) => Err(no_money(record, SUBTOTAL)),
        }
    }

    pub(super) fn price_currency(&self, record: &Record<'_>) -> Result<Asset, RowError> {
        match &self.currency {
            Some(currency) => Ok(currency.clone()),
            None => record.asset(CURRENCY),
        }
    }

    /// The value of a record, where it is written.
    pub(super) fn subtotal(&self, record: &Record<'_>) -> Result<Option<Leg>, RowError> {
        self.in_price_currency(record, if self.total_only { TOTAL } else { SUBTOTAL })
    }

    pub(super) fn fee(&self, record: &Record<'_>) -> Result<Option<Leg>, RowError> {
        if self.total_only {
            return Ok(None);
        }
        self.in_price_currency(record, FEES)
    }

    fn in_price_currency(
        &self,
        record: &Record<'_>,
        column: usize,
    ) -> Result<Option<Leg>, RowError> {
        let Some(amount) = record.size(column)? else {
            return Ok(None);
        };
        let asset = self.price_currency(record)?;
        Ok(Some(Leg { amount, asset }))
    }
}

/// Subtotal and Total differ by the fee, but for their rounding.
fn check_sum(
    record: &Record<'_>,
    low: &Decimal,
    high: &Decimal,
    fee: Option<&Decimal>,
) -> Result<(), RowError> {
    let overflow = |error| too_large(record, TOTAL, &error);
    let off = high
        .minus(low)
        .and_then(|gap| gap.minus(fee.unwrap_or(&Decimal::ZERO)))
        .map_err(overflow)?
        .abs();
    let is_at_most = |parts: u64, of: u64, whole: &Decimal| {
        let (scaled, bound) = (
            off.times(&Decimal::from(of)),
            whole.times(&Decimal::from(parts)),
        );
        Ok::<bool, RowError>(scaled.map_err(overflow)? <= bound.map_err(overflow)?)
    };
    if is_at_most(ROUNDING_HUNDREDTHS, 100, &Decimal::ONE)?
        || is_at_most(ROUNDING_THOUSANDTHS, 1000, high)?
    {
        return Ok(());
    }
    let wrong = Wrong::new(
        "inconsistent_total",
        "does not differ from the subtotal by the fees; correct the record, or leave out the fee if it is in neither",
    );
    Err(record.error(TOTAL, wrong))
}

fn no_money(record: &Record<'_>, column: usize) -> RowError {
    let wrong = Wrong::new(
        "no_amount",
        "is empty or zero, so the record does not say what was paid",
    );
    record.error(column, wrong)
}

pub(super) fn too_large(record: &Record<'_>, column: usize, error: &ArithmeticError) -> RowError {
    let reason = format!(
        "{} cannot be computed with: {error}",
        quote(record.text(column))
    );
    record.error(column, Wrong::new("amount_out_of_range", reason))
}
