//! What `price` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Cassandra, Queues, StateTable};

/// Where its transitions send: a turn that is admitted begins, one that has begun fetches, both here;
/// one that has its prices is planned, and one that cannot begin ends, which `notify` tells.
pub const SENDS: [Queue; 3] = [Queue::Price, Queue::Reconcile, Queue::Notify];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Ledgers, turns, jobs, done-sets and the outbox.
    pub state: StateTable,
    /// Digests, snapshots and plans.
    pub bucket: Bucket,
    /// `SENDS`, its own queue among them, for messages that come back.
    pub queues: Queues,
    /// The user's own prices, and pins.
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
