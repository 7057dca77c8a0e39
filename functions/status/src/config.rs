//! What `status` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Queues, StateTable};

/// Where its transitions send: a retry goes where the job failed, an undo asks for a turn, a
/// rejects file is ordered from `export`, and `notify` tells that a job was cancelled.
pub const SENDS: [Queue; 5] = [
    Queue::Split,
    Queue::Ingest,
    Queue::Price,
    Queue::Export,
    Queue::Notify,
];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs, turns, orders, done-sets and the outbox.
    pub state: StateTable,
    /// The bucket downloads are signed for, with the manifests that receipts read.
    pub bucket: Bucket,
    /// `SENDS`.
    pub queues: Queues,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, SENDS);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
        })
    }
}
