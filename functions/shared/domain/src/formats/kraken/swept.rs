//! Dust of several assets that was swept into one under one reference: Kraken writes what each of them
//! gave, and one record of what came for all.
//!
//! What came is divided by what Kraken says each was worth (`amountusd`); so is the fee on it. The
//! named division is received x worth / worth of all, rounded half-even to 10^-30; the last asset by
//! code takes what is left, so that the parts add up.

use crate::asset::Asset;
use crate::formats::error::Wrong;
use crate::formats::sums::Sums;
use crate::kinds::kind_of;
use crate::money::{ArithmeticError, Decimal};
use crate::rows::{Leg, Row};

use super::Make;
use super::assets::worth;
use super::entry::{Entry, leg};

/// The subtype of such records.
const SWEPT: &str = "dustsweeping";

/// A trade of each asset; `None` when it is no sweep, or nothing says how to divide it.
pub(super) fn rows(entries: &[Entry<'_>], make: &Make) -> Result<Option<Vec<Row>>, Wrong> {
    let (given, got): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        entries.iter().partition(|entry| entry.amount.is_negative());
    let [got] = got.as_slice() else {
        return Ok(None);
    };
    let mut paid = Sums::default();
    for entry in &given {
        paid.add(&entry.asset, &entry.fee)?;
    }
    let fees_apart = !paid.legs().is_empty() && !got.fee.is_zero();
    let plain = |entry: &Entry<'_>| entry.subtype == SWEPT && !entry.fee.is_negative();
    if fees_apart || !entries.iter().all(plain) {
        return Ok(None);
    }
    let parts = assets(&given);
    let Some(worths) = worths(&given, &parts) else {
        return Ok(None);
    };
    let too_wide = |error| Wrong::new("overflow", format!("its parts: {error}"));
    let received = shares(&got.amount, &worths).map_err(too_wide)?;
    let fees = shares(&got.fee, &worths).map_err(too_wide)?;
    let mut rows = Vec::with_capacity(parts.len());
    for (n, asset) in parts.iter().enumerate() {
        let (Some(amount), Some(fee)) = (received.get(n), fees.get(n)) else {
            return Ok(None);
        };
        let got = (
            leg(amount.clone(), &got.asset),
            leg(fee.clone(), &got.asset),
        );
        rows.push(row(&given, asset, got, make)?);
    }
    let of_all = u32::from(!rows.is_empty());
    if let Some(first) = rows.first_mut() {
        first.records += of_all;
    }
    let at = entries.iter().map(|entry| entry.at).min();
    for row in &mut rows {
        row.at = at.unwrap_or(row.at);
    }
    Ok(Some(rows))
}

/// The assets that were given, in order of their codes.
fn assets(given: &[&Entry<'_>]) -> Vec<Asset> {
    let mut assets: Vec<Asset> = given.iter().map(|entry| entry.asset.clone()).collect();
    assets.sort_unstable();
    assets.dedup();
    assets
}

/// What each asset was worth; `None` when it is not said of one.
fn worths(given: &[&Entry<'_>], assets: &[Asset]) -> Option<Vec<Decimal>> {
    let mut worths = Vec::with_capacity(assets.len());
    for asset in assets {
        let mut sum = Decimal::ZERO;
        for entry in given.iter().filter(|entry| entry.asset == *asset) {
            let worth = entry.worth.as_ref().filter(|worth| !worth.is_zero())?;
            sum = sum.plus(worth).ok()?;
        }
        worths.push(sum);
    }
    Some(worths)
}

/// `whole` divided in proportion; the last takes what is left.
fn shares(whole: &Decimal, worths: &[Decimal]) -> Result<Vec<Decimal>, ArithmeticError> {
    let mut all = Decimal::ZERO;
    for worth in worths {
        all = all.plus(worth)?;
    }
    let (mut shares, mut left) = (Vec::with_capacity(worths.len()), whole.clone());
    for (n, worth) in worths.iter().enumerate() {
        let share = match n + 1 == worths.len() {
            true => left.clone(),
            false => whole.times_over(worth, &all)?,
        };
        left = left.minus(&share)?;
        shares.push(share);
    }
    Ok(shares)
}

/// The trade of one asset for its part of what came.
fn row(
    given: &[&Entry<'_>],
    asset: &Asset,
    (received, fee): (Option<Leg>, Option<Leg>),
    make: &Make,
) -> Result<Row, Wrong> {
    let mut sent = Sums::default();
    let mut paid = Sums::default();
    let of_asset: Vec<&Entry<'_>> = given
        .iter()
        .copied()
        .filter(|entry| entry.asset == *asset)
        .collect();
    for entry in &of_asset {
        sent.add(asset, &entry.amount.abs())?;
        paid.add(asset, &entry.fee)?;
    }
    let nothing = || Wrong::new("incomplete_group", format!("nothing came for {asset}"));
    let first = of_asset.iter().min_by_key(|entry| entry.line);
    let first = first.ok_or_else(nothing)?;
    let received = received.filter(|leg| !leg.amount.is_negative());
    let mut row = make.row(first, first.txid);
    row.sent = sent.one("gives")?;
    row.received = Some(received.ok_or_else(nothing)?);
    row.fee = paid.one("pays")?.or(fee);
    row.fee_worth = row.fee.as_ref().and_then(worth);
    row.kind = kind_of(
        None,
        row.sent.as_ref(),
        row.received.as_ref(),
        row.fee.as_ref(),
    )
    .map_err(|error| Wrong::new(error.code(), error.to_string()))?;
    row.records = u32::try_from(of_asset.len()).unwrap_or(u32::MAX);
    Ok(row)
}
