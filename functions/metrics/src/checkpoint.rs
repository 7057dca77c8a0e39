//! Checkpoints in S3: a manifest per segment border, blocks under the hash of their bytes. Only
//! blocks that changed are written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use domain::asset::Asset;
use domain::checkpoint::{AssetBlocks, Block, CheckpointError, Manifest};
use domain::fold::metrics::AssetState;
use domain::ids::LedgerRef;
use domain::keys;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use ports::folding::{Fold, Folding};
use ports::objects::read_whole;
use ports::{Objects, PortError, PutMode};

use crate::kept::Kept;

/// Blocks that are read or written at the same time.
const IN_FLIGHT: usize = 8;

/// The manifest of the state before a segment.
///
/// # Errors
/// What the store says; `Invalid` when it cannot be understood.
pub(crate) async fn before(
    objects: &dyn Objects,
    folding: &Folding,
    fold: Fold<'_>,
) -> Result<Manifest, PortError> {
    match folding.checkpoint_before(fold.index) {
        Some((turn, index)) => {
            read(objects, &keys::metrics_checkpoint(fold.owner, turn, index)).await
        }
        None => Ok(Manifest::new(folding.snapshot.settings.digest())),
    }
}

/// Reads a manifest.
///
/// # Errors
/// As `before`.
pub(crate) async fn read(objects: &dyn Objects, key: &str) -> Result<Manifest, PortError> {
    let bytes = read_whole(objects, key).await?;
    Manifest::decode(&bytes)
        .map_err(|error| PortError::invalid("metrics.checkpoint", format!("{key}: {error}")))
}

/// The state of some assets; an asset the ledger has not seen yet has none.
///
/// # Errors
/// As `before`.
pub(crate) async fn load_assets(
    objects: &dyn Objects,
    kept: &Kept,
    owner: &LedgerRef,
    manifest: &Manifest,
    assets: &BTreeSet<Asset>,
) -> Result<BTreeMap<Asset, AssetState>, PortError> {
    let mut loaded = BTreeMap::new();
    for asset in assets {
        if let Some(blocks) = manifest.assets.get(asset) {
            let state = match kept.take(owner, asset, blocks) {
                Some(state) => state,
                None => load_asset(objects, owner, asset, blocks).await?,
            };
            loaded.insert(asset.clone(), state);
        }
    }
    Ok(loaded)
}

/// The state of one asset.
///
/// # Errors
/// As `before`.
pub(crate) async fn load_asset(
    objects: &dyn Objects,
    owner: &LedgerRef,
    asset: &Asset,
    blocks: &AssetBlocks,
) -> Result<AssetState, PortError> {
    // Boxed and collected: a stream that holds the closure is not known to be `Send`.
    let read = |hash| async move {
        let bytes = read_whole(objects, &keys::block(owner, hash)).await?;
        Ok::<_, PortError>((hash, bytes))
    };
    let reads: Vec<BoxFuture<'_, _>> = blocks.hashes().map(|hash| read(hash).boxed()).collect();
    let fetched: HashMap<&str, Bytes> = stream::iter(reads)
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    AssetState::decode(blocks, |hash| fetched.get(hash).map(AsRef::as_ref))
        .map_err(|error| PortError::invalid("metrics.checkpoint", format!("{asset}: {error}")))
}

/// Stores the state behind a segment: first the blocks that are new, then the manifest that names
/// them. Then the states are kept for the next segment.
///
/// # Errors
/// What the store says.
pub(crate) async fn store(
    objects: &dyn Objects,
    kept: &Kept,
    fold: Fold<'_>,
    manifest: &mut Manifest,
    assets: BTreeMap<Asset, AssetState>,
) -> Result<(), PortError> {
    let mut states = BTreeMap::new();
    let mut new: Vec<Block> = Vec::new();
    for (asset, mut state) in assets {
        let before = manifest.assets.get(&asset);
        let (blocks, encoded) = state.encode(before).map_err(unwritable)?;
        let known: BTreeSet<&str> = before.into_iter().flat_map(AssetBlocks::hashes).collect();
        let unknown = |block: &Block| !known.contains(block.hash.as_str());
        new.extend(encoded.into_iter().filter(unknown));
        state.is_stored();
        manifest.assets.insert(asset.clone(), blocks.clone());
        states.insert(asset, (blocks, state));
    }
    write(objects, fold.owner, new).await?;
    let key = keys::metrics_checkpoint(fold.owner, fold.turn, fold.index + 1);
    let bytes = manifest.encode().map_err(unwritable)?;
    objects.put(&key, bytes.into(), PutMode::Overwrite).await?;
    kept.keep(fold.owner, states);
    Ok(())
}

/// Writes blocks, a few at the same time: a segment of many assets has hundreds of small ones.
async fn write(
    objects: &dyn Objects,
    owner: &LedgerRef,
    blocks: Vec<Block>,
) -> Result<(), PortError> {
    // Boxed and collected: a stream that holds the closure is not known to be `Send`.
    let write = |block: Block| async move {
        let key = keys::block(owner, &block.hash);
        let put = objects.put(&key, block.bytes.into(), PutMode::Overwrite);
        put.await.map(drop)
    };
    let writes: Vec<BoxFuture<'_, _>> = blocks
        .into_iter()
        .map(|block| write(block).boxed())
        .collect();
    stream::iter(writes)
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await
}

fn unwritable(error: CheckpointError) -> PortError {
    PortError::bug("metrics.checkpoint", error)
}
