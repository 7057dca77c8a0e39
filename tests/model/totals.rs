//! Totals and holdings.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::{Answer, DayPart, Disposal, Holding, Slot, Total};
use crate::disposals::Left;
use crate::effects::{Effects, Proceeds};
use crate::model::{assets_of, balance_after};
use crate::number::Number;
use crate::order::Placed;

/// Totals per tax year, asset, account and kind, of rows and of the days of section 104.
pub(crate) fn totals(
    answer: &Answer,
    rows: &[Placed],
    effects: &[Effects],
    uk: bool,
) -> BTreeMap<Slot, Total> {
    let mut totals: BTreeMap<Slot, Total> = BTreeMap::new();
    for ((said, placed), effects) in answer.rows.iter().zip(rows).zip(effects) {
        let year = tax_year(&said.date, uk);
        let slot = |asset: &str, kind: &str| {
            (
                year,
                asset.to_owned(),
                Some(placed.row.account.clone()),
                Some(kind.to_owned()),
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
        for disposal in &said.disposals {
            add_disposal(
                totals
                    .entry(slot(&disposal.asset, &disposal.kind))
                    .or_default(),
                disposal,
            );
        }
        for share in &said.shares {
            let total = totals.entry(slot(&share.asset, &share.kind)).or_default();
            total.count += 1;
            total.disposed = &total.disposed + &share.quantity;
        }
        for planned in effects.disposals.iter().filter(|_| !said.shares.is_empty()) {
            let total = totals
                .entry(slot(&planned.asset, planned.kind))
                .or_default();
            total.unpriced += u64::from(planned.proceeds == Proceeds::Unpriced);
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
    for part in &answer.days {
        let slot = (tax_year(&part.day, uk), part.asset.clone(), None, None);
        add_day(totals.entry(slot).or_default(), part);
    }
    totals
}

/// The calendar year in which the tax year of a day begins: in the United Kingdom on 6 April.
pub(crate) fn tax_year(day: &str, uk: bool) -> i16 {
    let (year, month_and_day) = day.split_once('-').unwrap();
    let year: i16 = year.parse().unwrap();
    year - i16::from(uk && month_and_day < "04-06")
}

/// Quantities are counted with the rows.
fn add_day(total: &mut Total, part: &DayPart) {
    total.count += 1;
    total.cost = &total.cost + &part.cost;
    if let (Some(proceeds), Some(gain)) = (&part.proceeds, &part.gain) {
        total.proceeds = &total.proceeds + proceeds;
        total.gain = &total.gain + gain;
        total.gain_reported = &total.gain_reported + &gain.rounded(2);
    }
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

/// What is held at the end: what is left, and the balances that are not 0.
pub(crate) fn holdings(rows: &[Placed], left: &Left) -> BTreeMap<String, Holding> {
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
        let (quantity, cost) = left.get(&asset).cloned().unwrap_or_default();
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
