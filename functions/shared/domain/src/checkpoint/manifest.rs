//! What a checkpoint names, and where that lies.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{AssetBlocks, BlockName, CheckpointError, ENGINE_VERSION, pack, unpack};
use crate::asset::Asset;
use crate::fold::metrics::is_due;
use crate::ids::TurnId;
use crate::time::Day;

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The turn that wrote its pack.
    pub turn: TurnId,
    /// The segment whose pack it is.
    pub segment: u32,
    /// The first of its bytes in the pack.
    pub from: u64,
    /// How many there are.
    pub length: u64,
}

/// The state of a ledger behind a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `ENGINE_VERSION` of the code that made it.
    pub engine: u32,
    /// The digest of the settings it was made with.
    pub settings: [u8; 16],
    /// The blocks of every asset of the ledger so far.
    pub assets: BTreeMap<Asset, AssetBlocks>,
    /// Where they lie.
    pub places: BTreeMap<BlockName, Place>,
}

impl Manifest {
    /// The state before the first segment.
    #[must_use]
    pub fn new(settings: [u8; 16]) -> Self {
        Self {
            engine: ENGINE_VERSION,
            settings,
            assets: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    /// Whether a fold with these settings by this code may go on from it.
    #[must_use]
    pub fn matches(&self, settings: [u8; 16]) -> bool {
        self.engine == ENGINE_VERSION && self.settings == settings
    }

    /// The assets with a day to decide once the ledger has come to `today`.
    #[must_use]
    pub fn due(&self, today: Day) -> BTreeSet<Asset> {
        let due = self.assets.iter();
        let due = due.filter(|(_, blocks)| is_due(blocks.open_since, today));
        due.map(|(asset, _)| asset.clone()).collect()
    }

    /// Puts an asset's blocks in the place of those before.
    pub fn with(&mut self, asset: Asset, blocks: AssetBlocks) {
        self.assets.insert(asset, blocks);
    }

    /// Forgets where blocks lie that no asset names any more.
    pub fn forget_unnamed(&mut self) {
        let named: BTreeSet<BlockName> =
            self.assets.values().flat_map(AssetBlocks::names).collect();
        self.places.retain(|name, _| named.contains(name));
    }

    /// The manifest's bytes.
    ///
    /// # Errors
    /// `Unwritable`.
    pub fn encode(&self) -> Result<Vec<u8>, CheckpointError> {
        pack(self)
    }

    /// The manifest of some bytes.
    ///
    /// # Errors
    /// `Damaged`, `Shape`.
    pub fn decode(bytes: &[u8]) -> Result<Self, CheckpointError> {
        unpack(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot build its input has failed"
    )]

    use super::*;
    use crate::fold::metrics::AssetState;
    use crate::settings::Method;

    fn place(from: u64) -> Place {
        Place {
            turn: TurnId(3),
            segment: 1,
            from,
            length: 10,
        }
    }

    #[test]
    fn a_manifest_holds_for_its_settings_and_engine_only() {
        let mut manifest = Manifest::new([7; 16]);
        let blocks = AssetState::new(Method::Fifo).encode(None).unwrap().0;
        manifest.places.insert(blocks.state, place(7));
        manifest.with("BTC".parse().unwrap(), blocks);
        let read = Manifest::decode(&manifest.encode().unwrap()).unwrap();
        assert_eq!(read, manifest);
        assert!(read.matches([7; 16]) && !read.matches([8; 16]));
        assert!(
            !Manifest {
                engine: ENGINE_VERSION + 1,
                ..read
            }
            .matches([7; 16])
        );
    }

    #[test]
    fn a_place_is_kept_while_an_asset_names_its_block() {
        let mut manifest = Manifest::new([7; 16]);
        let blocks = [Method::Fifo, Method::Lifo]
            .map(|method| AssetState::new(method).encode(None).unwrap().0);
        for (from, blocks) in (0..).zip(blocks) {
            manifest.places.insert(blocks.state, place(from));
            manifest.with("BTC".parse().unwrap(), blocks);
        }
        manifest.forget_unnamed();
        assert_eq!(
            manifest.places.into_values().collect::<Vec<_>>(),
            [place(1)]
        );
    }
}
