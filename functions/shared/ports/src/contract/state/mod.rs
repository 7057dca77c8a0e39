//! What every state store does: documents under versions, all-or-nothing commits, done-sets.

mod documents;
mod sets;

use domain::state::{Change, Key, Version};

use super::{Part, World, all};
use crate::{DoneSets, PortError, PortErrorKind, StateStore, Stored};

/// Runs the suite.
pub async fn run(store: &dyn StateStore, sets: &dyn DoneSets, world: &World<'_>) {
    all(parts(store, sets, world)).await;
}

/// The suite in parts, for a server that cannot show all of them.
#[must_use]
pub fn parts<'a>(
    store: &'a dyn StateStore,
    sets: &'a dyn DoneSets,
    world: &'a World<'_>,
) -> Vec<Part<'a>> {
    let mut parts = documents::parts(store, world);
    parts.extend(sets::parts(store, sets, world));
    parts
}

const KIND: &str = "contract";

fn key(world: &World<'_>, case: &str, sort: &str) -> Key {
    Key::new(format!("contract#{}#{case}", world.tenant), sort)
}

fn insert(key: &Key, body: &str) -> Change {
    Change::Insert {
        key: key.clone(),
        kind: KIND,
        body: body.to_owned(),
        expires_at: None,
    }
}

fn replace(key: &Key, body: &str, version: Version) -> Change {
    Change::Replace {
        key: key.clone(),
        kind: KIND,
        body: body.to_owned(),
        version,
        expires_at: None,
    }
}

async fn found(store: &dyn StateStore, key: &Key) -> Stored {
    let found = store.get(key).await.expect("get");
    found.unwrap_or_else(|| panic!("{key:?} is not there"))
}

fn assert_kind<T>(result: Result<T, PortError>, kind: PortErrorKind, what: &str) {
    match result {
        Ok(_) => panic!("{what}: succeeded, and should be {kind:?}"),
        Err(error) => assert_eq!(error.kind, kind, "{what}: {error}"),
    }
}
