//! The value of a row: which prices it could need, and what it is worth once they are known.
//!
//! A price the user gave the row > Net Worth > base-currency leg > other fiat leg x FX > sent quantity x
//! price > received quantity x price. A source without a price falls through to the next. Everything is exact and unrounded.
//! Prices are those of the row's day of UTC.
//!
//! `needs` asks before the base currency is known and `value` answers afterwards: whatever the
//! second looks up, the first has asked for. A price that happens to be known for another row's
//! sake can therefore change nothing.

pub(crate) mod checks;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::asset::Asset;
use crate::digest::PriceNeed;
use crate::kinds::{Acquires, Disposes};
use crate::money::{ArithmeticError, Decimal};
use crate::prices::PriceBook;
use crate::rows::{Kind, Leg, Row};
use crate::settings::TaxProfile;
use crate::time::Day;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSource {
    /// The file's Net Worth.
    NetWorth,
    /// A leg in the base currency.
    BaseLeg,
    /// A leg in another national currency, times its exchange rate.
    FiatLeg,
    /// A quantity times its price.
    Price,
}

/// What a row is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// In the base currency.
    pub amount: Decimal,
    /// Where it came from.
    pub source: ValueSource,
    /// The price it was multiplied by; absent where the amount is in the base currency.
    pub priced: Option<Priced>,
}

/// The price behind a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// Whether it is an exchange rate: the price of a national currency.
    pub exchange: bool,
    /// Who said so: `Pin::source`.
    pub source: Arc<str>,
}

impl Value {
    /// Where the value came from, as the read tables show it: what was valued and, behind `+`, the
    /// price it was multiplied by, `fx:` an exchange rate and `price:` any other, with who gave it.
    /// `net_worth`, `net_worth+fx:ecb`, `base_leg`, `fiat_leg+fx:ecb`, `price:own`, with a price in another
    /// currency that was exchanged in turn `price:own+fx:ecb`, and with one the user gave the row
    /// `price:override`.
    #[must_use]
    pub fn source_name(&self) -> String {
        let what = match self.source {
            ValueSource::NetWorth => Some("net_worth"),
            ValueSource::BaseLeg => Some("base_leg"),
            ValueSource::FiatLeg => Some("fiat_leg"),
            ValueSource::Price => None,
        };
        let priced = self.priced.as_ref().map(|priced| {
            let kind = if priced.exchange { "fx" } else { "price" };
            format!("{kind}:{}", priced.source)
        });
        match (what, priced) {
            (Some(what), Some(priced)) => format!("{what}+{priced}"),
            (Some(what), None) => what.to_owned(),
            (None, priced) => priced.unwrap_or_else(|| "base_leg".to_owned()),
        }
    }
}

/// How a row's fee is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FeeRole {
    /// There is none.
    None,
    /// Paid in money: its value adds to a cost or lessens proceeds.
    Money,
    /// Paid in the asset that is disposed of: that much more of it is disposed of.
    WithSent,
    /// Paid in the asset that is acquired: that much less of it is acquired.
    FromReceived,
    /// Paid in any other asset: disposed of at market value on its own.
    Apart,
}

/// The role of a row's fee, where `money` says whether an asset has no lots, and `acquires` and
/// `disposes` whether the row's own legs go into or out of lots.
///
/// A fee that eats up all that was received does not lessen the acquisition: both happen, so that
/// its cost does not vanish.
pub(crate) fn fee_role(
    row: &Row,
    money: &dyn Fn(&Asset) -> bool,
    acquires: bool,
    disposes: bool,
) -> FeeRole {
    let Some(fee) = fee_of(row) else {
        return FeeRole::None;
    };
    if money(&fee.asset) {
        return FeeRole::Money;
    }
    if disposes
        && row
            .sent
            .as_ref()
            .is_some_and(|sent| sent.asset == fee.asset)
    {
        return FeeRole::WithSent;
    }
    if acquires
        && row
            .received
            .as_ref()
            .is_some_and(|leg| leg.asset == fee.asset && leg.amount > fee.amount)
    {
        return FeeRole::FromReceived;
    }
    FeeRole::Apart
}

