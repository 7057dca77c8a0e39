//! The open lots of one asset over all accounts, and what a disposal takes from them.
//!
//! A cost method is a *book*: a container of open lots that knows in which order a disposal takes
//! them. There is a file per method; HIFO and LOFO differ in the direction only and share one. The
//! pool of section 104 is that of average cost: the same-day and 30-day rules come before it and are
//! not here. To add a book: a container with the operations of `fifo::Fifo`, an arm in each match
//! below, and a `settings::Method`. An operation costs O(log lots) for each lot it adds, empties or
//! shortens, and looks at no other lot.
//!
//! All open lots are acquired before the disposal that is planned, or at its instant: the fold
//! brings acquisitions and disposals in order of time, acquisitions first.
//!
//! A disposal is planned first and carried out afterwards: planning computes everything that can
//! fail and changes nothing, so a row that overflows leaves the lots as they were.

mod average;
mod by_cost;
mod fifo;
mod lifo;
mod lot;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::money::{ArithmeticError, Decimal};
use crate::read_rows::RowName;
use crate::settings::Method;
use crate::time::Instant;

use average::Average;
use by_cost::{ByCost, First};
use fifo::Fifo;
use lifo::Lifo;
use lot::Left;
pub use lot::{Lot, Piece};

/// The block of a pool, whose number is 0 whatever was poured into it.
const POOL_BLOCK: u64 = 0;

/// The open lots of one asset.
#[derive(Debug, Clone)]
pub struct Lots {
    head: Head,
    book: Book,
    /// The blocks whose lots are not those that were stored last.
    changed: BTreeSet<u64>,
}

/// Lots are what is open: what of it was stored before is no part of that.
impl PartialEq for Lots {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head && self.book == other.book
    }
}

impl Eq for Lots {}

/// What is known of lots without looking at them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The method they are taken by.
    pub method: Method,
    /// The number of the next lot.
    pub next: u64,
    /// Quantity of all open lots.
    pub quantity: Decimal,
    /// Cost of all open lots.
    pub cost: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Book {
    Fifo(Fifo),
    Lifo(Lifo),
    ByCost(ByCost),
    Average(Average),
}

/// What a disposal takes. Nothing has changed yet: `Lots::commit` carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The pieces, in the order they are taken.
    pub pieces: Vec<Piece>,
    /// The cost of all pieces.
    pub cost: Decimal,
    /// The quantity that no lot could give; it costs 0.
    pub missing: Decimal,
    /// How many lots at the front of the order are used up.
    emptied: usize,
    /// What is left of the lot after those, when it is shortened.
    left: Option<Left>,
    /// Quantity and cost of all lots afterwards.
    after: (Decimal, Decimal),
    /// The blocks of the lots it takes from.
    blocks: Vec<u64>,
}

impl Lots {
    /// No lots, to be taken by `method`.
    #[must_use]
    pub fn new(method: Method) -> Self {
        let head = Head {
            method,
            next: 0,
            quantity: Decimal::ZERO,
            cost: Decimal::ZERO,
        };
        let book = match method {
            Method::Fifo => Book::Fifo(Fifo::default()),
            Method::Lifo => Book::Lifo(Lifo::default()),
            Method::Hifo => Book::ByCost(ByCost::new(First::Dearest)),
            Method::Lofo => Book::ByCost(ByCost::new(First::Cheapest)),
            Method::Average | Method::S104 => Book::Average(Average::default()),
        };
        Self {
            head,
            book,
            changed: BTreeSet::new(),
        }
    }

    /// The lots that `head` and `open` were taken from.
    ///
    /// # Errors
    /// When the lots do not fit together, which only damaged input does.
    pub fn restore(head: Head, open: Vec<Lot>) -> Result<Self, ArithmeticError> {
        let mut lots = Self::new(head.method);
        for lot in open {
            lots.insert(lot)?;
        }
        lots.head = head;
        Ok(lots)
    }

    /// Method, counters and sums.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The blocks whose lots are not those that were stored last: some may have none any more.
    pub(crate) fn changed(&self) -> &BTreeSet<u64> {
        &self.changed
    }

    /// Every block is stored as it is now.
    pub(crate) fn are_stored(&mut self) {
        self.changed.clear();
    }

    /// The open lots in order of their numbers.
    #[must_use]
    pub fn open(&self) -> Vec<&Lot> {
        self.open_where(|_| true)
    }

    /// The open lots of changed blocks in order of their numbers.
    pub(crate) fn open_in_changed(&self) -> Vec<&Lot> {
        self.open_where(|lot| self.changed.contains(&lot.block()))
    }

