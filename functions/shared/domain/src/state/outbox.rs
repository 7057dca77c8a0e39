//! The record that messages must go out, written in the transaction that made them necessary (I1).

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::message::{Envelope, Queue, Task};
use crate::time::Instant;

/// Partitions the outbox is spread over, so that no single one takes every write.
const SHARDS: u8 = 8;

/// A run of batches, `first` included, `end` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRange {
    /// The first batch.
    pub first: u32,
    /// The batch after the last.
    pub end: u32,
}

impl BatchRange {
    /// The runs that cover batches given in ascending order.
    #[must_use]
    pub fn covering(batches: impl Iterator<Item = u32>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        for batch in batches {
            match runs.last_mut() {
                Some(run) if run.end == batch => run.end = batch + 1,
                _ => runs.push(Self {
                    first: batch,
                    end: batch + 1,
                }),
            }
        }
        runs
    }
}

/// Messages that must go out. However many they are it is one small record: the envelope once, and
/// the batches it is to be sent for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRecord {
    /// Deterministic: the same transition writes the same record.
    pub id: String,
    /// Where to.
    pub queue: Queue,
    /// What; its batch is replaced by each of `batches`.
    pub envelope: Envelope,
    /// For which batches; for a task without batches one range of one.
    pub batches: Vec<BatchRange>,
    /// When it was written.
    pub written_at: Instant,
}

impl OutboxRecord {
    /// A record for a single message.
    #[must_use]
    pub fn one(id: String, queue: Queue, envelope: Envelope, written_at: Instant) -> Self {
        Self {
            id,
            queue,
            envelope,
            batches: vec![BatchRange { first: 0, end: 1 }],
            written_at,
        }
    }

    /// The partitions a sweep looks through.
    pub fn partitions() -> impl Iterator<Item = String> {
        (0..SHARDS).map(|shard| format!("outbox#{shard}"))
    }

    /// The messages to send.
    pub fn messages(&self) -> impl Iterator<Item = Envelope> + '_ {
        self.batches
            .iter()
            .flat_map(|range| range.first..range.end)
            .map(|batch| self.for_batch(batch))
    }

    fn for_batch(&self, index: u32) -> Envelope {
        let mut envelope = self.envelope.clone();
        match &mut envelope.task {
            Task::Chunk { batch, .. }
            | Task::Fetch { batch, .. }
            | Task::TurnEnded { batch, .. } => {
                *batch = index;
            }
            Task::Admit
            | Task::Split { .. }
            | Task::Begin { .. }
            | Task::Plan { .. }
            | Task::Reconcile { .. }
            | Task::Metrics { .. }
            | Task::Publish { .. }
            | Task::Export { .. }
            | Task::Rejects { .. }
            | Task::Ended { .. } => {}
        }
        envelope
    }
}

impl Document for OutboxRecord {
    const KIND: &'static str = "outbox";

    fn key(&self) -> Key {
        let shard = blake3::hash(self.id.as_bytes()).as_bytes()[0] % SHARDS;
        Key::new(format!("outbox#{shard}"), self.id.clone())
    }
}