/// What a row could need prices for: its value, its fee's value, the part of a withdrawal that never
/// arrives, and the checks of what it says. Neutral rows need at most the fee's.
#[must_use]
pub fn needs(row: &Row) -> Vec<PriceNeed> {
    let day = row.at.utc_day();
    let mut needs = Vec::new();
    if uses_value(row) {
        push(&mut needs, day, value_sources(row));
    }
    if row.kind == Kind::Withdrawal
        && let Some(sent) = row.sent.as_ref().filter(|sent| !sent.asset.is_fiat())
    {
        push(&mut needs, day, vec![sent.asset.clone()]);
    }
    let (acquires, disposes) = moves_lots(row.kind);
    match fee_role(row, &Asset::is_fiat, acquires, disposes) {
        FeeRole::Money | FeeRole::Apart => push(&mut needs, day, fee_sources(row)),
        FeeRole::None | FeeRole::WithSent | FeeRole::FromReceived => {}
    }
    for leg in checks::compared(row) {
        push(&mut needs, day, vec![leg.asset.clone()]);
    }
    needs
}

/// The prices that settle `needs` in a base currency. A source that is the base currency needs none
/// and makes those behind it unnecessary.
#[must_use]
pub fn wanted<'a>(
    needs: impl IntoIterator<Item = &'a PriceNeed>,
    base: &Asset,
) -> BTreeSet<(Asset, Day)> {
    let mut wanted = BTreeSet::new();
    for need in needs {
        for source in need.sources.iter().take_while(|source| *source != base) {
            wanted.insert((source.clone(), need.day));
        }
    }
    wanted
}

/// The value of a row; absent when no source has a price.
///
/// # Errors
/// When a product does not fit.
pub fn value(row: &Row, prices: &PriceBook) -> Result<Option<Value>, ArithmeticError> {
    let day = row.at.utc_day();
    let base = prices.base();
    let mut sources = Vec::new();
    sources.extend(told_leg(row, prices).map(|leg| (leg, ValueSource::Price)));
    sources.extend(
        row.net_worth
            .as_ref()
            .map(|leg| (leg, ValueSource::NetWorth)),
    );
    sources.extend(
        legs(row)
            .filter(|leg| leg.asset == *base)
            .map(|leg| (leg, ValueSource::BaseLeg)),
    );
    sources.extend(
        legs(row)
            .filter(|leg| leg.asset.is_fiat())
            .map(|leg| (leg, ValueSource::FiatLeg)),
    );
    sources.extend(legs(row).map(|leg| (leg, ValueSource::Price)));
    for (leg, source) in sources {
        if let Some(amount) = market_value(leg, day, prices)? {
            let pin = prices.pinned(&leg.asset, day);
            let pin = pin.filter(|_| leg.asset != *base);
            return Ok(Some(Value {
                amount,
                source,
                priced: pin.map(|pin| Priced {
                    exchange: leg.asset.is_fiat(),
                    source: pin.source.clone(),
                }),
            }));
        }
    }
    Ok(None)
}

/// The leg of a row whose price the user gave for it.
fn told_leg<'a>(row: &'a Row, prices: &PriceBook) -> Option<&'a Leg> {
    let told = prices.told()?;
    legs(row).find(|leg| leg.asset == *told && !leg.amount.is_zero())
}

/// The value of a row's fee: Fee Worth > its amount in the base currency > price x quantity. On a row that
/// is nothing but a fee, a price the user gave the row comes before Fee Worth and Net Worth behind it.
/// Absent without a fee or price.
///
/// # Errors
/// When a product does not fit.
pub fn fee_value(row: &Row, prices: &PriceBook) -> Result<Option<Decimal>, ArithmeticError> {
    let Some(fee) = fee_of(row) else {
        return Ok(None);
    };
    let only = legs(row).next().is_none();
    let told = Some(fee).filter(|fee| only && prices.told() == Some(&fee.asset));
    let net_worth = row.net_worth.as_ref().filter(|_| only);
    for leg in [told, row.fee_worth.as_ref(), net_worth, Some(fee)]
        .into_iter()
        .flatten()
    {
        if let Some(amount) = market_value(leg, row.at.utc_day(), prices)? {
            return Ok(Some(amount));
        }
    }
    Ok(None)
}