    fn open_where(&self, wanted: impl Fn(&Lot) -> bool) -> Vec<&Lot> {
        let mut open: Vec<&Lot> = match &self.book {
            Book::Fifo(fifo) => fifo.lots().filter(|lot| wanted(lot)).collect(),
            Book::Lifo(lifo) => lifo.lots().filter(|lot| wanted(lot)).collect(),
            Book::ByCost(by_cost) => by_cost.lots().filter(|lot| wanted(lot)).collect(),
            Book::Average(average) => average.lots().filter(|lot| wanted(lot)).collect(),
        };
        open.sort_unstable_by_key(|lot| lot.number);
        open
    }

    /// Adds a lot. On an error nothing has changed.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn acquire(
        &mut self,
        source: RowName,
        at: Instant,
        quantity: Decimal,
        cost: Decimal,
    ) -> Result<(), ArithmeticError> {
        let sums = (
            self.head.quantity.plus(&quantity)?,
            self.head.cost.plus(&cost)?,
        );
        let lot = Lot::new(self.head.next, source, at, quantity, cost);
        let block = match &self.book {
            Book::Average(_) => POOL_BLOCK,
            Book::Fifo(_) | Book::Lifo(_) | Book::ByCost(_) => lot.block(),
        };
        self.insert(lot)?;
        self.changed.insert(block);
        self.head.next += 1;
        (self.head.quantity, self.head.cost) = sums;
        Ok(())
    }

    /// Adds to the pool of a method that has one what no single row acquired. On an error nothing
    /// has changed.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub(crate) fn pour(
        &mut self,
        quantity: &Decimal,
        cost: &Decimal,
    ) -> Result<(), ArithmeticError> {
        let sums = (
            self.head.quantity.plus(quantity)?,
            self.head.cost.plus(cost)?,
        );
        self.insert(Lot::nameless(quantity.clone(), cost.clone()))?;
        self.changed.insert(POOL_BLOCK);
        (self.head.quantity, self.head.cost) = sums;
        Ok(())
    }

    /// What a disposal of `quantity` would take.
    ///
    /// # Errors
    /// When a cost does not fit.
    pub fn plan(&self, quantity: &Decimal) -> Result<Take, ArithmeticError> {
        let mut take = match &self.book {
            Book::Fifo(fifo) => take_in_order(&mut fifo.lots(), quantity)?,
            Book::Lifo(lifo) => take_in_order(&mut lifo.lots(), quantity)?,
            Book::ByCost(by_cost) => take_in_order(&mut by_cost.lots(), quantity)?,
            Book::Average(average) => take_in_order(&mut average.lots(), quantity)?,
        };
        let taken = quantity.minus(&take.missing)?;
        take.after = (
            self.head.quantity.minus(&taken)?,
            self.head.cost.minus(&take.cost)?,
        );
        Ok(take)
    }

    /// Carries out what was planned on these lots as they are.
    pub fn commit(&mut self, take: Take) {
        self.changed.extend(take.blocks);
        match &mut self.book {
            Book::Fifo(fifo) => fifo.shorten(take.emptied, take.left),
            Book::Lifo(lifo) => lifo.shorten(take.emptied, take.left),
            Book::ByCost(by_cost) => by_cost.shorten(take.emptied, take.left),
            Book::Average(average) => average.shorten(take.emptied, take.left),
        }
        (self.head.quantity, self.head.cost) = take.after;
    }

    fn insert(&mut self, lot: Lot) -> Result<(), ArithmeticError> {
        match &mut self.book {
            Book::Fifo(fifo) => {
                fifo.insert(lot);
                Ok(())
            }
            Book::Lifo(lifo) => {
                lifo.insert(lot);
                Ok(())
            }
            Book::ByCost(by_cost) => by_cost.insert(lot),
            Book::Average(average) => average.insert(lot),
        }
    }
}

/// Takes `quantity` from lots in the order given: consumes what there is, the rest is missing.
fn take_in_order(
    lots: &mut dyn Iterator<Item = &Lot>,
    quantity: &Decimal,
) -> Result<Take, ArithmeticError> {
    let (mut pieces, mut emptied, mut left) = (Vec::with_capacity(1), 0, None);
    let (mut cost, mut missing) = (Decimal::ZERO, quantity.clone());
    let mut blocks = Vec::with_capacity(1);
    while !missing.is_zero()
        && let Some(lot) = lots.next()
    {
        let (piece, rest) = lot.take(&missing)?;
        if blocks.last() != Some(&lot.block()) {
            blocks.push(lot.block());
        }
        missing = missing.minus(&piece.quantity)?;
        cost = cost.plus(&piece.cost)?;
        pieces.push(piece);
        match rest {
            Some(_) => left = rest,
            None => emptied += 1,
        }
    }
    Ok(Take {
        pieces,
        cost,
        missing,
        emptied,
        left,
        after: (Decimal::ZERO, Decimal::ZERO),
        blocks,
    })
}

#[cfg(test)]
mod tests;
