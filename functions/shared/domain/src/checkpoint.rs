//! A checkpoint of `metrics`: the state of every asset behind a segment, as content-addressed blocks
//! and a manifest that names them.
//!
//! An asset has one block with its balances and totals, and its open lots in blocks by lot number:
//! block n holds those of the numbers n x 4,096 to (n + 1) x 4,096 - 1 that are still open. A lot's
//! block never changes, so a segment writes only the blocks whose lots it added, shortened or used
//! up; the others are already there under their hash.
//!
//! A block is one version byte and the LZ4 block of a postcard value. Both are deterministic: equal
//! states have equal hashes (I11).

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::fold::metrics::{AssetState, Movements, Slot, is_due};
use crate::ids::Account;
use crate::lots::{Head, Lot, Lots};
use crate::money::Decimal;
use crate::read_rows::SummaryRow;
use crate::section_104::OpenDays;
use crate::time::Day;

/// The version of the computation: raised when equal input would come out differently, or when the
/// shape of a block changes. A checkpoint of another version is not used.
pub const ENGINE_VERSION: u32 = 3;

/// The first byte of a block and of a manifest.
const SHAPE: u8 = 3;
/// Bytes a block or manifest may unpack to: 4,096 lots with the longest ids a row may have stay far
/// under it; what claims more is damaged, and is not allocated for.
const MAX_UNPACKED_BYTES: usize = 512 * 1024 * 1024;

/// Why a checkpoint could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// A block is not among those fetched.
    #[error("the checkpoint's block {0} is missing")]
    Missing(String),
    /// The bytes are not those that were written.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(String),
    /// The bytes are of a shape this version does not know.
    #[error("the checkpoint has the unknown shape {0}")]
    Shape(u8),
    /// A value could not be written.
    #[error("the checkpoint cannot be written: {0}")]
    Unwritable(String),
}

/// A block of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Hash of the bytes, in hex: the name it is stored under.
    pub hash: String,
    /// What is stored.
    pub bytes: Vec<u8>,
}

/// The blocks of one asset, by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetBlocks {
    /// Balances, totals, and what is known of the lots as a whole.
    pub state: String,
    /// The open lots, by lot number over `limits::LOTS_PER_BLOCK`.
    pub lots: BTreeMap<u64, String>,
    /// With section 104 the earliest tax day with a disposal that is not decided.
    pub open_since: Option<Day>,
}

impl AssetBlocks {
    /// The hashes of all blocks, to fetch them.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.state)
            .chain(self.lots.values())
            .map(String::as_str)
    }
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
}

