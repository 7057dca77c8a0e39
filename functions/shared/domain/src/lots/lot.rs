//! A lot and its pieces.

use serde::{Deserialize, Serialize};

use crate::limits::LOTS_PER_BLOCK;
use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::RowName;
use crate::time::Instant;

/// A quantity acquired at once, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Its place among all lots the asset ever had.
    pub number: u64,
    /// The row that acquired it; absent for a pool.
    pub source: Option<RowName>,
    /// When it was acquired; absent for a pool.
    pub acquired: Option<Instant>,
    /// Quantity as acquired.
    pub quantity: Decimal,
    /// Cost as acquired, fee included.
    pub cost: Decimal,
    /// Quantity left.
    pub open_quantity: Decimal,
    /// Cost left: the cost less that of every piece taken.
    pub open_cost: Decimal,
}

/// A part of a lot that a disposal takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The row that acquired the lot; absent for a pool.
    pub source: Option<RowName>,
    /// When it was acquired; absent for a pool.
    pub acquired: Option<Instant>,
    /// How much is taken.
    pub quantity: Decimal,
    /// What it cost.
    pub cost: Decimal,
}

/// What is left of a lot that a disposal takes a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    quantity: Decimal,
    cost: Decimal,
}

impl Lot {
    /// A quantity that no single row acquired.
    pub(crate) fn nameless(quantity: Decimal, cost: Decimal) -> Self {
        Self {
            number: 0,
            source: None,
            acquired: None,
            open_quantity: quantity.clone(),
            open_cost: cost.clone(),
            quantity,
            cost,
        }
    }

    pub(super) fn new(
        number: u64,
        source: RowName,
        at: Instant,
        quantity: Decimal,
        cost: Decimal,
    ) -> Self {
        Self {
            number,
            source: Some(source),
            acquired: Some(at),
            open_quantity: quantity.clone(),
            open_cost: cost.clone(),
            quantity,
            cost,
        }
    }

    /// The block of a checkpoint it stands in: a lot never changes its block.
    pub(crate) fn block(&self) -> u64 {
        self.number / LOTS_PER_BLOCK
    }

    /// The piece that a disposal of `wanted` takes, and the lot that stays, if one does.
    pub(crate) fn split(&self, wanted: &Decimal) -> Result<(Piece, Option<Self>), ArithmeticError> {
        let (piece, left) = self.take(wanted)?;
        let rest = left.map(|left| {
            let mut rest = self.clone();
            rest.shorten(left);
            rest
        });
        Ok((piece, rest))
    }

    /// Leaves no more than what a disposal left.
    pub(super) fn shorten(&mut self, left: Left) {
        (self.open_quantity, self.open_cost) = (left.quantity, left.cost);
    }

    /// The piece that a disposal of `wanted` takes, and what it leaves, if anything.
    ///
    /// A piece costs lot cost x its quantity / lot quantity, of the lot as acquired, so that
    /// roundings do not build on each other; the last piece takes what is left, so that all add up.
    /// No piece costs more than what is left: roundings up, 10^-30 each, may have used it.
    pub(super) fn take(&self, wanted: &Decimal) -> Result<(Piece, Option<Left>), ArithmeticError> {
        if *wanted >= self.open_quantity {
            return Ok((
                self.piece(self.open_quantity.clone(), self.open_cost.clone()),
                None,
            ));
        }
        let share = self.cost.times_over(wanted, &self.quantity)?;
        let cost = if share > self.open_cost {
            self.open_cost.clone()
        } else {
            share
        };
        let left = Left {
            quantity: self.open_quantity.minus(wanted)?,
            cost: self.open_cost.minus(&cost)?,
        };
        Ok((self.piece(wanted.clone(), cost), Some(left)))
    }

    fn piece(&self, quantity: Decimal, cost: Decimal) -> Piece {
        Piece {
            source: self.source.clone(),
            acquired: self.acquired,
            quantity,
            cost,
        }
    }
}
