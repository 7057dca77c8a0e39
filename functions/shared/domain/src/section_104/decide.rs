//! Deciding one day. Everything that can fail is computed first and changes nothing: a day whose
//! numbers do not fit says so and takes nothing, and the days around it are what they were.

use std::collections::BTreeMap;

use super::{MATCHED_DAYS, Manner, OpenDay, Part, Rule, Total};
use crate::lots::{Lot, Lots, Piece};
use crate::money::{ArithmeticError, Decimal};
use crate::time::Day;

/// What deciding a day changes.
struct Plan {
    parts: Vec<Part>,
    /// What is left of the acquisitions that rule 2 took from.
    taken: Vec<(Day, Option<Lot>)>,
    pool: Lots,
}

/// A part of the day's disposal before it has proceeds.
struct Share {
    rule: Rule,
    acquired: Option<Day>,
    quantity: Decimal,
    cost: Decimal,
    missing: Decimal,
}

/// Decides `day`, the earliest of the open days; `later` are those behind it, of which those of its
/// 30 days are over. The parts are empty when the day disposed of nothing.
pub(super) fn decide(
    day: Day,
    mut open: OpenDay,
    later: &mut BTreeMap<Day, OpenDay>,
    pool: &mut Lots,
) -> Vec<Part> {
    open.settle();
    if open.disposed.contains_key(&Manner::Sold) {
        for (_, other) in later.range_mut(behind(day)) {
            other.settle();
        }
    }
    match plan(day, &open, later, pool) {
        Ok(plan) => {
            for (acquired, rest) in plan.taken {
                if let Some(other) = later.get_mut(&acquired) {
                    other.acquired = rest;
                }
            }
            *pool = plan.pool;
            plan.parts
        }
        Err(_) => does_not_fit(open, pool),
    }
}

/// The days whose acquisitions rule 2 looks at.
fn behind(day: Day) -> std::ops::RangeInclusive<Day> {
    let last = day.0.saturating_add(MATCHED_DAYS);
    Day(day.0.saturating_add(1).min(last))..=Day(last)
}

impl OpenDay {
    /// Applies rule 1, once: before anything is taken from the day's acquisition by rule 2.
    fn settle(&mut self) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let Some(sold) = self.disposed.get(&Manner::Sold) else {
            return;
        };
        let lot = self.acquired.as_ref();
        let Some(lot) = lot.filter(|lot| !lot.open_quantity.is_zero()) else {
            return;
        };
        match lot.split(&sold.quantity) {
            Ok((piece, rest)) => (self.same_day, self.acquired) = (Some(piece), rest),
            Err(_) => self.broken = true,
        }
    }

    /// What rule 2 may take from.
    fn available(&self) -> Option<&Lot> {
        let lot = self.acquired.as_ref()?;
        (!self.broken && !lot.open_quantity.is_zero()).then_some(lot)
    }
}

fn plan(
    day: Day,
    open: &OpenDay,
    later: &BTreeMap<Day, OpenDay>,
    pool: &Lots,
) -> Result<Plan, ArithmeticError> {
    if open.broken {
        return Err(ArithmeticError::Overflow);
    }
    let mut plan = Plan {
        parts: Vec::new(),
        taken: Vec::new(),
        pool: pool.clone(),
    };
    let sold = open.disposed.get(&Manner::Sold);
    let (mut shares, mut left) = (Vec::new(), Decimal::ZERO);
    if let Some(sold) = sold {
        left = sold.quantity.clone();
        if let Some(piece) = &open.same_day {
            left = left.minus(&piece.quantity)?;
            shares.push(matched(Rule::SameDay, day, piece));
        }
        left = plan.match_behind(day, left, later, &mut shares)?;
    }
    if let Some(lot) = &open.acquired {
        plan.pool.pour(&lot.open_quantity, &lot.open_cost)?;
    }
    if let Some(sold) = sold {
        if !left.is_zero() {
            shares.push(plan.take_pooled(Rule::Section104, &left)?);
        }
        plan.parts = with_proceeds(sold, shares)?;
    }
    for (manner, rule) in [(Manner::Lost, Rule::Lost), (Manner::AtCost, Rule::Gift)] {
        if let Some(total) = open.disposed.get(&manner) {
            let share = plan.take_pooled(rule, &total.quantity)?;
            plan.parts.push(apart(total, share)?);
        }
    }
    Ok(plan)
}

