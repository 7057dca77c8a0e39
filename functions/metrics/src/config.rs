//! What `metrics` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Cassandra, Queues, StateTable};

/// Where its transitions send: the next segment and the publishing come here; a turn that has ended
/// is told and lets the next one begin at `price`.
pub const SENDS: [Queue; 3] = [Queue::Metrics, Queue::Price, Queue::Notify];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Turns, ledgers, done-sets and the outbox.
    pub state: StateTable,
    /// Snapshots, plans, checkpoints and manifests.
    pub bucket: Bucket,
    /// `SENDS`, its own queue among them, for messages that come back.
    pub queues: Queues,
    /// Rows, decisions and pins in; transactions and summaries out.
    pub cassandra: Cassandra,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, SENDS);
        let cassandra = Cassandra::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
            cassandra: cassandra?,
        })
    }
}
