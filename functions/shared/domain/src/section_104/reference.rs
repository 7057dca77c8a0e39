//! The rules once more, slow and plain: the whole history of an asset at once, rule after rule over
//! all days, as a person would do it on paper.

use std::collections::BTreeSet;

use super::{Manner, Rule};
use crate::money::Decimal;
use crate::time::Day;

/// Something that happened to the asset.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Acquired {
        day: i32,
        quantity: Decimal,
        cost: Decimal,
    },
    Disposed {
        day: i32,
        manner: Manner,
        quantity: Decimal,
        proceeds: Option<Decimal>,
    },
}

/// A part of a disposal: day, rule, day of acquisition, quantity, proceeds, cost, missing.
pub(crate) type Line = (
    Day,
    Rule,
    Option<Day>,
    Decimal,
    Option<Decimal>,
    Decimal,
    Decimal,
);

/// What is cut into parts: a day's acquisition with its cost, a disposal with its proceeds.
struct Cake {
    day: i32,
    quantity: Decimal,
    amount: Decimal,
    quantity_left: Decimal,
    amount_left: Decimal,
}

impl Cake {
    fn new(day: i32) -> Self {
        Self {
            day,
            quantity: Decimal::ZERO,
            amount: Decimal::ZERO,
            quantity_left: Decimal::ZERO,
            amount_left: Decimal::ZERO,
        }
    }

    fn add(&mut self, quantity: &Decimal, amount: &Decimal) {
        self.quantity = self.quantity.plus(quantity).unwrap();
        self.amount = self.amount.plus(amount).unwrap();
        (self.quantity_left, self.amount_left) = (self.quantity.clone(), self.amount.clone());
    }

    /// Cuts off a part; the last takes what is left.
    fn cut(&mut self, quantity: &Decimal) -> Decimal {
        let mut amount = self.amount_left.clone();
        if *quantity < self.quantity_left {
            let share = self.amount.times_over(quantity, &self.quantity).unwrap();
            amount = amount.min(share);
        }
        self.quantity_left = self.quantity_left.minus(quantity).unwrap();
        self.amount_left = self.amount_left.minus(&amount).unwrap();
        amount
    }
}

/// All days' parts in order of day and rule, and quantity and cost of the pool at the end.
pub(crate) fn reference(events: &[Event]) -> (Vec<Line>, (Decimal, Decimal)) {
    let days: BTreeSet<i32> = events.iter().map(day_of).collect();
    let mut acquired: Vec<Cake> = days.iter().map(|day| acquired_on(events, *day)).collect();
    let mut sold: Vec<Cake> = days
        .iter()
        .map(|day| disposed_on(events, *day, Manner::Sold))
        .collect();
    // Rule, place of the disposal, place of the acquisition, quantity, cost.
    let mut matched: Vec<(Rule, usize, usize, Decimal, Decimal)> = Vec::new();
    let mut pairs: Vec<(Rule, usize, usize)> =
        (0..days.len()).map(|n| (Rule::SameDay, n, n)).collect();
    for disposal in 0..days.len() {
        for acquisition in disposal + 1..days.len() {
            if acquired[acquisition].day - sold[disposal].day <= 30 {
                pairs.push((Rule::BedAndBreakfast, disposal, acquisition));
            }
        }
    }
    let mut unmatched: Vec<Decimal> = sold.iter().map(|sold| sold.quantity.clone()).collect();
    for (rule, disposal, acquisition) in pairs {
        let from = &mut acquired[acquisition];
        let quantity = unmatched[disposal].clone().min(from.quantity_left.clone());
        if !quantity.is_zero() {
            let cost = from.cut(&quantity);
            unmatched[disposal] = unmatched[disposal].minus(&quantity).unwrap();
            matched.push((rule, disposal, acquisition, quantity, cost));
        }
    }
    let (mut lines, mut pool) = (Vec::new(), Cake::new(0));
    for (n, day) in days.iter().enumerate() {
        let priced = is_priced(events, *day);
        for (rule, _, acquisition, quantity, cost) in matched.iter().filter(|m| m.1 == n) {
            let proceeds = sold_for(&mut sold[n], quantity);
            let on = Some(Day(acquired[*acquisition].day));
            lines.push((
                Day(*day),
                *rule,
                on,
                quantity.clone(),
                priced.then_some(proceeds),
                cost.clone(),
                Decimal::ZERO,
            ));
        }
        pour(
            &mut pool,
            &acquired[n].quantity_left,
            &acquired[n].amount_left,
        );
        if !unmatched[n].is_zero() {
            let proceeds = sold_for(&mut sold[n], &unmatched[n]);
            let (cost, missing) = take(&mut pool, &unmatched[n]);
            lines.push((
                Day(*day),
                Rule::Section104,
                None,
                unmatched[n].clone(),
                priced.then_some(proceeds),
                cost,
                missing,
            ));
        }
        for (manner, rule) in [(Manner::Lost, Rule::Lost), (Manner::AtCost, Rule::Gift)] {
            let apart = disposed_on(events, *day, manner).quantity;
            if !apart.is_zero() {
                let (cost, missing) = take(&mut pool, &apart);
                let proceeds = if rule == Rule::Gift {
                    cost.clone()
                } else {
                    Decimal::ZERO
                };
                lines.push((Day(*day), rule, None, apart, Some(proceeds), cost, missing));
            }
        }
    }
    (lines, (pool.quantity_left, pool.amount_left))
}

