//! What `status` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Queues, StateTable};

/// Where its transitions send: a retry goes where the job failed, an undo asks for a turn, and a
/// rejects file is ordered from `export`.
pub const SENDS: [Queue; 4] = [Queue::Split, Queue::Ingest, Queue::Price, Queue::Export];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs, turns, orders, done-sets and the outbox.
    pub state: StateTable,
    /// The bucket downloads are signed for.
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
