//! What `export` is told at its start. It sends no message: an order ends by itself.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Cassandra, Queues, StateTable};

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Orders and done-sets.
    pub state: StateTable,
    /// Manifests and uploads in, files out.
    pub bucket: Bucket,
    /// Its own queue, for messages that come back.
    pub queues: Queues,
    /// Transactions, summaries and rejects.
    pub cassandra: Cassandra,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, [Queue::Export]);
        let cassandra = Cassandra::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
            cassandra: cassandra?,
        })
    }
}
