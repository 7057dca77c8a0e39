//! Checkpoints in S3: a manifest per segment border, and the blocks it names in the packs of the
//! segments that wrote them. Only blocks that changed are written.

use std::collections::{BTreeMap, BTreeSet};

use domain::asset::Asset;
use domain::checkpoint::{AssetBlocks, CheckpointError, Manifest};
use domain::fold::metrics::AssetState;
use domain::ids::LedgerRef;
use domain::keys;
use ports::folding::{Fold, Folding};
use ports::objects::read_whole;
use ports::{Objects, PortError, PutMode};

use crate::kept::Kept;
use crate::packs::{self, Pack};

const OP: &str = "metrics.checkpoint";

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
    Manifest::decode(&bytes).map_err(|error| PortError::invalid(OP, format!("{key}: {error}")))
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
    let mut wanted = Vec::new();
    for asset in assets {
        if let Some(blocks) = manifest.assets.get(asset) {
            match kept.take(owner, asset, blocks) {
                Some(state) => drop(loaded.insert(asset.clone(), state)),
                None => wanted.push((asset, blocks.clone())),
            }
        }
    }
    let states = load(objects, owner, manifest, wanted).await?;
    loaded.extend(
        states
            .into_iter()
            .map(|(asset, state)| (asset.clone(), state)),
    );
    Ok(loaded)
}

/// The states that are stored as these blocks.
///
/// # Errors
/// As `before`.
pub(crate) async fn load<'a>(
    objects: &dyn Objects,
    owner: &LedgerRef,
    manifest: &Manifest,
    wanted: Vec<(&'a Asset, AssetBlocks)>,
) -> Result<Vec<(&'a Asset, AssetState)>, PortError> {
    let mut places = BTreeMap::new();
    for name in wanted.iter().flat_map(|(_, blocks)| blocks.names()) {
        // One without a place is missed by `decode`, which names it.
        places.extend(manifest.places.get(&name).map(|place| (*place, name)));
    }
    let read = packs::read(objects, owner, places).await?;
    let mut states = Vec::with_capacity(wanted.len());
    for (asset, blocks) in wanted {
        let state = AssetState::decode(&blocks, |name| read.get(&name).map(AsRef::as_ref));
        let unreadable = |error| PortError::invalid(OP, format!("{asset}: {error}"));
        states.push((asset, state.map_err(unreadable)?));
    }
    Ok(states)
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
    mut manifest: Manifest,
    assets: BTreeMap<Asset, AssetState>,
) -> Result<(), PortError> {
    let mut states = BTreeMap::new();
    let mut pack = Pack::of(fold.turn, fold.index);
    for (asset, mut state) in assets {
        let encoded = state.encode(manifest.assets.get(&asset));
        let (blocks, new) = encoded.map_err(unwritable)?;
        for block in &new {
            pack.add(&mut manifest.places, block);
        }
        state.is_stored();
        manifest.with(asset.clone(), blocks.clone());
        states.insert(asset, (blocks, state));
    }
    manifest.forget_unnamed();
    pack.put(objects, fold.owner).await?;
    let key = keys::metrics_checkpoint(fold.owner, fold.turn, fold.index + 1);
    let bytes = manifest.encode().map_err(unwritable)?;
    objects.put(&key, bytes.into(), PutMode::Overwrite).await?;
    kept.keep(fold.owner, states);
    Ok(())
}

fn unwritable(error: CheckpointError) -> PortError {
    PortError::bug(OP, error)
}
