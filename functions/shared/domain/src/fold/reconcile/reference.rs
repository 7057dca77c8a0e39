//! The rules of domain section 4 written a second time, plainly: every pair of rows is compared, no
//! window, index or checkpoint. What the fold decides is held against it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::money::Decimal;
use crate::order::LedgerRow;
use crate::read_rows::{Decision, Partner, UnmatchedReason as Reason};
use crate::rows::{Kind, Leg, Row, RowRef};
use crate::settings::MatchBounds;

const HOUR: i64 = 3_600_000_000;

/// The decisions of a whole ledger, of the rows of which something is to be said.
pub(super) fn decide(rows: &[LedgerRow], bounds: &MatchBounds) -> BTreeMap<RowRef, Decision> {
    let rows = in_order(rows);
    let mut decisions: Vec<Decision> = rows.iter().map(silent).collect();
    mark_duplicates(&rows, &mut decisions);
    mark_same_content(&rows, &mut decisions);
    let ends: Vec<usize> = (0..rows.len())
        .filter(|n| decisions[*n].duplicate_of.is_none() && leg(&rows[*n].row).is_some())
        .collect();
    match_transfers(&rows, &ends, bounds, &mut decisions);
    give_reasons(&rows, &ends, bounds, &mut decisions);
    let spoken = decisions
        .into_iter()
        .zip(&rows)
        .filter(|(decision, row)| *decision != silent(row));
    spoken
        .map(|(decision, _)| (decision.row, decision))
        .collect()
}

fn silent(row: &LedgerRow) -> Decision {
    Decision {
        row: row.row_ref(),
        at: row.row.at,
        duplicate_of: None,
        partner: None,
        unmatched: None,
        same_content: None,
    }
}

/// The row without what does not belong to its content.
fn content(row: &Row) -> Row {
    Row {
        id: None,
        line: 0,
        chunk: 0,
        ..row.clone()
    }
}

fn occurrence(rows: &[LedgerRow], row: &LedgerRow) -> usize {
    let equal = |other: &&LedgerRow| {
        other.job == row.job
            && other.row.id == row.row.id
            && content(&other.row) == content(&row.row)
            && other.row.line < row.row.line
    };
    rows.iter().filter(equal).count()
}

fn in_order(rows: &[LedgerRow]) -> Vec<LedgerRow> {
    let mut sorted = rows.to_vec();
    sorted.sort_by_key(|r| {
        let row = &r.row;
        let names = (row.account.clone(), row.id.clone(), row.fingerprint());
        (
            row.at,
            row.rank(),
            names,
            occurrence(rows, r),
            r.job,
            row.line,
        )
    });
    sorted
}

fn mark_duplicates(rows: &[LedgerRow], decisions: &mut [Decision]) {
    for (n, row) in rows.iter().enumerate() {
        let earlier = rows[..n].iter().find(|other| {
            let (a, b) = (&other.row, &row.row);
            match (&a.id, &b.id) {
                (Some(one), Some(two)) => one == two && a.account == b.account,
                (None, None) => {
                    other.job != row.job
                        && content(a) == content(b)
                        && occurrence(rows, other) == occurrence(rows, row)
                }
                _ => false,
            }
        });
        decisions[n].duplicate_of = earlier.map(LedgerRow::row_ref);
    }
}

fn mark_same_content(rows: &[LedgerRow], decisions: &mut [Decision]) {
    for n in 0..rows.len() {
        let first = (0..n).find(|m| {
            decisions[*m].duplicate_of.is_none() && content(&rows[*m].row) == content(&rows[n].row)
        });
        if let Some(m) = first
            && decisions[n].duplicate_of.is_none()
            && rows[m].row.id != rows[n].row.id
        {
            decisions[n].same_content = Some(rows[m].name());
        }
    }
}

/// The leg that may be an end of a transfer.
fn leg(row: &Row) -> Option<&Leg> {
    let leg = match row.kind {
        Kind::Deposit => row.received.as_ref(),
        Kind::Withdrawal => row.sent.as_ref(),
        _ => None,
    };
    leg.filter(|leg| !leg.asset.is_fiat())
}

fn amount(row: &Row) -> Decimal {
    leg(row).unwrap().amount.clone()
}

