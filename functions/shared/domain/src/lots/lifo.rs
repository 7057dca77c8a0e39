//! Last in, first out: the lot acquired latest is taken first; of one instant, the one that came
//! last in the ledger's total order.

use std::collections::BTreeMap;

use super::lot::{Left, Lot};
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

    /// Removes the last `emptied` lots and leaves of the one before what is `left`.
    pub(super) fn shorten(&mut self, emptied: usize, left: Option<Left>) {
        for _ in 0..emptied {
            self.lots.pop_last();
        }
        if let (Some(left), Some(mut last)) = (left, self.lots.last_entry()) {
            last.get_mut().shorten(left);
        }
    }
}