impl Manifest {
    /// The state before the first segment.
    #[must_use]
    pub fn new(settings: [u8; 16]) -> Self {
        Self {
            engine: ENGINE_VERSION,
            settings,
            assets: BTreeMap::new(),
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

/// The block beside the lots. Totals name their asset.
#[derive(Serialize, Deserialize)]
struct StateBlock {
    head: Head,
    open_days: OpenDays,
    balances: BTreeMap<Account, Decimal>,
    movements: BTreeMap<Account, BTreeMap<i16, Movements>>,
    totals: Vec<SummaryRow>,
}

impl AssetState {
    /// The state as blocks, with the names they are to be stored under. Lots that are as they were
    /// when the state was last stored, which `before` names, keep their block and are not packed.
    ///
    /// # Errors
    /// `Unwritable`.
    pub fn encode(
        &self,
        before: Option<&AssetBlocks>,
    ) -> Result<(AssetBlocks, Vec<Block>), CheckpointError> {
        let state = StateBlock {
            head: self.lots.head().clone(),
            open_days: self.open_days.clone(),
            balances: self.balances.clone(),
            movements: self.movements.clone(),
            totals: self.totals(),
        };
        let state = block(&state)?;
        let mut named = AssetBlocks {
            state: state.hash.clone(),
            lots: BTreeMap::new(),
            open_since: self.open_days.first_disposal(),
        };
        let mut blocks = vec![state];
        for lots in self.lots.open().chunk_by(|a, b| a.block() == b.block()) {
            let Some(place) = lots.first().map(|first| first.block()) else {
                continue;
            };
            let stored = before.and_then(|before| before.lots.get(&place));
            if let Some(stored) = stored.filter(|_| !self.lots.has_changed(place)) {
                named.lots.insert(place, stored.clone());
                continue;
            }
            let packed = block(&lots)?;
            named.lots.insert(place, packed.hash.clone());
            blocks.push(packed);
        }
        Ok((named, blocks))
    }

    /// Says that the state is stored as it is now: what changes from here on is packed next time.
    pub fn is_stored(&mut self) {
        self.lots.are_stored();
    }

    /// The state that was encoded as `blocks`; `fetch` gives the bytes stored under a hash.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, `Shape`.
    pub fn decode<'a>(
        blocks: &AssetBlocks,
        fetch: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Result<Self, CheckpointError> {
        let state: StateBlock = unpack(verified(&blocks.state, &fetch)?)?;
        let mut open: Vec<Lot> = Vec::new();
        for hash in blocks.lots.values() {
            let lots: Vec<Lot> = unpack(verified(hash, &fetch)?)?;
            open.extend(lots);
        }
        Ok(Self {
            lots: Lots::restore(state.head, open).map_err(damaged)?,
            open_days: state.open_days,
            balances: state.balances,
            movements: state.movements,
            totals: state
                .totals
                .into_iter()
                .map(|total| (Slot::of(&total), total))
                .collect(),
        })
    }
}

fn block<T: Serialize>(value: &T) -> Result<Block, CheckpointError> {
    let bytes = pack(value)?;
    Ok(Block {
        hash: blake3::hash(&bytes).to_hex().to_string(),
        bytes,
    })
}

fn verified<'a>(
    hash: &str,
    fetch: &dyn Fn(&str) -> Option<&'a [u8]>,
) -> Result<&'a [u8], CheckpointError> {
    let bytes = fetch(hash).ok_or_else(|| CheckpointError::Missing(hash.to_owned()))?;
    if blake3::hash(bytes).to_hex().as_str() != hash {
        return Err(CheckpointError::Damaged(format!(
            "block {hash} has other bytes"
        )));
    }
    Ok(bytes)
}

fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, CheckpointError> {
    let plain = postcard::to_stdvec(value)
        .map_err(|error| CheckpointError::Unwritable(error.to_string()))?;
    let mut bytes = vec![SHAPE];
    bytes.extend(lz4_flex::block::compress_prepend_size(&plain));
    Ok(bytes)
}

fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CheckpointError> {
    let (shape, packed) = bytes.split_first().ok_or_else(|| damaged("it is empty"))?;
    if *shape != SHAPE {
        return Err(CheckpointError::Shape(*shape));
    }
    let (length, _) = lz4_flex::block::uncompressed_size(packed).map_err(damaged)?;
    if length > MAX_UNPACKED_BYTES {
        return Err(damaged("it claims to be larger than any checkpoint"));
    }
    let plain = lz4_flex::block::decompress_size_prepended(packed).map_err(damaged)?;
    postcard::from_bytes(&plain).map_err(damaged)
}

fn damaged(reason: impl std::fmt::Display) -> CheckpointError {
    CheckpointError::Damaged(reason.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot build its input has failed"
    )]

    use super::*;
    use crate::ids::JobId;
    use crate::read_rows::RowName;
    use crate::rows::RowRef;
    use crate::settings::Method;
    use crate::time::Instant;

    fn bought(lots: u64) -> AssetState {
        let mut state = AssetState::new(Method::Fifo);
        for line in 0..lots {
            state = bought_one(state, line);
        }
        state
    }

    fn bought_one(mut state: AssetState, line: u64) -> AssetState {
        let source = RowName {
            row: RowRef {
                job: JobId::new(1, &[0; 10]),
                line,
            },
            id: None,
        };
        let at = Instant(i64::try_from(line).unwrap());
        state
            .lots
            .acquire(source, at, Decimal::ONE, Decimal::from(line))
            .unwrap();
        state
    }

