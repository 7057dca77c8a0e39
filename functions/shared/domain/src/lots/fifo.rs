//! First in, first out: the lot acquired earliest is taken first; of one instant, the one that came
//! first in the ledger's total order.

use std::collections::BTreeMap;

use super::lot::{Left, Lot};
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
