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
    quantity: Decimal,
    amount: Decimal,
    quantity_left: Decimal,
    amount_left: Decimal,
}

impl Cake {
    fn new() -> Self {
        Self {
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

/// What rule 1 or 2 matched: places of the days among all, and what it took.
struct Match {
    rule: Rule,
    disposal: usize,
    acquisition: usize,
    quantity: Decimal,
    cost: Decimal,
}

/// All days' parts in order of day and rule, and quantity and cost of the pool at the end.
pub(crate) fn reference(events: &[Event]) -> (Vec<Line>, (Decimal, Decimal)) {
    let days: BTreeSet<i32> = events.iter().map(day_of).collect();
    let days: Vec<i32> = days.into_iter().collect();
    let of_days =
        |cake: &dyn Fn(i32) -> Cake| -> Vec<Cake> { days.iter().map(|day| cake(*day)).collect() };
    let mut acquired = of_days(&|day| acquired_on(events, day));
    let mut sold = of_days(&|day| disposed_on(events, day, Manner::Sold));
    let mut unmatched: Vec<Decimal> = sold.iter().map(|sold| sold.quantity.clone()).collect();
    let matched = matches(&days, &mut acquired, &mut unmatched);
    let (mut lines, mut pool) = (Vec::new(), Cake::new());
    for (n, day) in days.iter().enumerate() {
        let (day, priced, sold) = (Day(*day), is_priced(events, *day), &mut sold[n]);
        for one in matched.iter().filter(|one| one.disposal == n) {
            let proceeds = priced.then(|| sold_for(sold, &one.quantity));
            let on = Some(Day(days[one.acquisition]));
            let (quantity, cost) = (one.quantity.clone(), one.cost.clone());
            lines.push((day, one.rule, on, quantity, proceeds, cost, Decimal::ZERO));
        }
        pour(
            &mut pool,
            &acquired[n].quantity_left,
            &acquired[n].amount_left,
        );
        let rest = unmatched[n].clone();
        if !rest.is_zero() {
            let proceeds = priced.then(|| sold_for(sold, &rest));
            let (cost, missing) = take(&mut pool, &rest);
            lines.push((day, Rule::Section104, None, rest, proceeds, cost, missing));
        }
        lines.extend(apart(events, day, &mut pool));
    }
    (lines, (pool.quantity_left, pool.amount_left))
}

/// Rule 1 over all days, then rule 2: the earliest disposal first, then the earliest acquisition.
fn matches(days: &[i32], acquired: &mut [Cake], unmatched: &mut [Decimal]) -> Vec<Match> {
    let mut pairs: Vec<(Rule, usize, usize)> = Vec::new();
    pairs.extend((0..days.len()).map(|n| (Rule::SameDay, n, n)));
    for (disposal, sold) in days.iter().enumerate() {
        for (acquisition, bought) in days.iter().enumerate() {
            if (1..=30).contains(&(bought - sold)) {
                pairs.push((Rule::BedAndBreakfast, disposal, acquisition));
            }
        }
    }
    let mut matched = Vec::new();
    for (rule, disposal, acquisition) in pairs {
        let (left, from) = (&mut unmatched[disposal], &mut acquired[acquisition]);
        let quantity = left.clone().min(from.quantity_left.clone());
        if !quantity.is_zero() {
            let cost = from.cut(&quantity);
            *left = left.minus(&quantity).unwrap();
            matched.push(Match {
                rule,
                disposal,
                acquisition,
                quantity,
                cost,
            });
        }
    }
    matched
}

/// What comes out of the pool alone.
fn apart(events: &[Event], day: Day, pool: &mut Cake) -> Vec<Line> {
    let mut lines = Vec::new();
    for (manner, rule) in [(Manner::Lost, Rule::Lost), (Manner::AtCost, Rule::Gift)] {
        let quantity = disposed_on(events, day.0, manner).quantity;
        if !quantity.is_zero() {
            let (cost, missing) = take(pool, &quantity);
            let gift = rule == Rule::Gift;
            let proceeds = if gift { cost.clone() } else { Decimal::ZERO };
            lines.push((day, rule, None, quantity, Some(proceeds), cost, missing));
        }
    }
    lines
}

fn day_of(event: &Event) -> i32 {
    match event {
        Event::Acquired { day, .. } | Event::Disposed { day, .. } => *day,
    }
}

fn acquired_on(events: &[Event], on: i32) -> Cake {
    let mut cake = Cake::new();
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
    let mut cake = Cake::new();
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
    *pool = Cake::new();
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
