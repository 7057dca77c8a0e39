//! How much memory the lots take that are open behind the last segment.

use domain::checkpoint::Manifest;
use domain::fold::metrics::AssetState;
use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use ports::Objects;
use tests::user::LEDGER;

/// Turns that a bench's ledger may have had: the prices', and the file's.
const TURNS: u64 = 4;

/// Bytes that the state of all assets takes, as `counted` counts them.
pub(crate) async fn bytes(objects: &dyn Objects, counted: &dyn Fn() -> usize) -> usize {
    let owner = LedgerRef {
        tenant: "local".parse().expect("a tenant"),
        ledger: LEDGER.parse().expect("a ledger"),
    };
    let manifest = last_manifest(objects, &owner).await;
    let before = counted();
    let mut states = Vec::new();
    for blocks in manifest.assets.values() {
        let mut read = Vec::new();
        for block in blocks.names() {
            let place = manifest.places.get(&block).expect("a place");
            let key = keys::pack(&owner, place.turn, place.segment);
            let range = place.from..place.from + place.length;
            let bytes = objects.get(&key, None, Some(range)).await;
            read.push((block, bytes.expect("a read").expect("a block")));
        }
        let find = |block| {
            let found = read.iter().find(|(name, _)| *name == block);
            found.map(|(_, bytes)| bytes.as_ref())
        };
        states.push(AssetState::decode(blocks, find).expect("a state"));
    }
    let after = counted();
    assert!(!states.is_empty(), "nothing is held");
    after - before
}

/// The manifest behind the last segment of the last turn.
async fn last_manifest(objects: &dyn Objects, owner: &LedgerRef) -> Manifest {
    let mut last = None;
    for turn in (0..TURNS).map(TurnId) {
        for index in 1.. {
            let key = keys::metrics_checkpoint(owner, turn, index);
            match objects.get(&key, None, None).await.expect("a read") {
                Some(bytes) => last = Some(bytes),
                None => break,
            }
        }
    }
    Manifest::decode(&last.expect("a checkpoint")).expect("a manifest")
}
