//! The states that the last fold left, kept in the process: the next segment's message mostly comes to
//! the same one, and most of its assets are the same. A state is found by the names of its blocks,
//! which are hashes of what it is, so what is found is what would be read. Memory stays that of one
//! fold: what a fold leaves takes the place of all that was kept before.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::asset::Asset;
use domain::checkpoint::AssetBlocks;
use domain::fold::metrics::AssetState;
use domain::ids::LedgerRef;

/// What the last fold left.
#[derive(Default)]
pub struct Kept(Mutex<Option<OfLedger>>);

struct OfLedger {
    owner: LedgerRef,
    states: BTreeMap<Asset, (AssetBlocks, AssetState)>,
}

impl Kept {
    /// Takes the state of an asset out that is stored as `blocks`.
    pub(crate) fn take(
        &self,
        owner: &LedgerRef,
        asset: &Asset,
        blocks: &AssetBlocks,
    ) -> Option<AssetState> {
        let mut held = self.held();
        let states = &mut held.as_mut().filter(|kept| kept.owner == *owner)?.states;
        if states.get(asset)?.0 != *blocks {
            return None;
        }
        states.remove(asset).map(|(_, state)| state)
    }

    /// Keeps states that are stored under these names, and nothing else.
    pub(crate) fn keep(
        &self,
        owner: &LedgerRef,
        states: BTreeMap<Asset, (AssetBlocks, AssetState)>,
    ) {
        *self.held() = Some(OfLedger {
            owner: owner.clone(),
            states,
        });
    }

    /// What is kept is whole even when a thread died with it in hand: it is exchanged, never changed.
    fn held(&self) -> MutexGuard<'_, Option<OfLedger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::settings::Method;

    use super::*;

    fn owner(tenant: &str) -> LedgerRef {
        LedgerRef {
            tenant: tenant.parse().unwrap(),
            ledger: "main".parse().unwrap(),
        }
    }

    fn state(method: Method) -> (AssetBlocks, AssetState) {
        let state = AssetState::new(method);
        (state.encode(None).unwrap().0, state)
    }

    #[test]
    fn a_state_is_found_once_by_its_ledger_and_its_blocks_alone() {
        let (kept, btc): (Kept, Asset) = (Kept::default(), "BTC".parse().unwrap());
        let (blocks, left) = state(Method::Fifo);
        let states = BTreeMap::from([(btc.clone(), (blocks.clone(), left.clone()))]);
        kept.keep(&owner("one"), states);
        assert_eq!(kept.take(&owner("other"), &btc, &blocks), None);
        assert_eq!(kept.take(&owner("one"), &btc, &state(Method::Lifo).0), None);
        assert_eq!(kept.take(&owner("one"), &Asset::usd(), &blocks), None);
        assert_eq!(kept.take(&owner("one"), &btc, &blocks), Some(left));
        assert_eq!(kept.take(&owner("one"), &btc, &blocks), None);
    }

    #[test]
    fn what_a_fold_leaves_takes_the_place_of_all_before() {
        let (kept, btc): (Kept, Asset) = (Kept::default(), "BTC".parse().unwrap());
        let (blocks, left) = state(Method::Fifo);
        kept.keep(
            &owner("one"),
            BTreeMap::from([(btc.clone(), (blocks.clone(), left))]),
        );
        kept.keep(&owner("one"), BTreeMap::new());
        assert_eq!(kept.take(&owner("one"), &btc, &blocks), None);
    }
}
