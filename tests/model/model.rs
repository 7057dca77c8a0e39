//! The model: everything that is said of a ledger, from the whole of it, step by step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::answer::{Answer, Disposal, Holding, Issue, Part, RowAnswer, Slot, Total};
use crate::effects::{Effects, Planned, Proceeds, effects};
use crate::kinds::kind_of;
use crate::ledger::{Entry, Ledger, Leg, Rules, is_fiat};
use crate::lots::{Lot, Pool};
use crate::number::Number;
use crate::order::{Placed, reconciled};

/// What the rules say of a ledger.
pub(crate) fn answer(ledger: &Ledger) -> Answer {
    let entries = ledger.entries.iter().map(Entry::without_zeros);
    let rows: Vec<_> = entries
        .filter_map(|row| kind_of(&row).map(|kind| (row, kind)))
        .collect();
    let rows = reconciled(rows, &ledger.rules);
    let effects: Vec<Effects> = rows.iter().map(|row| effects(row, ledger)).collect();
    let zone = TimeZoneDatabase::bundled().get(ledger.rules.zone).unwrap();
    let mut answer = Answer::default();
    for (n, row) in rows.iter().enumerate() {
        answer.rows.push(told(&rows, n, row, &effects[n], &zone));
    }
    let pools = fill_disposals(&mut answer.rows, &rows, &effects, &ledger.rules);
    for row in &mut answer.rows {
        row.issues.sort();
    }
    answer.totals = totals(&answer.rows, &rows, &effects, ledger.rules.uk);
    answer.holdings = holdings(&rows, &pools, &ledger.rules);
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
        date: date(row.at, zone).to_string(),
        kind: placed.kind.to_owned(),
        value,
        value_source: source.map(str::to_owned),
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
    if placed.duplicate_of.is_none() {
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

fn issue(code: &str, asset: Option<&str>, quantity: Option<&Number>) -> Issue {
    (code.to_owned(), asset.map(str::to_owned), quantity.cloned())
}

/// The day in the tax time zone.
fn date(at: i64, zone: &TimeZone) -> jiff::civil::Date {
    let at = Timestamp::from_microsecond(at).unwrap();
    at.to_zoned(zone.clone()).date()
}

fn assets_of(row: &Entry) -> BTreeSet<String> {
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

fn balance_after(rows: &[Placed], account: &str, asset: &str) -> Number {
    let counted = rows
        .iter()
        .filter(|other| other.duplicate_of.is_none() && other.row.account == account);
    counted.map(|other| change_of(&other.row, asset)).sum()
}

/// Every asset alone: its lots, then its disposals in the order of time and of the total order.
fn fill_disposals(
    answers: &mut [RowAnswer],
    rows: &[Placed],
    effects: &[Effects],
    rules: &Rules,
) -> BTreeMap<String, Pool> {
    let mut pools: BTreeMap<String, Pool> = BTreeMap::new();
    for (nth, (placed, effects)) in rows.iter().zip(effects).enumerate() {
        if let Some(acquired) = effects.acquisition.as_ref().filter(|acquired| acquired.lot) {
            pools
                .entry(acquired.asset.clone())
                .or_default()
                .lots
                .push(Lot {
                    source: placed.row.place,
                    at: placed.row.at,
                    nth,
                    quantity: acquired.quantity.clone(),
                    cost: acquired.cost.clone(),
                });
        }
    }
    for ((answer, placed), effects) in answers.iter_mut().zip(rows).zip(effects) {
        for planned in &effects.disposals {
            let pool = pools.entry(planned.asset.clone()).or_default();
            let (mut parts, missing) = pool.take(
                placed.row.at,
                &planned.quantity,
                rules.method,
                rules.long_term_days,
            );
            if !missing.is_zero() {
                answer.issues.push(issue(
                    "missing_cost_basis",
                    Some(&planned.asset),
                    Some(&missing),
                ));
                parts.push(nothing_behind(missing));
            }
            answer
                .disposals
                .push(disposal(planned, &answer.date, parts));
        }
        let gains: Option<Vec<Number>> = answer
            .disposals
            .iter()
            .map(|one| one.gain.clone())
            .collect();
        answer.gain = gains
            .filter(|gains| !gains.is_empty())
            .map(|gains| gains.into_iter().sum());
    }
    pools
}

fn nothing_behind(quantity: Number) -> Part {
    Part {
        source: None,
        acquired: None,
        quantity,
        cost: Number::default(),
        long: false,
    }
}

fn disposal(planned: &Planned, date: &str, parts: Vec<Part>) -> Disposal {
    let cost: Number = parts.iter().map(|part| part.cost.clone()).sum();
    let proceeds = match &planned.proceeds {
        Proceeds::Known(proceeds) => Some(proceeds.clone()),
        Proceeds::Cost => Some(cost.clone()),
        Proceeds::Unpriced => None,
    };
    let gain_long = match &planned.proceeds {
        Proceeds::Cost => Some(Number::default()),
        Proceeds::Known(proceeds) => Some(long_gain(proceeds, &planned.quantity, &parts)),
        Proceeds::Unpriced => None,
    };
    Disposal {
        asset: planned.asset.clone(),
        date: date.to_owned(),
        kind: planned.kind.to_owned(),
        quantity: planned.quantity.clone(),
        gain: proceeds.as_ref().map(|proceeds| proceeds - &cost),
        proceeds,
        cost,
        gain_long,
        parts,
    }
}

/// The long-term share of the proceeds, less what those lots cost.
fn long_gain(proceeds: &Number, quantity: &Number, parts: &[Part]) -> Number {
    let long = || parts.iter().filter(|part| part.long);
    let long_quantity: Number = long().map(|part| part.quantity.clone()).sum();
    let long_cost: Number = long().map(|part| part.cost.clone()).sum();
    if long_quantity == *quantity {
        return proceeds - &long_cost;
    }
    &proceeds.share(&long_quantity, quantity) - &long_cost
}

/// The year a tax year is called by: the one it begins in, in the United Kingdom on 6 April.
fn tax_year(date: &str, uk: bool) -> i16 {
    let (year, month_and_day) = date.split_once('-').unwrap();
    let year: i16 = year.parse().unwrap();
    if uk && month_and_day < "04-06" {
        year - 1
    } else {
        year
    }
}

fn totals(
    answers: &[RowAnswer],
    rows: &[Placed],
    effects: &[Effects],
    uk: bool,
) -> BTreeMap<Slot, Total> {
    let mut totals: BTreeMap<Slot, Total> = BTreeMap::new();
    for ((answer, placed), effects) in answers.iter().zip(rows).zip(effects) {
        let year = tax_year(&answer.date, uk);
        let slot = |asset: &str, kind: &str| {
            (
                year,
                asset.to_owned(),
                placed.row.account.clone(),
                kind.to_owned(),
            )
        };
        if let Some(acquired) = &effects.acquisition {
            let total = totals
                .entry(slot(&acquired.asset, placed.kind))
                .or_default();
            total.count += 1;
            total.acquired = &total.acquired + &acquired.quantity;
            total.income = &total.income + &effects.income.clone().unwrap_or_default();
            total.unpriced += u64::from(acquired.unpriced);
        }
        for disposal in &answer.disposals {
            add_disposal(
                totals
                    .entry(slot(&disposal.asset, &disposal.kind))
                    .or_default(),
                disposal,
            );
        }
        for (amount, asset) in &effects.moved {
            let total = totals.entry(slot(asset, placed.kind)).or_default();
            total.count += 1;
            match placed.kind {
                "margin_gain" => total.acquired = &total.acquired + amount,
                "margin_loss" => total.disposed = &total.disposed + amount,
                _ => {}
            }
        }
    }
    totals
}

fn add_disposal(total: &mut Total, disposal: &Disposal) {
    total.count += 1;
    total.disposed = &total.disposed + &disposal.quantity;
    total.cost = &total.cost + &disposal.cost;
    let (Some(proceeds), Some(gain), Some(long)) =
        (&disposal.proceeds, &disposal.gain, &disposal.gain_long)
    else {
        total.unpriced += 1;
        return;
    };
    total.proceeds = &total.proceeds + proceeds;
    total.gain = &total.gain + gain;
    total.gain_long = &total.gain_long + long;
    total.gain_reported = &total.gain_reported + &gain.rounded(2);
    total.gain_long_reported = &total.gain_long_reported + &long.rounded(2);
}

fn holdings(
    rows: &[Placed],
    pools: &BTreeMap<String, Pool>,
    rules: &Rules,
) -> BTreeMap<String, Holding> {
    let assets: BTreeSet<String> = rows
        .iter()
        .flat_map(|placed| assets_of(&placed.row))
        .collect();
    let accounts: BTreeSet<&String> = rows.iter().map(|placed| &placed.row.account).collect();
    let mut holdings = BTreeMap::new();
    for asset in assets {
        let balances = accounts
            .iter()
            .map(|account| ((*account).clone(), balance_after(rows, account, &asset)));
        let balances: BTreeMap<_, _> = balances.filter(|(_, balance)| !balance.is_zero()).collect();
        let left = pools.get(&asset).map(|pool| pool.left(rules.method));
        let (quantity, cost) = left.unwrap_or_default();
        if quantity.is_zero() && balances.is_empty() {
            continue;
        }
        let average_cost = (!quantity.is_zero()).then(|| cost.share(&Number::whole(1), &quantity));
        holdings.insert(
            asset,
            Holding {
                quantity,
                cost,
                average_cost,
                balances,
            },
        );
    }
    holdings
}
