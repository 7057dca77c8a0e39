//! UK section 104 (domain section 3; HMRC CRYPTO22251-22257): an asset's days, of which each has one
//! acquisition and one disposal, matched rule by rule over the whole ledger.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;

use crate::answer::DayPart;
use crate::effects::Proceeds;
use crate::ledger::Place;
use crate::number::Number;

/// Rows that are named of a day.
const NAMED: usize = 8;

/// What happened on a day.
#[derive(Debug, Clone, Default)]
struct Day {
    acquired: Number,
    cost: Number,
    sold: Disposed,
    lost: Disposed,
    /// Gifts that go for their cost.
    given: Disposed,
}

#[derive(Debug, Clone, Default)]
struct Disposed {
    quantity: Number,
    proceeds: Number,
    unpriced: bool,
    rows: Vec<Place>,
}

/// All days of one asset, and what was taken of them so far.
#[derive(Debug, Default)]
pub(crate) struct Days {
    days: BTreeMap<Date, Day>,
    /// Of which day's acquisition, how much, for what cost.
    matched: Vec<(Date, Number, Number)>,
    from_pool: Vec<(Number, Number)>,
    told: Vec<DayPart>,
}

impl Days {
    pub(crate) fn acquire(&mut self, day: Date, quantity: &Number, cost: &Number) {
        let day = self.days.entry(day).or_default();
        (day.acquired, day.cost) = (&day.acquired + quantity, &day.cost + cost);
    }

    pub(crate) fn dispose(
        &mut self,
        day: Date,
        kind: &str,
        quantity: &Number,
        proceeds: &Proceeds,
        row: Place,
    ) {
        let day = self.days.entry(day).or_default();
        let disposed = match proceeds {
            _ if kind == "lost" => &mut day.lost,
            Proceeds::Cost => &mut day.given,
            Proceeds::Known(_) | Proceeds::Unpriced => &mut day.sold,
        };
        disposed.quantity = &disposed.quantity + quantity;
        disposed.rows.push(row);
        match proceeds {
            Proceeds::Known(proceeds) => disposed.proceeds = &disposed.proceeds + proceeds,
            Proceeds::Cost => {}
            Proceeds::Unpriced => disposed.unpriced = true,
        }
    }

    /// Matches everything, and gives the disposals of `asset` with what is left in the pool.
    pub(crate) fn matched(mut self, asset: &str) -> (Vec<DayPart>, (Number, Number)) {
        let mut same_day = BTreeMap::new();
        for (date, day) in self.days.clone() {
            let quantity = day.acquired.min(day.sold.quantity);
            if !quantity.is_zero() {
                let cost = self.take_acquired(date, &quantity);
                same_day.insert(date, (quantity, cost));
            }
        }
        for (date, day) in self.days.clone() {
            self.sell(asset, date, &day.sold, same_day.remove(&date));
            self.take_apart(asset, date, "lost", &day.lost);
            self.take_apart(asset, date, "gift", &day.given);
        }
        let left = self.pool(Date::MAX);
        (self.told, left)
    }

    /// What no rule has taken of a day's acquisition.
    fn open(&self, date: Date) -> (Number, Number) {
        let Some(day) = self.days.get(&date) else {
            return (Number::default(), Number::default());
        };
        let taken = || self.matched.iter().filter(|(of, ..)| *of == date);
        let quantity: Number = taken().map(|(_, quantity, _)| quantity.clone()).sum();
        let cost: Number = taken().map(|(.., cost)| cost.clone()).sum();
        (&day.acquired - &quantity, &day.cost - &cost)
    }

    /// Takes of a day's acquisition and gives the cost of that part.
    fn take_acquired(&mut self, date: Date, quantity: &Number) -> Number {
        let (open, open_cost) = self.open(date);
        let day = &self.days[&date];
        let cost = match open == *quantity {
            true => open_cost,
            false => day.cost.share(quantity, &day.acquired).min(open_cost),
        };
        self.matched.push((date, quantity.clone(), cost.clone()));
        cost
    }