fn day_of(event: &Event) -> i32 {
    match event {
        Event::Acquired { day, .. } | Event::Disposed { day, .. } => *day,
    }
}

fn acquired_on(events: &[Event], on: i32) -> Cake {
    let mut cake = Cake::new(on);
    for event in events {
        if let Event::Acquired {
            day,
            quantity,
            cost,
        } = event
            && *day == on
        {
            cake.add(quantity, cost);
        }
    }
    cake
}

fn disposed_on(events: &[Event], on: i32, wanted: Manner) -> Cake {
    let mut cake = Cake::new(on);
    for event in events {
        if let Event::Disposed {
            day,
            manner,
            quantity,
            proceeds,
        } = event
            && (*day, *manner) == (on, wanted)
        {
            cake.add(quantity, proceeds.as_ref().unwrap_or(&Decimal::ZERO));
        }
    }
    cake
}

fn is_priced(events: &[Event], on: i32) -> bool {
    let unpriced = |event: &Event| matches!(event, Event::Disposed { day, manner: Manner::Sold, proceeds: None, .. } if *day == on);
    !events.iter().any(unpriced)
}

/// A part of the proceeds, which unlike a cost may be under 0: nothing bounds it but the last part.
fn sold_for(sold: &mut Cake, quantity: &Decimal) -> Decimal {
    let mut amount = sold.amount_left.clone();
    if *quantity < sold.quantity_left {
        amount = sold.amount.times_over(quantity, &sold.quantity).unwrap();
    }
    sold.quantity_left = sold.quantity_left.minus(quantity).unwrap();
    sold.amount_left = sold.amount_left.minus(&amount).unwrap();
    amount
}

fn pour(pool: &mut Cake, quantity: &Decimal, cost: &Decimal) {
    let (held, paid) = (pool.quantity_left.clone(), pool.amount_left.clone());
    *pool = Cake::new(0);
    pool.add(&held, &paid);
    pool.add(quantity, cost);
}

/// Cost of what the pool gives, and how much it has not.
fn take(pool: &mut Cake, wanted: &Decimal) -> (Decimal, Decimal) {
    let quantity = wanted.clone().min(pool.quantity_left.clone());
    let mut cost = Decimal::ZERO;
    if !quantity.is_zero() {
        cost = pool.cut(&quantity);
        pour(pool, &Decimal::ZERO, &Decimal::ZERO);
    }
    (cost, wanted.minus(&quantity).unwrap())
}
