//! Entries that are events of their own.

use crate::formats::error::Wrong;
use crate::formats::sums::named;
use crate::money::Decimal;
use crate::rows::{Kind, Leg, Row};

use super::Make;
use super::assets::{FEE_CREDITS, worth};
use super::entry::{Entry, leg};

/// A row for each entry that carries something. Deposits or withdrawals under one reference that go
/// both ways are a failed one, if nothing is left of it.
pub(super) fn rows(entries: &[Entry<'_>], make: &Make) -> Result<Vec<Row>, Wrong> {
    if let [first, _, ..] = entries {
        let back = entries
            .iter()
            .find(|entry| entry.amount.is_negative() != first.amount.is_negative());
        if back.is_some() {
            return taken_back(entries);
        }
    }
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        rows.extend(row(entry, make)?);
    }
    Ok(rows)
}

fn taken_back(entries: &[Entry<'_>]) -> Result<Vec<Row>, Wrong> {
    let too_wide = |error| Wrong::new("overflow", format!("its sum: {error}"));
    let mut left = Decimal::from(0);
    for entry in entries {
        let moved = entry.amount.minus(&entry.fee).map_err(too_wide)?;
        left = left.plus(&moved).map_err(too_wide)?;
    }
    let one_asset = entries
        .iter()
        .all(|entry| Some(&entry.asset) == entries.first().map(|first| &first.asset));
    if one_asset && left.is_zero() {
        return Ok(Vec::new());
    }
    let reason = format!(
        "it goes both ways, as a failed one does, and {left} of {} is left over; enter by hand what really moved",
        named(entries.iter().map(|entry| &entry.asset))
    );
    Err(Wrong::new("not_taken_back", reason))
}

/// What an entry does.
enum Does {
    /// It comes as one kind or goes as another.
    Moves(Kind, Kind),
    /// It comes; going would be the exchange's mistake.
    Comes(Kind),
    /// It goes; coming would be one without its other part.
    Goes(Kind),
    /// Only its fee counts.
    Costs(Kind),
    /// It goes from wallet to wallet.
    Stays,
}

fn does(entry: &Entry<'_>) -> Option<Does> {
    let does = match (entry.class(), entry.subtype.as_str()) {
        ("deposit", _) if entry.asset.as_str() == FEE_CREDITS => Does::Comes(Kind::Airdrop),
        ("deposit", _) => Does::Comes(Kind::Deposit),
        ("withdrawal", _) => Does::Goes(Kind::Withdrawal),
        ("invite bonus", _) => Does::Comes(Kind::Referral),
        ("staking", _) => Does::Moves(Kind::Staking, Kind::Cost),
        ("dividend", _) => Does::Comes(Kind::Income),
        ("reward", _) | ("earn", "reward") => Does::Moves(Kind::Reward, Kind::Cost),
        ("adjustment", _) | ("transfer", "" | "airdrop") | ("earn", "airdrop") => {
            Does::Moves(Kind::Airdrop, Kind::Cost)
        }
        (
            "transfer",
            "spottostaking" | "stakingtospot" | "spotfromstaking" | "stakingfromspot"
            | "spottofutures" | "futurestospot" | "spotfromfutures" | "futuresfromspot",
        )
        | (
            "earn",
            "migration" | "allocation" | "deallocation" | "autoallocation" | "autoallocate",
        ) => Does::Stays,
        ("margin", _) if entry.amount.is_zero() => Does::Costs(Kind::MarginFee),
        ("margin", _) => Does::Moves(Kind::MarginGain, Kind::MarginLoss),
        ("rollover", _) => Does::Costs(Kind::MarginFee),
        _ => return None,
    };
    Some(does)
}

fn row(entry: &Entry<'_>, make: &Make) -> Result<Option<Row>, Wrong> {
    let Some(does) = does(entry) else {
        let reason = format!(
            "{} is not a known operation of Kraken; enter what it moved by hand",
            entry.operation()
        );
        return Err(Wrong::new("unknown_operation", reason));
    };
    let goes = entry.amount.is_negative();
    let kind = match does {
        Does::Stays => return stays(entry),
        Does::Costs(kind) if entry.amount.is_zero() => kind,
        Does::Moves(kind, _) | Does::Comes(kind) if !goes => kind,
        Does::Moves(_, kind) | Does::Goes(kind) if goes => kind,
        Does::Moves(..) | Does::Comes(_) | Does::Goes(_) | Does::Costs(_) => {
            return Err(wrong_way(entry));
        }
    };
    let (amount, fee) = (entry.leg(), fee(entry)?);
    if amount.is_none() && fee.is_none() {
        return Ok(None);
    }
    let mut row = make.row(entry, entry.txid);
    // A fee without an amount is a cost of its own, whatever it is for.
    row.kind = if amount.is_some() || kind == Kind::MarginFee {
        kind
    } else {
        Kind::Fee
    };
    row.net_worth = amount.as_ref().and_then(worth);
    row.fee_worth = fee.as_ref().and_then(worth);
    (row.sent, row.received) = if goes { (amount, None) } else { (None, amount) };
    row.fee = fee;
    Ok(Some(row))
}

/// An entry between wallets: what it costs is a fee.
fn stays(entry: &Entry<'_>) -> Result<Option<Row>, Wrong> {
    if entry.fee.is_zero() {
        return Ok(None);
    }
    let reason = format!(
        "{} moves an asset between wallets and has a fee, which such moves do not; enter it by hand",
        entry.operation()
    );
    Err(Wrong::new("unexpected_fee", reason))
}

fn fee(entry: &Entry<'_>) -> Result<Option<Leg>, Wrong> {
    if entry.fee.is_negative() {
        let reason = format!(
            "its fee of {} comes back, and the fee that was paid is not here; enter it by hand",
            entry.fee
        );
        return Err(Wrong::new("negative_fee", reason));
    }
    Ok(leg(entry.fee.clone(), &entry.asset))
}

fn wrong_way(entry: &Entry<'_>) -> Wrong {
    let reason = format!(
        "{} of {} {} goes the wrong way: it takes back an entry that is not here, or there is an error in the export; export a period that holds both, or enter it by hand",
        entry.operation(),
        entry.amount,
        entry.asset
    );
    Wrong::new("incomplete_group", reason)
}