    /// The day's disposal: rule 1 as found before, rule 2, rule 3; then its proceeds are divided.
    fn sell(
        &mut self,
        asset: &str,
        date: Date,
        sold: &Disposed,
        same_day: Option<(Number, Number)>,
    ) {
        let mut parts = Vec::new();
        let mut left = sold.quantity.clone();
        if let Some((quantity, cost)) = same_day {
            left = &left - &quantity;
            parts.push(("same_day", Some(date), quantity, cost, Number::default()));
        }
        for later in 1..=30 {
            let acquired = date.checked_add(Span::new().days(later)).unwrap();
            let quantity = self.open(acquired).0.min(left.clone());
            if !quantity.is_zero() {
                let cost = self.take_acquired(acquired, &quantity);
                left = &left - &quantity;
                parts.push((
                    "bed_and_breakfast",
                    Some(acquired),
                    quantity,
                    cost,
                    Number::default(),
                ));
            }
        }
        if !left.is_zero() {
            let (cost, missing) = self.take_pooled(date, &left);
            parts.push(("section_104", None, left, cost, missing));
        }
        let (mut rest, count) = (sold.proceeds.clone(), parts.len());
        for (n, (rule, acquired, quantity, cost, missing)) in parts.into_iter().enumerate() {
            let proceeds = match n + 1 == count {
                true => rest.clone(),
                false => sold.proceeds.share(&quantity, &sold.quantity),
            };
            rest = &rest - &proceeds;
            let proceeds = (!sold.unpriced).then_some(proceeds);
            self.tell(
                asset,
                date,
                sold,
                (rule, acquired, quantity, proceeds, cost, missing),
            );
        }
    }

    /// What is lost or given comes out of the pool.
    fn take_apart(&mut self, asset: &str, date: Date, rule: &'static str, disposed: &Disposed) {
        if disposed.quantity.is_zero() {
            return;
        }
        let (cost, missing) = self.take_pooled(date, &disposed.quantity);
        let proceeds = if rule == "lost" {
            Number::default()
        } else {
            cost.clone()
        };
        let quantity = disposed.quantity.clone();
        self.tell(
            asset,
            date,
            disposed,
            (rule, None, quantity, Some(proceeds), cost, missing),
        );
    }

    /// All acquisitions until a day that no rule has taken, less what the pool gave.
    fn pool(&self, until: Date) -> (Number, Number) {
        let open: Vec<_> = self
            .days
            .keys()
            .filter(|date| **date <= until)
            .map(|date| self.open(*date))
            .collect();
        let quantity: Number = open.iter().map(|(quantity, _)| quantity.clone()).sum();
        let cost: Number = open.into_iter().map(|(_, cost)| cost).sum();
        let given: Number = self
            .from_pool
            .iter()
            .map(|(quantity, _)| quantity.clone())
            .sum();
        let given_cost: Number = self.from_pool.iter().map(|(_, cost)| cost.clone()).sum();
        (&quantity - &given, &cost - &given_cost)
    }

    /// Takes of the pool; gives the cost and what was missing.
    fn take_pooled(&mut self, date: Date, wanted: &Number) -> (Number, Number) {
        let (held, pool_cost) = self.pool(date);
        let quantity = wanted.min(&held).clone();
        let cost = match quantity == held {
            true => pool_cost,
            false => pool_cost.share(&quantity, &held).min(pool_cost),
        };
        self.from_pool.push((quantity.clone(), cost.clone()));
        (cost, wanted - &quantity)
    }

    fn tell(&mut self, asset: &str, date: Date, disposed: &Disposed, part: Found) {
        let (rule, acquired, quantity, proceeds, cost, missing) = part;
        let day = date.to_string();
        let n = self.told.iter().filter(|part| part.day == day).count();
        self.told.push(DayPart {
            day,
            asset: asset.to_owned(),
            n: u32::try_from(n).unwrap(),
            rule,
            acquired: acquired.map(|date| date.to_string()),
            quantity,
            gain: proceeds.as_ref().map(|proceeds| proceeds - &cost),
            proceeds,
            cost,
            rows: disposed.rows.iter().take(NAMED).copied().collect(),
            row_count: disposed.rows.len() as u64,
            missing: (!missing.is_zero()).then_some(missing),
        });
    }
}

/// Rule, day acquired, quantity, proceeds, cost, what was missing.
type Found = (
    &'static str,
    Option<Date>,
    Number,
    Option<Number>,
    Number,
    Number,
);
