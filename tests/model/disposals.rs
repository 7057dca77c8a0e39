//! What disposals take: out of lots row by row, or with section 104 day by day.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::answer::{DayPart, Disposal, Part, RowAnswer, Share};
use crate::effects::{Effects, Planned, Proceeds};
use crate::ledger::Rules;
use crate::lots::{Lot, Pool};
use crate::model::issue;
use crate::number::Number;
use crate::order::Placed;
use crate::section_104::Days;

/// Quantity and cost of what is left of each asset.
pub(crate) type Left = BTreeMap<String, (Number, Number)>;

/// Disposals out of lots, in the order of time and of the total order; what is left of each asset
/// comes back as quantity and cost.
pub(crate) fn by_lots(
    answers: &mut [RowAnswer],
    rows: &[Placed],
    effects: &[Effects],
    rules: &Rules,
) -> Left {
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
    let left = pools.into_iter();
    left.map(|(asset, pool)| (asset, pool.left(rules.method)))
        .collect()
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

/// Disposals by tax day, over all accounts, and what is left in the pools.
pub(crate) fn by_days(
    answers: &mut [RowAnswer],
    rows: &[Placed],
    effects: &[Effects],
) -> (Vec<DayPart>, Left) {
    let mut assets: BTreeMap<String, Days> = BTreeMap::new();
    for ((answer, placed), effects) in answers.iter_mut().zip(rows).zip(effects) {
        let day: Date = answer.date.parse().unwrap();
        if let Some(acquired) = effects.acquisition.as_ref().filter(|acquired| acquired.lot) {
            let days = assets.entry(acquired.asset.clone()).or_default();
            days.acquire(day, &acquired.quantity, &acquired.cost);
        }
        for planned in &effects.disposals {
            let days = assets.entry(planned.asset.clone()).or_default();
            days.dispose(
                day,
                planned.kind,
                &planned.quantity,
                &planned.proceeds,
                placed.row.place,
            );
            answer.shares.push(share(planned));
        }
    }
    let (mut parts, mut left) = (Vec::new(), Left::new());
    for (asset, days) in assets {
        let (told, rest) = days.matched(&asset);
        parts.extend(told);
        left.insert(asset, rest);
    }
    parts.sort_by_key(|part| (part.day.clone(), part.asset.clone(), part.n));
    (parts, left)
}

fn share(planned: &Planned) -> Share {
    let proceeds = match &planned.proceeds {
        _ if planned.kind == "lost" => Some(Number::default()),
        Proceeds::Known(proceeds) => Some(proceeds.clone()),
        Proceeds::Cost | Proceeds::Unpriced => None,
    };
    Share {
        asset: planned.asset.clone(),
        kind: planned.kind.to_owned(),
        quantity: planned.quantity.clone(),
        proceeds,
    }
}
