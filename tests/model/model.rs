//! The model: everything that is said of a ledger, from the whole of it, step by step.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::answer::{Answer, Issue, RowAnswer};
use crate::balances::balances;
use crate::disposals::{by_days, by_lots};
use crate::effects::{Effects, effects};
use crate::kinds::kind_of;
use crate::ledger::{Entry, Ledger, Leg, Method, is_fiat};
use crate::number::Number;
use crate::order::{Placed, reconciled};
use crate::totals::{holdings, totals};

/// What the rules say of a ledger.
pub(crate) fn answer(ledger: &Ledger) -> Answer {
    let entries = ledger.entries.iter().map(Entry::without_zeros);
    let rows: Vec<_> = entries
        .filter_map(|row| kind_of(&row).map(|kind| (row, kind)))
        .collect();
    let rows = reconciled(rows, ledger);
    let effects: Vec<Effects> = rows.iter().map(|row| effects(row, ledger)).collect();
    let zone = TimeZoneDatabase::bundled().get(ledger.rules.zone).unwrap();
    let mut answer = Answer::default();
    for (n, row) in rows.iter().enumerate() {
        answer.rows.push(told(&rows, n, row, &effects[n], &zone));
    }
    let left = if ledger.rules.method == Method::S104 {
        let (days, left) = by_days(&mut answer.rows, &rows, &effects);
        answer.days = days;
        left
    } else {
        by_lots(&mut answer.rows, &rows, &effects, &ledger.rules)
    };
    for row in &mut answer.rows {
        row.issues.sort();
    }
    answer.totals = totals(&answer, &rows, &effects, ledger.rules.uk);
    answer.holdings = holdings(&rows, &left);
    answer.balances = balances(&answer.rows, &rows, ledger.rules.uk);
    answer
}

/// What is known of a row before lots are looked at.
fn told(
    rows: &[Placed],
    n: usize,
    placed: &Placed,
    effects: &Effects,
    zone: &TimeZone,
) -> RowAnswer {
    let (row, (value, source)) = (&placed.row, effects.value.clone().unzip());
    let mut answer = RowAnswer {
        place: row.place,
        identity: placed.identity(),
        ignored: placed.said.ignore,
        date: date(row.at, zone).to_string(),
        kind: placed.kind.to_owned(),
        value,
        value_source: source,
        fee_value: effects.fee_value.clone(),
        income: effects.income.clone(),
        duplicate_of: placed.duplicate_of,
        same_content: placed.same_content,
        partner: placed.partner.clone(),
        unmatched: placed.unmatched.map(str::to_owned),
        ..RowAnswer::default()
    };
    let mut issues = plain_issues(placed);
    let contradictions = effects.contradictions.iter();
    issues.extend(contradictions.map(|(code, asset)| issue(code, Some(asset), None)));
    issues.extend(
        effects
            .unpriced
            .iter()
            .map(|asset| issue("unpriced", Some(asset), None)),
    );
    if placed.counts() {
        for asset in assets_of(row) {
            let change = change_of(row, &asset);
            let after = balance_after(&rows[..=n], &row.account, &asset);
            if change.is_negative() && after.is_negative() {
                issues.push(issue("negative_balance", Some(&asset), Some(&after)));
            }
            answer.balances.insert(asset, after);
        }
    }
    answer.issues = issues;
    answer
}

fn plain_issues(placed: &Placed) -> Vec<Issue> {
    let mut issues = Vec::new();
    if placed.duplicate_of.is_some() {
        return vec![issue("duplicate", None, None)];
    }
    if placed.said.ignore {
        return issues;
    }
    if placed.same_content.is_some() {
        issues.push(issue("same_content_other_id", None, None));
    }
    let alone = match placed.kind {
        "deposit" => placed
            .row
            .received
            .as_ref()
            .map(|leg| ("unmatched_deposit", leg)),
        "withdrawal" => placed
            .row
            .sent
            .as_ref()
            .map(|leg| ("unmatched_withdrawal", leg)),
        _ => None,
    };
    if let Some((code, (amount, asset))) = alone
        && placed.partner.is_none()
        && !is_fiat(asset)
    {
        issues.push(issue(code, Some(asset), Some(amount)));
    }
    issues
}

pub(crate) fn issue(code: &str, asset: Option<&str>, quantity: Option<&Number>) -> Issue {
    (code.to_owned(), asset.map(str::to_owned), quantity.cloned())
}

/// The day in the tax time zone.
fn date(at: i64, zone: &TimeZone) -> jiff::civil::Date {
    let at = Timestamp::from_microsecond(at).unwrap();
    at.to_zoned(zone.clone()).date()
}

pub(crate) fn assets_of(row: &Entry) -> BTreeSet<String> {
    let legs = [&row.sent, &row.received, &row.fee].into_iter().flatten();
    legs.map(|(_, asset)| asset.clone()).collect()
}

/// Received - sent - fee.
fn change_of(row: &Entry, asset: &str) -> Number {
    let of = |leg: &Option<Leg>| {
        let same = leg.as_ref().filter(|(_, other)| other == asset);
        same.map(|(amount, _)| amount.clone()).unwrap_or_default()
    };
    &(&of(&row.received) - &of(&row.sent)) - &of(&row.fee)
}

pub(crate) fn balance_after(rows: &[Placed], account: &str, asset: &str) -> Number {
    let counted = rows
        .iter()
        .filter(|other| other.counts() && other.row.account == account);
    counted.map(|other| change_of(&other.row, asset)).sum()
}
