//! What `ledger` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Cassandra, Queues, StateTable};

/// Where its transitions send: new settings and prices ask for a turn, a file is ordered from
/// `export`.
pub const SENDS: [Queue; 2] = [Queue::Price, Queue::Export];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Ledgers, jobs, orders and the outbox.
    pub state: StateTable,
    /// Manifests, and the bucket downloads are signed for.
    pub bucket: Bucket,
    /// `SENDS`.
    pub queues: Queues,
    /// The read tables, and the user's own prices.
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
