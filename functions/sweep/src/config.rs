//! What `sweep` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Queues, StateTable};

/// Where it sends: wherever a record in the outbox says.
pub const SENDS: [Queue; Queue::ALL.len()] = Queue::ALL;

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The outbox, awaited uploads and jobs.
    pub state: StateTable,
    /// Uploads, of which it only asks whether they are there.
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
