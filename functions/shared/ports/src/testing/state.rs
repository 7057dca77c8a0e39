//! The state table in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::Generation;
use domain::state::{BatchOutcome, Change, DoneSet, Key, Recorded, Version};

use super::lock;
use crate::{DoneSets, PortError, StateStore, Stored};

/// The state table.
#[derive(Debug, Default)]
pub struct MemoryState {
    documents: Mutex<BTreeMap<Key, Stored>>,
    sets: Mutex<BTreeMap<Key, DoneSet>>,
    conflicts: Mutex<u32>,
}

impl MemoryState {
    /// The next `times` commits meet somebody who was first.
    pub fn conflict_next(&self, times: u32) {
        *lock(&self.conflicts) = times;
    }

    /// Every document of a kind, in order of its key.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Vec<Stored> {
        lock(&self.documents)
            .values()
            .filter(|stored| stored.kind == kind)
            .cloned()
            .collect()
    }

    fn holds(&self, change: &Change) -> bool {
        let documents = lock(&self.documents);
        let version = |key: &Key| documents.get(key).map(|stored| stored.version);
        match change {
            Change::Insert { key, .. } => version(key).is_none(),
            Change::Replace {
                key,
                version: expected,
                ..
            }
            | Change::Require {
                key,
                version: expected,
            } => version(key) == Some(*expected),
            Change::Delete { .. } => true,
            Change::InsertSet(set) => !lock(&self.sets).contains_key(&set.key()),
            Change::RestartSet { key, from, .. } => lock(&self.sets)
                .get(key)
                .is_some_and(|set| set.generation == *from),
        }
    }

    fn apply(&self, change: &Change) {
        let mut documents = lock(&self.documents);
        match change {
            Change::Insert {
                key, kind, body, ..
            } => {
                let stored = Stored {
                    key: key.clone(),
                    kind: (*kind).to_owned(),
                    body: body.clone(),
                    version: Version(1),
                };
                documents.insert(key.clone(), stored);
            }
            Change::Replace {
                key,
                kind,
                body,
                version,
                ..
            } => {
                let version = Version(version.0 + 1);
                let stored = Stored {
                    key: key.clone(),
                    kind: (*kind).to_owned(),
                    body: body.clone(),
                    version,
                };
                documents.insert(key.clone(), stored);
            }
            Change::Delete { key } => {
                documents.remove(key);
            }
            Change::Require { .. } => {}
            Change::InsertSet(set) => {
                lock(&self.sets).insert(set.key(), set.clone());
            }
            Change::RestartSet { key, to, .. } => {
                let mut sets = lock(&self.sets);
                if let Some(set) = sets.remove(key) {
                    sets.insert(key.clone(), set.restarted(*to));
                }
            }
        }
    }
}

#[async_trait]
impl StateStore for MemoryState {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        Ok(lock(&self.documents).get(key).cloned())
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        let documents = lock(&self.documents);
        let found = documents.values().filter(|stored| {
            let sort = stored.key.sort.as_str();
            stored.key.partition == partition
                && sort.starts_with(prefix)
                && after.is_none_or(|after| sort > after)
        });
        Ok(found.take(limit as usize).cloned().collect())
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        let mut conflicts = lock(&self.conflicts);
        if *conflicts > 0 {
            *conflicts -= 1;
            return Err(PortError::conflict("state.commit", "asked to conflict"));
        }
        if let Some(failed) = changes.iter().find(|change| !self.holds(change)) {
            return Err(PortError::conflict(
                "state.commit",
                format!("does not hold: {failed:?}"),
            ));
        }
        changes.iter().for_each(|change| self.apply(change));
        Ok(())
    }
}

#[async_trait]
impl DoneSets for MemoryState {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        Ok(lock(&self.sets).get(key).cloned())
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        let mut sets = lock(&self.sets);
        let Some(set) = sets.get(key).cloned() else {
            return Err(PortError::invalid(
                "done_sets.record",
                "there is no such set",
            ));
        };
        let recorded = set.record(generation, batch, outcome);
        if let Recorded::Added(set) = &recorded {
            sets.insert(key.clone(), set.clone());
        }
        Ok(recorded)
    }
}