/// The market value, on the withdrawal's day, of the quantity `lost` that a withdrawal sent and its
/// deposit did not receive. The part that is the stated fee is worth what the file says of the fee;
/// the rest is valued by price, else by its share of Net Worth.
///
/// # Errors
/// When a product does not fit.
pub fn lost_value(
    row: &Row,
    lost: &Decimal,
    prices: &PriceBook,
) -> Result<Option<Decimal>, ArithmeticError> {
    let Some(sent) = &row.sent else {
        return Ok(None);
    };
    let day = row.at.utc_day();
    let (mut known, mut open) = (Decimal::ZERO, lost.clone());
    if let (Some(fee), Some(worth)) = (fee_of(row), &row.fee_worth)
        && fee.asset == sent.asset
        && fee.amount <= *lost
        && let Some(amount) = market_value(worth, day, prices)?
    {
        (known, open) = (amount, lost.minus(&fee.amount)?);
    }
    if open.is_zero() {
        return Ok(Some(known));
    }
    let rest = match market_value(
        &Leg {
            amount: open.clone(),
            asset: sent.asset.clone(),
        },
        day,
        prices,
    )? {
        Some(amount) => Some(amount),
        None => net_worth_share(row, sent, &open, prices)?,
    };
    rest.map(|rest| known.plus(&rest)).transpose()
}

/// `quantity`'s share of a row's Net Worth: the named division is Net Worth x quantity / sent.
fn net_worth_share(
    row: &Row,
    sent: &Leg,
    quantity: &Decimal,
    prices: &PriceBook,
) -> Result<Option<Decimal>, ArithmeticError> {
    let Some(net_worth) = row.net_worth.as_ref().filter(|_| !sent.amount.is_zero()) else {
        return Ok(None);
    };
    let Some(whole) = market_value(net_worth, row.at.utc_day(), prices)? else {
        return Ok(None);
    };
    whole.times_over(quantity, &sent.amount).map(Some)
}

/// Quantity times price; absent without a price.
fn market_value(
    leg: &Leg,
    day: Day,
    prices: &PriceBook,
) -> Result<Option<Decimal>, ArithmeticError> {
    prices
        .price(&leg.asset, day)
        .map(|price| leg.amount.times(&price))
        .transpose()
}

/// A row's fee, unless it is 0.
pub(crate) fn fee_of(row: &Row) -> Option<&Leg> {
    row.fee.as_ref().filter(|fee| !fee.amount.is_zero())
}

fn legs(row: &Row) -> impl Iterator<Item = &Leg> {
    row.sent.iter().chain(&row.received)
}

/// Whether anything may follow from what the row is worth. A transfer of fiat is neutral, matched
/// or not.
pub(crate) fn uses_value(row: &Row) -> bool {
    match row.kind {
        Kind::Deposit | Kind::Withdrawal => legs(row).any(|leg| !leg.asset.is_fiat()),
        kind => moves_lots(kind) != (false, false) && legs(row).next().is_some(),
    }
}

/// Whether a kind acquires and whether it disposes; no switch changes whether. Transfers count as
/// neither: they do only when unmatched.
fn moves_lots(kind: Kind) -> (bool, bool) {
    if matches!(kind, Kind::Deposit | Kind::Withdrawal) {
        return (false, false);
    }
    let switches = TaxProfile::Us.switches();
    (
        kind.acquires(switches) != Acquires::No,
        kind.disposes(switches) != Disposes::No,
    )
}

/// What can give a row its value, the first first.
pub(crate) fn value_sources(row: &Row) -> Vec<Asset> {
    let fiat = legs(row).filter(|leg| leg.asset.is_fiat());
    distinct(row.net_worth.iter().chain(fiat).chain(legs(row)))
}

/// What can give a row's fee its value, the first first.
pub(crate) fn fee_sources(row: &Row) -> Vec<Asset> {
    let net_worth = row.net_worth.iter().filter(|_| legs(row).next().is_none());
    distinct(row.fee_worth.iter().chain(net_worth).chain(&row.fee))
}

fn distinct<'a>(legs: impl Iterator<Item = &'a Leg>) -> Vec<Asset> {
    let mut assets: Vec<Asset> = Vec::new();
    for leg in legs {
        if !assets.contains(&leg.asset) {
            assets.push(leg.asset.clone());
        }
    }
    assets
}

fn push(needs: &mut Vec<PriceNeed>, day: Day, sources: Vec<Asset>) {
    let need = PriceNeed { day, sources };
    if !needs.contains(&need) {
        needs.push(need);
    }
}

#[cfg(test)]
mod tests;