    fn sold(mut state: AssetState, quantity: &str) -> AssetState {
        let take = state.lots.plan(&quantity.parse().unwrap()).unwrap();
        state.lots.commit(take);
        state
    }

    fn decoded(named: &AssetBlocks, blocks: &[Block]) -> Result<AssetState, CheckpointError> {
        let find = |hash: &str| blocks.iter().find(|block| block.hash == hash);
        AssetState::decode(named, |hash| find(hash).map(|block| block.bytes.as_slice()))
    }

    #[test]
    fn a_state_comes_back_as_it_was() {
        let state = sold(bought(9_000), "4500.5");
        let (named, blocks) = state.encode(None).unwrap();
        assert_eq!(named.lots.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(decoded(&named, &blocks).unwrap(), state);
        assert_eq!(named.hashes().count(), blocks.len());
    }

    #[test]
    fn only_blocks_whose_lots_changed_get_another_name() {
        let before = bought(9_000).encode(None).unwrap().0;
        let after = sold(bought(9_000), "1.5").encode(None).unwrap().0;
        assert_ne!(before.state, after.state);
        assert_ne!(before.lots[&0], after.lots[&0]);
        assert_eq!(
            (&before.lots[&1], &before.lots[&2]),
            (&after.lots[&1], &after.lots[&2])
        );
        let grown = bought(9_001).encode(None).unwrap().0;
        assert_eq!(
            (&before.lots[&0], &before.lots[&1]),
            (&grown.lots[&0], &grown.lots[&1])
        );
        assert_ne!(before.lots[&2], grown.lots[&2]);
    }

    #[test]
    fn only_blocks_whose_lots_changed_are_packed_and_all_are_named_as_if_all_were() {
        let (stored, blocks) = bought(9_000).encode(None).unwrap();
        let mut state = decoded(&stored, &blocks).unwrap();
        for change in ["1.5", "0.5"] {
            state = sold(state, change);
            state = bought_one(state, 9_000);
            let (named, packed) = state.encode(Some(&stored)).unwrap();
            assert_eq!(named, state.encode(None).unwrap().0);
            let kept = packed.iter().map(|block| &block.hash);
            assert_eq!(
                kept.collect::<Vec<_>>(),
                [&named.state, &named.lots[&0], &named.lots[&2]]
            );
        }
        let stored = state.encode(None).unwrap().0;
        state.is_stored();
        assert_eq!(state.encode(Some(&stored)).unwrap().1.len(), 1);
    }

    #[test]
    fn a_missing_or_changed_block_is_an_error() {
        let (named, mut blocks) = bought(3).encode(None).unwrap();
        assert!(matches!(
            decoded(&named, &blocks[..1]),
            Err(CheckpointError::Missing(_))
        ));
        blocks[1].bytes.push(0);
        assert!(matches!(
            decoded(&named, &blocks),
            Err(CheckpointError::Damaged(_))
        ));
    }

    #[test]
    fn a_manifest_holds_for_its_settings_and_engine_only() {
        let mut manifest = Manifest::new([7; 16]);
        manifest.with("BTC".parse().unwrap(), bought(1).encode(None).unwrap().0);
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
    fn damaged_bytes_are_an_error_and_never_a_large_allocation() {
        assert!(matches!(
            Manifest::decode(&[]),
            Err(CheckpointError::Damaged(_))
        ));
        assert_eq!(Manifest::decode(&[9, 1, 2]), Err(CheckpointError::Shape(9)));
        assert!(matches!(
            Manifest::decode(&[SHAPE, 255, 255, 255, 255, 0]),
            Err(CheckpointError::Damaged(_))
        ));
        let mut bytes = Manifest::new([7; 16]).encode().unwrap();
        bytes.truncate(bytes.len() - 1);
        assert!(matches!(
            Manifest::decode(&bytes),
            Err(CheckpointError::Damaged(_))
        ));
    }
}
