//! Last in, first out: the lot acquired latest is taken first; of one instant, the one that came
//! last in the ledger's total order.

use std::collections::BTreeMap;

use super::Lot;
use crate::time::Instant;

/// Open lots by time and number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lifo {
    lots: BTreeMap<(Option<Instant>, u64), Lot>,
}

impl Lifo {
    pub(super) fn insert(&mut self, lot: Lot) {
        self.lots.insert((lot.acquired, lot.number), lot);
    }

    /// The lots in the order disposals take them.
    pub(super) fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values().rev()
    }

    /// Removes the last `emptied` lots and puts `rest` in the place of the one before.
    pub(super) fn shorten(&mut self, emptied: usize, rest: Option<Lot>) {
        for _ in 0..emptied {
            self.lots.pop_last();
        }
        if let (Some(rest), Some(mut last)) = (rest, self.lots.last_entry()) {
            last.insert(rest);
        }
    }
}
