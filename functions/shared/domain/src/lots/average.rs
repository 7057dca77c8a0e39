//! Average cost: everything acquired goes into one pool, and a disposal takes pool cost x its
//! quantity / pool quantity; the last takes the remainder. A pool has no date, so no part of it is
//! ever held for the long term.

use super::lot::{Left, Lot};
use crate::money::ArithmeticError;

/// The pool, as one lot; absent while it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Average {
    pool: Option<Lot>,
}

impl Average {
    /// Pours a lot into the pool.
    pub(super) fn insert(&mut self, lot: Lot) -> Result<(), ArithmeticError> {
        let (mut quantity, mut cost) = (lot.open_quantity, lot.open_cost);
        if let Some(pool) = &self.pool {
            quantity = pool.open_quantity.plus(&quantity)?;
            cost = pool.open_cost.plus(&cost)?;
        }
        self.pool = Some(Lot {
            number: 0,
            source: None,
            acquired: None,
            open_quantity: quantity.clone(),
            open_cost: cost.clone(),
            quantity,
            cost,
        });
        Ok(())
    }

    pub(super) fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.pool.iter()
    }

    /// Leaves what is `left` as the pool. Its quantity and cost become those the next share is taken of.
    pub(super) fn shorten(&mut self, emptied: usize, left: Option<Left>) {
        if emptied > 0 {
            self.pool = None;
        }
        if let (Some(left), Some(pool)) = (left, &mut self.pool) {
            pool.shorten(left);
            pool.quantity = pool.open_quantity.clone();
            pool.cost = pool.open_cost.clone();
        }
    }
}
