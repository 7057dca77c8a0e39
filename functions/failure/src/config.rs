//! What `failure` is told at its start.

use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Queues, StateTable};

/// Where its transitions send: a job whose chunk had meanwhile succeeded asks for its turn, a turn
/// that ends lets the next one begin, a wake-up that died is sent again; and every end is told.
pub const SENDS: [Queue; 2] = [Queue::Price, Queue::Notify];

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs, turns, orders, done-sets and the outbox.
    pub state: StateTable,
    /// Chunk plans.
    pub bucket: Bucket,
    /// Every queue: a dead letter that comes back goes to the dead-letter queue it is from, whose
    /// URL follows from the live one's.
    pub queues: Queues,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, Queue::ALL);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
        })
    }
}
