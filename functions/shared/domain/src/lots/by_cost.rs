//! Highest or lowest unit cost first (HIFO, LOFO); of equal unit costs the lot acquired earliest, and
//! of one instant the one that came first in the ledger's total order.
//!
//! The unit cost of a lot is the named division cost / quantity, both as acquired and the cost with
//! its fee, rounded half-even to 10^-30. It is computed from what never changes, so a lot keeps its
//! place while it is taken apart. Lots whose unit costs differ by less than the rounding are equal.

use std::collections::BTreeMap;

use super::lot::{Left, Lot};
use crate::money::{ArithmeticError, Decimal};
use crate::time::Instant;

/// Which end of the unit costs a disposal takes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// HIFO.
    Dearest,
    /// LOFO.
    Cheapest,
}

/// Open lots by rank, time and number. Unit costs come in any order, so most lots are put between
/// others: the tree moves pointers and not lots, which keeps its nodes few and in the caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByCost {
    first: First,
    lots: BTreeMap<(Decimal, Instant, u64), Box<Lot>>,
}

impl ByCost {
    pub(super) fn new(first: First) -> Self {
        Self {
            first,
            lots: BTreeMap::new(),
        }
    }

    /// Adds a lot, whose quantity is not 0. On an error nothing has changed.
    pub(super) fn insert(&mut self, lot: Lot) -> Result<(), ArithmeticError> {
        let unit_cost = lot.cost.divided_by(&lot.quantity)?;
        let rank = match self.first {
            First::Dearest => unit_cost.negated(),
            First::Cheapest => unit_cost,
        };
        let acquired = lot.acquired.unwrap_or(Instant(i64::MIN));
        self.lots
            .insert((rank, acquired, lot.number), Box::new(lot));
        Ok(())
    }

    /// The lots in the order disposals take them.
    pub(super) fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values().map(Box::as_ref)
    }

    /// Removes the first `emptied` lots and leaves of the next what is `left`.
    pub(super) fn shorten(&mut self, emptied: usize, left: Option<Left>) {
        for _ in 0..emptied {
            self.lots.pop_first();
        }
        if let (Some(left), Some(mut first)) = (left, self.lots.first_entry()) {
            first.get_mut().shorten(left);
        }
    }
}