fn difference(one: &Row, other: &Row) -> Decimal {
    amount(one).minus(&amount(other)).unwrap().abs()
}

fn equal_hash(one: &Row, other: &Row) -> bool {
    one.tx_hash.is_some() && one.tx_hash == other.tx_hash
}

/// The checks in their order, and whether each fails.
fn first_failure(withdrawal: &Row, deposit: &Row, bounds: &MatchBounds) -> Option<Reason> {
    let gap = deposit.at.0 - withdrawal.at.0;
    let (sent, arrived) = (amount(withdrawal), amount(deposit));
    let allowed = sent
        .times(&Decimal::from(u64::from(100 - bounds.max_loss_percent)))
        .unwrap();
    let hashes = (&withdrawal.tx_hash, &deposit.tx_hash);
    let checks = [
        (withdrawal.account == deposit.account, Reason::SameAccount),
        (gap < 0, Reason::DepositFirst),
        (
            gap > i64::from(bounds.window_hours) * HOUR,
            Reason::TooFarApart,
        ),
        (arrived > sent, Reason::MoreArrived),
        (
            arrived.times(&Decimal::from(100)).unwrap() < allowed,
            Reason::TooMuchMissing,
        ),
        (
            matches!(hashes, (Some(a), Some(b)) if a != b),
            Reason::HashDiffers,
        ),
    ];
    checks
        .into_iter()
        .find(|(fails, _)| *fails)
        .map(|(_, reason)| reason)
}

fn match_transfers(
    rows: &[LedgerRow],
    ends: &[usize],
    bounds: &MatchBounds,
    decisions: &mut [Decision],
) {
    let of_kind = |kind: Kind| {
        ends.iter()
            .copied()
            .filter(move |n| rows[*n].row.kind == kind)
    };
    for d in of_kind(Kind::Deposit) {
        let deposit = &rows[d].row;
        let fits = |w: &usize| {
            let withdrawal = &rows[*w].row;
            decisions[*w].partner.is_none()
                && leg(withdrawal).unwrap().asset == leg(deposit).unwrap().asset
                && first_failure(withdrawal, deposit, bounds).is_none()
        };
        let chosen = of_kind(Kind::Withdrawal).filter(fits).min_by_key(|w| {
            let row = &rows[*w].row;
            (
                !equal_hash(row, deposit),
                difference(row, deposit),
                Reverse(row.at),
                *w,
            )
        });
        if let Some(w) = chosen {
            decisions[w].partner = Some(partner(&rows[d]));
            decisions[d].partner = Some(partner(&rows[w]));
        }
    }
}

fn partner(row: &LedgerRow) -> Partner {
    Partner {
        name: row.name(),
        account: row.row.account.clone(),
        at: row.row.at,
        amount: amount(&row.row),
    }
}

fn give_reasons(
    rows: &[LedgerRow],
    ends: &[usize],
    bounds: &MatchBounds,
    decisions: &mut [Decision],
) {
    let reach = i64::from(bounds.reason_hours) * HOUR;
    for n in ends.iter().copied() {
        if decisions[n].partner.is_some() {
            continue;
        }
        let row = &rows[n].row;
        let near = |m: &usize| {
            let other = &rows[*m].row;
            other.kind != row.kind
                && leg(other).unwrap().asset == leg(row).unwrap().asset
                && (other.at.0 - row.at.0).abs() <= reach
        };
        let best = ends.iter().copied().filter(near).min_by_key(|m| {
            let other = &rows[*m].row;
            let gap = (other.at.0 - row.at.0).abs();
            (!equal_hash(other, row), difference(other, row), gap, *m)
        });
        let reason = best.map_or(Reason::NoCandidate, |m| {
            let (withdrawal, deposit) = if row.kind == Kind::Deposit {
                (m, n)
            } else {
                (n, m)
            };
            let failure = first_failure(&rows[withdrawal].row, &rows[deposit].row, bounds);
            failure.unwrap_or_else(|| {
                assert!(
                    decisions[m].partner.is_some(),
                    "a free candidate that fits was left"
                );
                Reason::AlreadyMatched
            })
        });
        decisions[n].unmatched = Some(reason);
    }
}
