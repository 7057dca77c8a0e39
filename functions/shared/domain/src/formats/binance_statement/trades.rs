//! The sides and fees of the trades of one family in one second.
//!
//! | the second holds | it becomes |
//! |---|---|
//! | one coin that goes, one that comes | one trade of their sums: fills of one order |
//! | the same of buying and of selling | a trade of each |
//! | conversions that name their pair in the remark: `TRX to BNB` | a trade of each remark |
//! | conversions whose sides are written in turn | a trade of each two |
//! | any other two coins on a side | a refusal: which goes with which is not said |
//!
//! Fees in one coin stand in the only trade; other fees are rows of their own.

use crate::formats::error::Wrong;
use crate::formats::sums::Sums;
use crate::kinds::kind_of;
use crate::quote::quote;
use crate::rows::{Kind, Leg, Row};

use super::operations::{BUY_CRYPTO, Family, Role};
use super::{Entry, Make, single};

type Entries<'a, 'b> = Vec<&'a Entry<'b>>;

/// The rows of a family's entries.
pub(super) fn rows(members: &[&Entry<'_>], make: &Make) -> Result<Vec<Row>, Wrong> {
    let (fees, sides): (Vec<_>, Vec<_>) = members
        .iter()
        .copied()
        .partition(|entry| matches!(entry.role, Some(Role::Fee(_))));
    if bought_by_card(&sides) {
        let deposits = sides
            .iter()
            .map(|entry| single(entry, Some(Kind::Deposit), None, make));
        return Ok(deposits
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect());
    }
    let mut rows = Vec::new();
    for part in parts(&sides) {
        rows.push(trade(&part, make)?);
    }
    add_fees(&mut rows, &fees, make)?;
    Ok(rows)
}

/// What a card paid for: it comes, and nothing goes.
fn bought_by_card(sides: &[&Entry<'_>]) -> bool {
    let of_card = |entry: &&Entry<'_>| {
        entry.role == Some(Role::Side(Family::Conversion(BUY_CRYPTO)))
            && !entry.change.is_negative()
    };
    !sides.is_empty() && sides.iter().all(of_card)
}

/// The entries of each trade, if they can be told apart; else all in one part.
fn parts<'a, 'b>(sides: &[&'a Entry<'b>]) -> Vec<Entries<'a, 'b>> {
    if sides.is_empty() {
        return Vec::new();
    }
    let whole = vec![sides.to_vec()];
    if coins(sides, true) <= 1 && coins(sides, false) <= 1 {
        return whole;
    }
    let ways = match sides.first().and_then(|entry| entry.role) {
        Some(Role::Side(Family::Conversion(_))) => vec![by_remark(sides), in_turn(sides)],
        _ => vec![by_word(sides)],
    };
    let apart = |parts: &Vec<Entries<'a, 'b>>| {
        parts
            .iter()
            .all(|part| coins(part, true) == 1 && coins(part, false) == 1)
    };
    ways.into_iter().find(apart).unwrap_or(whole)
}

/// How many coins go, or come.
fn coins(sides: &[&Entry<'_>], goes: bool) -> usize {
    let mut coins: Vec<_> = sides
        .iter()
        .filter(|entry| entry.change.is_negative() == goes && !entry.change.is_zero())
        .map(|entry| &entry.coin)
        .collect();
    coins.sort_unstable();
    coins.dedup();
    coins.len()
}

/// Conversions stand two by two, as they were written.
fn in_turn<'a, 'b>(sides: &[&'a Entry<'b>]) -> Vec<Entries<'a, 'b>> {
    sides.chunks(2).map(<[_]>::to_vec).collect()
}

/// Orders by what their operation calls them.
fn by_word<'a, 'b>(sides: &[&'a Entry<'b>]) -> Vec<Entries<'a, 'b>> {
    by(sides, |entry| entry.role)
}

/// Conversions by the remark, which names what was converted into what.
fn by_remark<'a, 'b>(sides: &[&'a Entry<'b>]) -> Vec<Entries<'a, 'b>> {
    by(sides, |entry| entry.remark)
}

/// Entries that share something, in the order in which they first appear.
fn by<'a, 'b, K: PartialEq>(
    sides: &[&'a Entry<'b>],
    shared: impl Fn(&'a Entry<'b>) -> K,
) -> Vec<Entries<'a, 'b>> {
    let mut parts: Vec<(K, Entries<'a, 'b>)> = Vec::new();
    for &entry in sides {
        let key = shared(entry);
        match parts.iter_mut().find(|(of, _)| *of == key) {
            Some((_, part)) => part.push(entry),
            None => parts.push((key, vec![entry])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

fn trade(sides: &[&Entry<'_>], make: &Make) -> Result<Row, Wrong> {
    let (mut sent, mut received) = (Sums::default(), Sums::default());
    for entry in sides {
        let side = if entry.change.is_negative() {
            &mut sent
        } else {
            &mut received
        };
        side.add(&entry.coin, &entry.change.abs())?;
    }
    let (sent, received) = (one(&sent, "gives")?, one(&received, "gets")?);
    let Some(first) = sides.iter().min_by_key(|entry| entry.line) else {
        return Err(incomplete(sides));
    };
    let (Some(sent), Some(received)) = (sent, received) else {
        return Err(incomplete(sides));
    };
    if sent.asset == received.asset {
        let reason = format!(
            "it gives and gets {}; a trade of a coin against itself is none",
            sent.asset
        );
        return Err(Wrong::new("same_asset", reason));
    }
    let kind = kind_of(None, Some(&sent), Some(&received), None)
        .map_err(|error| Wrong::new(error.code(), error.to_string()))?;
    let mut row = make.row(first, kind);
    (row.sent, row.received) = (Some(sent), Some(received));
    row.records = u32::try_from(sides.len()).unwrap_or(u32::MAX);
    Ok(row)
}

fn one(sums: &Sums, verb: &str) -> Result<Option<Leg>, Wrong> {
    sums.one(verb).map_err(|wrong| {
        let reason = format!(
            "{}, or upload Binance's export of trades, which names each",
            wrong.reason
        );
        Wrong::new(wrong.code, reason)
    })
}

fn incomplete(sides: &[&Entry<'_>]) -> Wrong {
    let operation = sides.first().map_or("", |entry| entry.operation);
    let reason = format!(
        "{} takes a coin against another, and the second has only one side of it; upload Binance's export of trades instead, or enter the trade by hand",
        quote(operation)
    );
    Wrong::new("incomplete_group", reason)
}

/// Puts the fees of one coin into the only trade, and every other into a row of its own.
fn add_fees(rows: &mut Vec<Row>, fees: &[&Entry<'_>], make: &Make) -> Result<(), Wrong> {
    let mut sums = Sums::default();
    for entry in fees {
        sums.add(&entry.coin, &entry.change)?;
    }
    let mut trade = match rows.as_mut_slice() {
        [only] => Some(only),
        _ => None,
    };
    let mut others = Vec::new();
    for (leg, goes) in sums.legs() {
        let of_coin = fees.iter().filter(|entry| entry.coin == leg.asset);
        let records = u32::try_from(of_coin.clone().count()).unwrap_or(u32::MAX);
        if goes && let Some(trade) = trade.take() {
            trade.records += records;
            trade.fee = Some(leg);
            continue;
        }
        let Some(first) = of_coin.min_by_key(|entry| entry.line) else {
            continue;
        };
        let mut row = make.row(first, if goes { Kind::Fee } else { Kind::FeeRefund });
        row.records = records;
        if goes {
            row.fee = Some(leg);
        } else {
            row.received = Some(leg);
        }
        others.push(row);
    }
    rows.extend(others);
    Ok(())
}
