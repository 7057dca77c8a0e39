//! A checkpoint of `metrics`: the state of every asset behind a segment, as content-addressed blocks
//! and a manifest that names them.
//!
//! An asset has one block with its balances, one with the totals of each tax year, and its open lots in
//! blocks by lot number: block n holds those of the numbers n x `limits::LOTS_PER_BLOCK` to just under
//! (n + 1) x that which are still open. A lot's block never changes, and a tax year that is over hardly
//! ever, so a segment writes only the blocks whose lots it added, shortened or used up and those of the
//! years it came to; the others are already there.
//!
//! Blocks are small and many. Those that a segment writes are stored together, one after another, as
//! one object, its *pack*; the manifest says in which pack each block lies, and where.
//!
//! A block is one version byte and the LZ4 block of a postcard value. Both are deterministic: equal
//! states have equal hashes (I11).

mod manifest;
mod name;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fold::metrics::{AssetState, TaxYear, Years};
use crate::ids::Account;
use crate::lots::{Head, Lot, Lots};
use crate::money::Decimal;
use crate::section_104::OpenDays;
use crate::time::Day;

pub use manifest::{Manifest, Place};
pub use name::BlockName;

/// The version of the computation: raised when equal input would come out differently, or when the
/// shape of a block changes. A checkpoint of another version is not used.
pub const ENGINE_VERSION: u32 = 5;

/// The first byte of a block and of a manifest.
const SHAPE: u8 = 5;
/// Bytes a block or manifest may unpack to: a block's lots with the longest ids a row may have stay far
/// under it; what claims more is damaged, and is not allocated for.
const MAX_UNPACKED_BYTES: usize = 512 * 1024 * 1024;

/// Why a checkpoint could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// A block is not among those fetched.
    #[error("the checkpoint's block {0} is missing")]
    Missing(BlockName),
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
    /// The hash of its bytes.
    pub name: BlockName,
    /// What is stored.
    pub bytes: Vec<u8>,
}

/// The blocks of one asset, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetBlocks {
    /// Balances, and what is known of the lots as a whole.
    pub state: BlockName,
    /// Totals and movements, by tax year.
    pub years: BTreeMap<i16, BlockName>,
    /// The open lots, by lot number over `limits::LOTS_PER_BLOCK`.
    pub lots: BTreeMap<u64, BlockName>,
    /// With section 104 the earliest tax day with a disposal that is not decided.
    pub open_since: Option<Day>,
}

impl AssetBlocks {
    /// The names of all blocks, to fetch them.
    pub fn names(&self) -> impl Iterator<Item = BlockName> {
        let parts = self.years.values().chain(self.lots.values());
        std::iter::once(self.state).chain(parts.copied())
    }

    /// The same with no tax year but one.
    #[must_use]
    pub fn of_year(mut self, year: i16) -> Self {
        self.years.retain(|it, _| *it == year);
        self
    }

    /// The same without lots. Balances, totals and the sums of all lots come from it, and nothing can
    /// be disposed of.
    #[must_use]
    pub fn without_lots(self) -> Self {
        Self {
            lots: BTreeMap::new(),
            ..self
        }
    }
}

/// The block beside years and lots: of a state when it is written, its own when it is read.
#[derive(Serialize, Deserialize)]
struct StateBlock<'a> {
    head: Cow<'a, Head>,
    open_days: Cow<'a, OpenDays>,
    balances: Cow<'a, BTreeMap<Account, Decimal>>,
}

impl AssetState {
    /// The state as blocks, with the names they are to be stored under. Years and lots that are as they
    /// were when the state was last stored, which `before` names, keep their block and are not packed.
    ///
    /// # Errors
    /// `Unwritable`.
    pub fn encode(
        &self,
        before: Option<&AssetBlocks>,
    ) -> Result<(AssetBlocks, Vec<Block>), CheckpointError> {
        let state = StateBlock {
            head: Cow::Borrowed(self.lots.head()),
            open_days: Cow::Borrowed(&self.open_days),
            balances: Cow::Borrowed(&self.balances),
        };
        let state = block(&state)?;
        let mut named = AssetBlocks {
            state: state.name,
            years: BTreeMap::new(),
            lots: BTreeMap::new(),
            open_since: self.open_days.first_disposal(),
        };
        let mut blocks = vec![state];
        for (year, it) in self.years.iter() {
            let stored = before.and_then(|before| before.years.get(&year));
            if let Some(stored) = stored.filter(|_| !self.years.has_changed(year)) {
                named.years.insert(year, *stored);
                continue;
            }
            let packed = block(it)?;
            named.years.insert(year, packed.name);
            blocks.push(packed);
        }
        let open = match before {
            Some(before) => {
                let changed = self.lots.changed();
                let kept = before.lots.iter();
                let kept = kept.filter(|(place, _)| !changed.contains(place));
                named.lots.extend(kept.map(|(place, name)| (*place, *name)));
                self.lots.open_in_changed()
            }
            None => self.lots.open(),
        };
        for lots in open.chunk_by(|a, b| a.block() == b.block()) {
            let Some(place) = lots.first().map(|first| first.block()) else {
                continue;
            };
            let packed = block(&lots)?;
            named.lots.insert(place, packed.name);
            blocks.push(packed);
        }
        Ok((named, blocks))
    }

