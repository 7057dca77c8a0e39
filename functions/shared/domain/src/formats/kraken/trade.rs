//! The sides of one trade: what went, what came, and the fees on either.

use crate::asset::Asset;
use crate::formats::error::Wrong;
use crate::kinds::kind_of;
use crate::money::Decimal;
use crate::rows::{Leg, Row};

use super::Make;
use super::assets::worth;
use super::entry::{Entry, leg};

/// Sums by asset, in order of appearance.
type Sums = Vec<(Asset, Decimal)>;

/// One trade, and a row for each fee beyond one; none when what goes comes back as the same asset.
pub(super) fn rows(entries: &[Entry<'_>], make: &Make) -> Result<Vec<Row>, Wrong> {
    let (mut sent, mut received, mut fees) = (Sums::new(), Sums::new(), Sums::new());
    for entry in entries {
        let side = if entry.amount.is_negative() {
            &mut sent
        } else {
            &mut received
        };
        add(side, &entry.asset, &entry.amount.abs())?;
        add(&mut fees, &entry.asset, &entry.fee)?;
    }
    let sent = one_side(&sent, "gives")?;
    let received = one_side(&received, "gets")?;
    fees.retain(|(_, fee)| !fee.is_zero());
    let (Some(sent), Some(received)) = (sent, received) else {
        return Err(incomplete(entries));
    };
    if sent.asset == received.asset {
        return same_asset(&sent, &received, &fees);
    }
    if let Some((asset, _)) = fees.iter().find(|(_, fee)| fee.is_negative()) {
        let reason =
            format!("its fees in {asset} add up to less than nothing; enter the trade by hand");
        return Err(Wrong::new("negative_fee", reason));
    }
    let fees: Vec<Leg> = fees
        .into_iter()
        .filter_map(|(asset, fee)| leg(fee, &asset))
        .collect();
    trade_and_fees(entries, make, (sent, received), &fees)
}

fn add(sums: &mut Sums, asset: &Asset, amount: &Decimal) -> Result<(), Wrong> {
    let too_wide = |error| Wrong::new("overflow", format!("its sum in {asset}: {error}"));
    match sums.iter_mut().find(|(of, _)| of == asset) {
        Some((_, sum)) => *sum = sum.plus(amount).map_err(too_wide)?,
        None => sums.push((asset.clone(), amount.clone())),
    }
    Ok(())
}

/// The asset of a side, if there is one.
fn one_side(sums: &Sums, verb: &str) -> Result<Option<Leg>, Wrong> {
    let legs: Vec<Leg> = sums
        .iter()
        .filter_map(|(asset, sum)| leg(sum.clone(), asset))
        .collect();
    if legs.len() > 1 {
        let assets: Vec<&str> = legs.iter().map(|leg| leg.asset.as_str()).collect();
        let reason = format!(
            "it {verb} {} and does not say which part is for which; enter each trade by hand",
            assets.join(" and ")
        );
        return Err(Wrong::new("several_assets", reason));
    }
    Ok(legs.into_iter().next())
}

fn incomplete(entries: &[Entry<'_>]) -> Wrong {
    let operation = entries.first().map(Entry::operation).unwrap_or_default();
    let reason = format!(
        "{operation} takes an asset against another, and the file has only one side of it; export a period that holds both, or enter the trade by hand if the other side is zero"
    );
    Wrong::new("incomplete_group", reason)
}

/// One asset against itself under another code, such as staked against free: nothing moves.
fn same_asset(sent: &Leg, received: &Leg, fees: &Sums) -> Result<Vec<Row>, Wrong> {
    if sent.amount == received.amount && fees.is_empty() {
        return Ok(Vec::new());
    }
    let reason = format!(
        "it gives {} and gets {} of {}; a trade of an asset against itself is none",
        sent.amount, received.amount, sent.asset
    );
    Err(Wrong::new("same_asset", reason))
}

fn trade_and_fees(
    entries: &[Entry<'_>],
    make: &Make,
    (sent, received): (Leg, Leg),
    fees: &[Leg],
) -> Result<Vec<Row>, Wrong> {
    let Some(first) = entries.iter().min_by_key(|entry| entry.line) else {
        return Ok(Vec::new());
    };
    let at = entries
        .iter()
        .map(|entry| entry.at)
        .min()
        .unwrap_or(first.at);
    let mut row = make.row(first, first.refid);
    row.at = at;
    (row.sent, row.received, row.fee) = (Some(sent), Some(received), fees.first().cloned());
    row.fee_worth = row.fee.as_ref().and_then(worth);
    row.kind = kind_of(
        None,
        row.sent.as_ref(),
        row.received.as_ref(),
        row.fee.as_ref(),
    )
    .map_err(|error| Wrong::new(error.code(), error.to_string()))?;
    let others = fees.iter().skip(1);
    let mut rows = vec![row];
    for (fee, entry) in others.zip(entries.iter().filter(|entry| entry.line != first.line)) {
        let mut row = make.row(entry, entry.txid);
        (row.at, row.fee, row.fee_worth) = (at, Some(fee.clone()), worth(fee));
        rows.push(row);
    }
    let apart = rows.len() - 1;
    if let Some(trade) = rows.first_mut() {
        trade.records = u32::try_from(entries.len() - apart).unwrap_or(u32::MAX);
    }
    Ok(rows)
}
