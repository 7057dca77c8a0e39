//! Issues in words. A detail names neither job nor line: the same rows in other uploads must give
//! the same words (I11).

use super::effects::Unpriced;
use crate::asset::Asset;
use crate::ids::Account;
use crate::money::Decimal;
use crate::read_rows::{Issue, IssueCode, RowName, UnmatchedReason};
use crate::rows::{Kind, Leg};
use crate::time::Day;
use crate::value::checks::Finding;

/// Decimal places of money in words; the comparison itself is exact.
const CENTS: u32 = 2;

pub(super) fn duplicate() -> Issue {
    let detail = "repeats another row and has no effect; if both happened, give them different IDs";
    issue(IssueCode::Duplicate, None, None, detail.to_owned())
}

pub(super) fn same_content(other: &RowName) -> Issue {
    let detail = match &other.id {
        Some(id) => format!("the same content stands under the ID {id}; both count"),
        None => "another row has the same content; both count".to_owned(),
    };
    issue(IssueCode::SameContentOtherId, None, None, detail)
}

/// A deposit or withdrawal of something with lots that has no other end.
pub(super) fn unmatched(kind: Kind, leg: &Leg, reason: Option<UnmatchedReason>) -> Issue {
    let (code, other, does) = match kind {
        Kind::Deposit => (IssueCode::UnmatchedDeposit, "withdrawal", "an acquisition"),
        _ => (IssueCode::UnmatchedWithdrawal, "deposit", "a disposal"),
    };
    let why = why(reason.unwrap_or(UnmatchedReason::NoCandidate));
    let detail = format!("no {other} matches ({why}), so it counts as {does} at market value");
    issue(code, Some(&leg.asset), Some(&leg.amount), detail)
}

/// Names every price that is missing: any of them would do.
pub(super) fn unpriced(missing: &Unpriced, base: &Asset, day: Day) -> Issue {
    let sources = missing.sources.iter();
    let sources: Vec<String> = sources
        .map(|source| format!("of {source} in {base}"))
        .collect();
    let detail = format!(
        "no price {} on {day}; send one, or give the row a Net Worth",
        sources.join(" nor ")
    );
    issue(IssueCode::Unpriced, Some(&missing.asset), None, detail)
}

pub(super) fn value_mismatch(found: &Finding, base: &Asset, percent: u32) -> Issue {
    let (sent, received) = (found.said.rounded(CENTS), found.against.rounded(CENTS));
    let detail = format!(
        "what was sent is worth {sent} {base} and what was received {received} {base}, more than {percent} % apart; check both amounts"
    );
    issue(IssueCode::ValueMismatch, Some(&found.asset), None, detail)
}

pub(super) fn price_outlier(found: &Finding, base: &Asset, percent: u32) -> Issue {
    let (said, priced) = (found.said.rounded(CENTS), found.against.rounded(CENTS));
    let detail = format!(
        "Net Worth is {said} {base} and by price it is {priced} {base}, more than {percent} % off; check Net Worth and the price of {}",
        found.asset
    );
    issue(IssueCode::PriceOutlier, Some(&found.asset), None, detail)
}

pub(super) fn missing_cost_basis(asset: &Asset, missing: &Decimal) -> Issue {
    let detail = format!(
        "{missing} {asset} more than was ever acquired is disposed of and costs 0; upload the transactions that brought it"
    );
    issue(
        IssueCode::MissingCostBasis,
        Some(asset),
        Some(missing),
        detail,
    )
}

pub(super) fn negative_balance(asset: &Asset, account: &Account, after: &Decimal) -> Issue {
    let detail =
        format!("{account} holds {after} {asset} after it; transactions before it are missing");
    issue(IssueCode::NegativeBalance, Some(asset), Some(after), detail)
}

pub(super) fn overflow(asset: Option<&Asset>) -> Issue {
    let detail = "its amounts are too long to be computed exactly and are left out; check them for a misplaced point";
    issue(IssueCode::Overflow, asset, None, detail.to_owned())
}

fn issue(
    code: IssueCode,
    asset: Option<&Asset>,
    quantity: Option<&Decimal>,
    detail: String,
) -> Issue {
    Issue {
        code,
        asset: asset.cloned(),
        quantity: quantity.cloned(),
        detail,
    }
}

fn why(reason: UnmatchedReason) -> &'static str {
    match reason {
        UnmatchedReason::NoCandidate => "there is no candidate",
        UnmatchedReason::SameAccount => "the best candidate is on the same account",
        UnmatchedReason::DepositFirst => "the best candidate's deposit comes before its withdrawal",
        UnmatchedReason::TooFarApart => "the best candidate is too far away in time",
        UnmatchedReason::MoreArrived => "more arrived than the best candidate sent",
        UnmatchedReason::TooMuchMissing => "too much of the best candidate's amount is missing",
        UnmatchedReason::HashDiffers => "the best candidate has another transaction hash",
        UnmatchedReason::AlreadyMatched => "the best candidate belongs to another transfer",
        UnmatchedReason::Unlinked => "you have unlinked the best candidate from it",
    }
}
