//! What disposals take from lots. Nothing is kept up to date: how much of a lot is left is counted
//! anew, from all that was taken, whenever it is asked for.

use std::cmp::Reverse;

use crate::answer::Part;
use crate::ledger::{DAY, Method, Place};
use crate::number::Number;

/// An acquisition.
#[derive(Debug, Clone)]
pub(crate) struct Lot {
    pub(crate) source: Place,
    pub(crate) at: i64,
    /// The row's number in the total order.
    pub(crate) nth: usize,
    pub(crate) quantity: Number,
    pub(crate) cost: Number,
}

/// A piece taken: of which lot, how much, for what cost.
#[derive(Debug, Clone)]
struct Taken {
    lot: usize,
    quantity: Number,
    cost: Number,
}

/// The lots of one asset and everything that was ever taken of them.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) lots: Vec<Lot>,
    taken: Vec<Taken>,
    /// With average cost: quantity and cost taken from the pool as a whole.
    from_pool: Vec<(Number, Number)>,
}

/// What a disposal got: parts with their costs, and what was missing.
pub(crate) type Found = (Vec<Part>, Number);

impl Pool {
    /// Takes for a disposal at an instant, of the lots acquired until then.
    pub(crate) fn take(
        &mut self,
        at: i64,
        wanted: &Number,
        method: Method,
        long_term_days: u32,
    ) -> Found {
        match method {
            Method::Average => self.take_average(at, wanted),
            _ => self.take_lots(at, wanted, method, long_term_days),
        }
    }

    /// Quantity and cost of what is left at the end.
    pub(crate) fn left(&self, method: Method) -> (Number, Number) {
        if method == Method::Average {
            return self.pool_at(i64::MAX);
        }
        let left = |n: usize| self.left_of(n);
        let all = 0..self.lots.len();
        (
            all.clone().map(|n| left(n).0).sum(),
            all.map(|n| left(n).1).sum(),
        )
    }

    fn left_of(&self, n: usize) -> (Number, Number) {
        let taken = || self.taken.iter().filter(|taken| taken.lot == n);
        let quantity: Number = taken().map(|taken| taken.quantity.clone()).sum();
        let cost: Number = taken().map(|taken| taken.cost.clone()).sum();
        (
            &self.lots[n].quantity - &quantity,
            &self.lots[n].cost - &cost,
        )
    }

    /// The lots in the order the method takes them.
    fn in_order(&self, at: i64, method: Method) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lots.len())
            .filter(|n| self.lots[*n].at <= at)
            .collect();
        order.sort_by_key(|n| (self.lots[*n].at, self.lots[*n].nth));
        match method {
            Method::Fifo => {}
            Method::Lifo => order.reverse(),
            Method::Lofo => order.sort_by_key(|n| self.unit_cost(*n)),
            Method::Hifo => order.sort_by_key(|n| Reverse(self.unit_cost(*n))),
            Method::Average | Method::S104 => panic!("a pool has no order"),
        }
        order
    }

    /// Of the lot as acquired.
    fn unit_cost(&self, n: usize) -> Number {
        let lot = &self.lots[n];
        lot.cost.share(&Number::whole(1), &lot.quantity)
    }

    fn take_lots(
        &mut self,
        at: i64,
        wanted: &Number,
        method: Method,
        long_term_days: u32,
    ) -> Found {
        let (mut parts, mut missing) = (Vec::new(), wanted.clone());
        for n in self.in_order(at, method) {
            let (open, open_cost) = self.left_of(n);
            if missing.is_zero() || open.is_zero() {
                continue;
            }
            let lot = &self.lots[n];
            let (quantity, cost) = if missing >= open {
                (open, open_cost)
            } else {
                let share = lot.cost.share(&missing, &lot.quantity);
                (missing.clone(), share.min(open_cost))
            };
            missing = &missing - &quantity;
            parts.push(Part {
                source: Some(lot.source),
                acquired: Some(lot.at),
                quantity: quantity.clone(),
                cost: cost.clone(),
                long: (at - lot.at) / DAY >= i64::from(long_term_days),
            });
            self.taken.push(Taken {
                lot: n,
                quantity,
                cost,
            });
        }
        (parts, missing)
    }

    fn pool_at(&self, at: i64) -> (Number, Number) {
        let lots = || self.lots.iter().filter(|lot| lot.at <= at);
        let came: (Number, Number) = (
            lots().map(|lot| lot.quantity.clone()).sum(),
            lots().map(|lot| lot.cost.clone()).sum(),
        );
        let went: (Number, Number) = (
            self.from_pool
                .iter()
                .map(|(quantity, _)| quantity.clone())
                .sum(),
            self.from_pool.iter().map(|(_, cost)| cost.clone()).sum(),
        );
        (&came.0 - &went.0, &came.1 - &went.1)
    }

    /// Disposals come in the order of time, so what was taken before stays taken.
    fn take_average(&mut self, at: i64, wanted: &Number) -> Found {
        let (held, pool_cost) = self.pool_at(at);
        if held.is_zero() {
            return (Vec::new(), wanted.clone());
        }
        let (quantity, cost) = if *wanted >= held {
            (held, pool_cost)
        } else {
            let share = pool_cost.share(wanted, &held);
            (wanted.clone(), share.min(pool_cost))
        };
        self.from_pool.push((quantity.clone(), cost.clone()));
        let part = Part {
            source: None,
            acquired: None,
            quantity: quantity.clone(),
            cost,
            long: false,
        };
        (vec![part], wanted - &quantity)
    }
}
