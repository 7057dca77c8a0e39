//! What is indexed of one asset: the withdrawals a deposit may take, and all ends in sight.

use std::collections::BTreeMap;

use super::checks::loss_fits;
use super::lane::Lane;
use super::nearest::Shelf;
use super::{End, Place, Side};

/// The index of one asset.
#[derive(Debug, Default)]
pub(super) struct Pool {
    free: Lane,
    free_without_hash: Lane,
    free_by_hash: BTreeMap<Box<str>, Lane>,
    withdrawals: Shelf,
    deposits: Shelf,
}

impl Pool {
    /// Lets deposits take the withdrawal.
    pub(super) fn offer(&mut self, withdrawal: &End) {
        self.free.insert(withdrawal);
        match &withdrawal.hash {
            Some(hash) => self
                .free_by_hash
                .entry(hash.clone())
                .or_default()
                .insert(withdrawal),
            None => self.free_without_hash.insert(withdrawal),
        }
    }

    /// Lets no deposit take the withdrawal any more.
    pub(super) fn withdraw(&mut self, withdrawal: &End) {
        self.free.remove(withdrawal);
        let Some(hash) = &withdrawal.hash else {
            return self.free_without_hash.remove(withdrawal);
        };
        if let Some(lane) = self.free_by_hash.get_mut(hash) {
            lane.remove(withdrawal);
            if lane.is_empty() {
                self.free_by_hash.remove(hash);
            }
        }
    }

    /// The withdrawal the deposit takes. Every one on offer is in the window of time; of those with
    /// a fitting hash and another account the smallest sufficient one decides about the loss too,
    /// because a larger one only misses more. Those that are not `allowed` are passed by.
    pub(super) fn choose(
        &self,
        deposit: &End,
        max_loss_percent: u32,
        allowed: &dyn Fn(Place) -> bool,
    ) -> Option<Place> {
        let lanes = match &deposit.hash {
            Some(hash) => [self.free_by_hash.get(hash), Some(&self.free_without_hash)],
            None => [Some(&self.free), None],
        };
        lanes.into_iter().flatten().find_map(|lane| {
            let mut others = lane.others(&deposit.amount, &deposit.account);
            let (place, sent) = others.find(|(place, _)| allowed(*place))?;
            loss_fits(sent, &deposit.amount, max_loss_percent).then_some(place)
        })
    }

    /// The ends in sight on one side.
    pub(super) fn shelf(&self, side: Side) -> &Shelf {
        match side {
            Side::Withdrawal => &self.withdrawals,
            Side::Deposit => &self.deposits,
        }
    }

    /// The ends in sight on one side, to change.
    pub(super) fn shelf_mut(&mut self, side: Side) -> &mut Shelf {
        match side {
            Side::Withdrawal => &mut self.withdrawals,
            Side::Deposit => &mut self.deposits,
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.free.is_empty() && self.withdrawals.is_empty() && self.deposits.is_empty()
    }
}