impl Plan {
    /// Rule 2: takes from the acquisitions of the days behind `day`, and says how much is left.
    fn match_behind(
        &mut self,
        day: Day,
        mut left: Decimal,
        later: &BTreeMap<Day, OpenDay>,
        shares: &mut Vec<Share>,
    ) -> Result<Decimal, ArithmeticError> {
        for (acquired, other) in later.range(behind(day)) {
            if left.is_zero() {
                break;
            }
            let Some(lot) = other.available() else {
                continue;
            };
            let (piece, rest) = lot.split(&left)?;
            left = left.minus(&piece.quantity)?;
            shares.push(matched(Rule::BedAndBreakfast, *acquired, &piece));
            self.taken.push((*acquired, rest));
        }
        Ok(left)
    }

    /// Takes what the pool has; what it has not costs 0.
    fn take_pooled(&mut self, rule: Rule, quantity: &Decimal) -> Result<Share, ArithmeticError> {
        let take = self.pool.plan(quantity)?;
        let share = Share {
            rule,
            acquired: None,
            quantity: quantity.clone(),
            cost: take.cost.clone(),
            missing: take.missing.clone(),
        };
        self.pool.commit(take);
        Ok(share)
    }
}

fn matched(rule: Rule, acquired: Day, piece: &Piece) -> Share {
    Share {
        rule,
        acquired: Some(acquired),
        quantity: piece.quantity.clone(),
        cost: piece.cost.clone(),
        missing: Decimal::ZERO,
    }
}

/// Divides the proceeds of a day's disposal among its parts.
fn with_proceeds(sold: &Total, shares: Vec<Share>) -> Result<Vec<Part>, ArithmeticError> {
    let mut left = sold.proceeds.clone();
    let mut parts = Vec::with_capacity(shares.len());
    let last = shares.len().saturating_sub(1);
    for (n, share) in shares.into_iter().enumerate() {
        let mut proceeds = left.clone();
        if let (Some(rest), Some(all)) = (&mut left, &sold.proceeds)
            && n < last
        {
            let part = all.times_over(&share.quantity, &sold.quantity)?;
            *rest = rest.minus(&part)?;
            proceeds = Some(part);
        }
        parts.push(part(sold, share, proceeds)?);
    }
    Ok(parts)
}

/// The part of something that takes no part in rules 1 and 2.
fn apart(total: &Total, share: Share) -> Result<Part, ArithmeticError> {
    let proceeds = match share.rule {
        Rule::Gift => share.cost.clone(),
        _ => Decimal::ZERO,
    };
    part(total, share, Some(proceeds))
}

fn part(total: &Total, share: Share, proceeds: Option<Decimal>) -> Result<Part, ArithmeticError> {
    let gain = match &proceeds {
        Some(proceeds) => Some(proceeds.minus(&share.cost)?),
        None => None,
    };
    Ok(Part {
        rule: share.rule,
        acquired: share.acquired,
        quantity: share.quantity,
        proceeds,
        cost: share.cost,
        gain,
        missing: share.missing,
        overflow: false,
        sources: total.sources.clone(),
    })
}

/// A day whose numbers do not fit: what it acquired joins the pool if it can, what it disposed of is
/// left out, and each of its disposals says so. So does an acquisition that the pool cannot take.
fn does_not_fit(open: OpenDay, pool: &mut Lots) -> Vec<Part> {
    let mut left_out: Vec<(Rule, Total)> = Vec::new();
    for (manner, total) in open.disposed {
        let rule = match manner {
            Manner::Sold => Rule::Section104,
            Manner::Lost => Rule::Lost,
            Manner::AtCost => Rule::Gift,
        };
        left_out.push((rule, total));
    }
    let lot = open.acquired.as_ref();
    let poured = lot.map_or(Ok(()), |lot| pool.pour(&lot.open_quantity, &lot.open_cost));
    if poured.is_err() && left_out.is_empty() {
        left_out.push((Rule::Section104, Total::nothing()));
    }
    let parts = left_out.into_iter().map(|(rule, total)| Part {
        rule,
        acquired: None,
        quantity: total.quantity,
        proceeds: None,
        cost: Decimal::ZERO,
        gain: None,
        missing: Decimal::ZERO,
        overflow: true,
        sources: total.sources,
    });
    parts.collect()
}
