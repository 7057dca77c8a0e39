//! What `ingest` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Cassandra, Queues, StateTable};

/// Where its transitions send: the job whose last chunk is done asks for its turn, or ends with what
/// its chunks died of, which is told.
pub const SENDS: [Queue; 2] = [Queue::Price, Queue::Notify];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs, done-sets and the outbox.
    pub state: StateTable,
    /// Uploads, plans and digests.
    pub bucket: Bucket,
    /// `SENDS`, and its own queue, for messages that come back.
    pub queues: Queues,
    /// Rows and rejects.
    pub cassandra: Cassandra,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, SENDS.into_iter().chain([Queue::Ingest]));
        let cassandra = Cassandra::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
            cassandra: cassandra?,
        })
    }
}