    /// Says that the state is stored as it is now: what changes from here on is packed next time.
    pub fn is_stored(&mut self) {
        self.lots.are_stored();
        self.years.are_stored();
    }

    /// The state that was encoded as `blocks`; `fetch` gives the bytes of the block of a name.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, `Shape`.
    pub fn decode<'a>(
        blocks: &AssetBlocks,
        fetch: impl Fn(BlockName) -> Option<&'a [u8]>,
    ) -> Result<Self, CheckpointError> {
        let state: StateBlock<'_> = unpack(verified(blocks.state, &fetch)?)?;
        let mut years: BTreeMap<i16, TaxYear> = BTreeMap::new();
        for (year, name) in &blocks.years {
            years.insert(*year, unpack(verified(*name, &fetch)?)?);
        }
        let mut open: Vec<Lot> = Vec::new();
        for name in blocks.lots.values() {
            let lots: Vec<Lot> = unpack(verified(*name, &fetch)?)?;
            open.extend(lots);
        }
        Ok(Self {
            lots: Lots::restore(state.head.into_owned(), open).map_err(damaged)?,
            open_days: state.open_days.into_owned(),
            balances: state.balances.into_owned(),
            years: Years::restore(years),
        })
    }
}

fn block<T: Serialize>(value: &T) -> Result<Block, CheckpointError> {
    let bytes = pack(value)?;
    let name = BlockName::of(&bytes);
    Ok(Block { name, bytes })
}

fn verified<'a>(
    name: BlockName,
    fetch: &dyn Fn(BlockName) -> Option<&'a [u8]>,
) -> Result<&'a [u8], CheckpointError> {
    let bytes = fetch(name).ok_or(CheckpointError::Missing(name))?;
    if BlockName::of(bytes) != name {
        return Err(damaged(format!("block {name} has other bytes")));
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
    use crate::limits::LOTS_PER_BLOCK;
    use crate::read_rows::RowName;
    use crate::rows::RowRef;
    use crate::settings::Method;
    use crate::time::Instant;

    /// Two full blocks, and one that is not.
    const LOTS: u64 = 2 * LOTS_PER_BLOCK + LOTS_PER_BLOCK / 5;

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
        let find = |name| blocks.iter().find(|block| block.name == name);
        AssetState::decode(named, |name| find(name).map(|block| block.bytes.as_slice()))
    }

    #[test]
    fn a_state_comes_back_as_it_was() {
        let state = sold(bought(LOTS), "300.5");
        let (named, blocks) = state.encode(None).unwrap();
        assert_eq!(named.lots.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(decoded(&named, &blocks).unwrap(), state);
        assert_eq!(named.names().count(), blocks.len());
    }

    #[test]
    fn only_blocks_whose_lots_changed_get_another_name() {
        let before = bought(LOTS).encode(None).unwrap().0;
        let after = sold(bought(LOTS), "1.5").encode(None).unwrap().0;
        assert_ne!(before.state, after.state);
        assert_ne!(before.lots[&0], after.lots[&0]);
        assert_eq!(
            (&before.lots[&1], &before.lots[&2]),
            (&after.lots[&1], &after.lots[&2])
        );
        let grown = bought(LOTS + 1).encode(None).unwrap().0;
        assert_eq!(
            (&before.lots[&0], &before.lots[&1]),
            (&grown.lots[&0], &grown.lots[&1])
        );
        assert_ne!(before.lots[&2], grown.lots[&2]);
    }

    #[test]
    fn only_blocks_whose_lots_changed_are_packed_and_all_are_named_as_if_all_were() {
        let (stored, blocks) = bought(LOTS).encode(None).unwrap();
        let mut state = decoded(&stored, &blocks).unwrap();
        for change in ["1.5", "0.5"] {
            state = sold(state, change);
            state = bought_one(state, LOTS);
            let (named, packed) = state.encode(Some(&stored)).unwrap();
            assert_eq!(named, state.encode(None).unwrap().0);
            let kept = packed.iter().map(|block| block.name);
            assert_eq!(
                kept.collect::<Vec<_>>(),
                [named.state, named.lots[&0], named.lots[&2]]
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
    fn without_lots_a_state_still_knows_its_sums() {
        let state = sold(bought(LOTS), "300.5");
        let (named, blocks) = state.encode(None).unwrap();
        let sums = decoded(&named.without_lots(), &blocks[..1]).unwrap();
        let btc = "BTC".parse().unwrap();
        assert_eq!(sums.holding(&btc), state.holding(&btc));
        assert!(sums.lots.open().is_empty() && !state.lots.open().is_empty());
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
