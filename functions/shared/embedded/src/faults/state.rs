//! `state.get`, `state.list`, `state.commit`, `state.read`, `state.record`; described by the keys.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::Generation;
use domain::state::{BatchOutcome, Change, DoneSet, Key, Recorded};
use ports::{DoneSets, PortError, StateStore, Stored};

use super::Faults;

/// The state table behind faults.
pub struct FaultyState {
    /// The documents.
    pub documents: Arc<dyn StateStore>,
    /// The done-sets.
    pub done_sets: Arc<dyn DoneSets>,
    /// What fails.
    pub faults: Arc<Faults>,
}

fn describe(key: &Key) -> String {
    format!("{}/{}", key.partition, key.sort)
}

#[async_trait]
impl StateStore for FaultyState {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        let about = describe(key);
        self.faults.before("state.get", &about)?;
        let found = self.documents.get(key).await?;
        self.faults.after("state.get", &about)?;
        Ok(found)
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        let about = format!("{partition}/{prefix}");
        self.faults.before("state.list", &about)?;
        let listed = self.documents.list(partition, prefix, after, limit).await?;
        self.faults.after("state.list", &about)?;
        Ok(listed)
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        let about: Vec<String> = changes
            .iter()
            .map(|change| describe(&change.key()))
            .collect();
        let about = about.join(" ");
        self.faults.before("state.commit", &about)?;
        self.documents.commit(changes).await?;
        self.faults.after("state.commit", &about)
    }
}

#[async_trait]
impl DoneSets for FaultyState {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        let about = describe(key);
        self.faults.before("state.read", &about)?;
        let found = self.done_sets.read(key).await?;
        self.faults.after("state.read", &about)?;
        Ok(found)
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        let about = describe(key);
        self.faults.before("state.record", &about)?;
        let recorded = self
            .done_sets
            .record(key, generation, batch, outcome)
            .await?;
        self.faults.after("state.record", &about)?;
        Ok(recorded)
    }
}
