//! First in, first out: the lot acquired earliest is taken first; of one instant, the one that came
//! first in the ledger's total order.

use std::collections::BTreeMap;

use super::Lot;
use crate::time::Instant;

/// Open lots by time and number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fifo {
    lots: BTreeMap<(Option<Instant>, u64), Lot>,
}

impl Fifo {
    pub(super) fn insert(&mut self, lot: Lot) {
        self.lots.insert((lot.acquired, lot.number), lot);
    }

    /// The lots in the order disposals take them.
    pub(super) fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values()
    }

    /// Removes the first `emptied` lots and puts `rest` in the place of the next.
    pub(super) fn shorten(&mut self, emptied: usize, rest: Option<Lot>) {
        for _ in 0..emptied {
            self.lots.pop_first();
        }
        if let (Some(rest), Some(mut first)) = (rest, self.lots.first_entry()) {
            first.insert(rest);
        }
    }
}
