//! The sides of one trade: what went, what came, and the fees on either.

use crate::asset::Asset;
use crate::formats::error::Wrong;
use crate::formats::sums::Sums;
use crate::kinds::kind_of;
use crate::rows::{Leg, Row};

use super::Make;
use super::assets::worth;
use super::entry::{DELISTING, Entry};
use super::swept;

/// One trade, and a row for each fee beyond one; none when what goes comes back as the same asset.
pub(super) fn rows(entries: &[Entry<'_>], make: &Make) -> Result<Vec<Row>, Wrong> {
    let (mut sent, mut received) = (Sums::default(), Sums::default());
    let mut fees = Sums::default();
    let settled = settled(entries)?;
    for entry in entries {
        if settled.contains(&entry.asset) {
            continue;
        }
        let side = if entry.amount.is_negative() {
            &mut sent
        } else {
            &mut received
        };
        side.add(&entry.asset, &entry.amount.abs())?;
        fees.add(&entry.asset, &entry.fee)?;
    }
    if sent.legs().len() > 1
        && let Some(rows) = swept::rows(entries, make)?
    {
        return Ok(rows);
    }
    let (Some(sent), Some(received)) = (sent.one("gives")?, received.one("gets")?) else {
        return Err(incomplete(entries));
    };
    let fees = fees.legs();
    if sent.asset == received.asset {
        return same_asset(&sent, &received, fees.is_empty());
    }
    if let Some((leg, _)) = fees.iter().find(|(_, negative)| *negative) {
        let reason = format!(
            "its fees in {} add up to less than nothing; enter the trade by hand",
            leg.asset
        );
        return Err(Wrong::new("negative_fee", reason));
    }
    let fees: Vec<Leg> = fees.into_iter().map(|(leg, _)| leg).collect();
    trade_and_fees(entries, make, (sent, received), &fees)
}

/// Assets that come and go alike beside others: what the exchange settles its own trade in.
fn settled(entries: &[Entry<'_>]) -> Result<Vec<Asset>, Wrong> {
    let mut sums = Sums::default();
    for entry in entries {
        sums.add(&entry.asset, &entry.amount)?;
    }
    let left: Vec<Asset> = sums.legs().into_iter().map(|(leg, _)| leg.asset).collect();
    let free = |asset: &Asset| {
        let mut of_asset = entries.iter().filter(|entry| entry.asset == *asset);
        of_asset.all(|entry| entry.fee.is_zero() && !entry.amount.is_zero())
    };
    let assets = entries.iter().map(|entry| &entry.asset);
    let gone = assets.filter(|asset| !left.contains(asset) && free(asset));
    let gone: Vec<Asset> = gone.cloned().collect();
    Ok(if left.is_empty() { Vec::new() } else { gone })
}

fn incomplete(entries: &[Entry<'_>]) -> Wrong {
    let operation = entries.first().map(Entry::operation).unwrap_or_default();
    if entries.iter().any(|entry| entry.class() == DELISTING) {
        let reason = format!(
            "{operation} is one side of it: what a delisted asset was exchanged for stands elsewhere, often days apart and under another reference; enter both as one row by hand"
        );
        return Wrong::new("incomplete_group", reason);
    }
    let reason = format!(
        "{operation} takes an asset against another, and the file has only one side of it; export a period that holds both, or enter the trade by hand if the other side is zero"
    );
    Wrong::new("incomplete_group", reason)
}

/// One asset against itself under another code, such as staked against free: nothing moves.
fn same_asset(sent: &Leg, received: &Leg, free: bool) -> Result<Vec<Row>, Wrong> {
    if sent.amount == received.amount && free {
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
    let lines = entries.iter().filter(|entry| entry.line != first.line);
    let mut rows = vec![row];
    for (fee, place) in fees.iter().skip(1).zip(lines) {
        let mut row = make.row(place, txid_of(entries, fee));
        (row.at, row.fee, row.fee_worth) = (at, Some(fee.clone()), worth(fee));
        rows.push(row);
    }
    let apart = rows.len() - 1;
    if let Some(trade) = rows.first_mut() {
        trade.records = u32::try_from(entries.len() - apart).unwrap_or(u32::MAX);
    }
    Ok(rows)
}

/// The ID of a fee that stands apart: the first of those that were paid in its asset.
fn txid_of<'a>(entries: &'a [Entry<'_>], fee: &Leg) -> &'a str {
    let paid = entries
        .iter()
        .filter(|entry| entry.asset == fee.asset && !entry.fee.is_zero());
    paid.map(|entry| entry.txid).min().unwrap_or_default()
}
