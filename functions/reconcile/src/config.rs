//! What `reconcile` is told at its start.

use domain::limits::{MAX_INSTANT_ROWS, SEGMENT_ROWS};
use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Cassandra, Queues, StateTable};

/// Where its transitions send: the next segment comes here, the last one hands on to `metrics`, and
/// a turn that cannot be planned ends, which is told and lets the next one begin at `price`.
pub const SENDS: [Queue; 4] = [
    Queue::Reconcile,
    Queue::Metrics,
    Queue::Price,
    Queue::Notify,
];

/// Bounds of the segment plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Rows a segment has at most; an instant is never divided.
    pub segment_rows: u32,
    /// Rows an instant has at most.
    pub instant_rows: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            segment_rows: SEGMENT_ROWS,
            instant_rows: MAX_INSTANT_ROWS,
        }
    }
}

impl Bounds {
    /// Reads `MILLRACE_SEGMENT_ROWS`, which may be absent.
    fn read(env: &mut Env) -> Option<Self> {
        let given = env.optional_number("MILLRACE_SEGMENT_ROWS", 1..=MAX_INSTANT_ROWS)?;
        let plain = Self::default();
        Some(Self {
            segment_rows: given.unwrap_or(plain.segment_rows),
            ..plain
        })
    }
}

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Turns, done-sets and the outbox.
    pub state: StateTable,
    /// Digests, snapshots, plans and checkpoints.
    pub bucket: Bucket,
    /// `SENDS`, its own queue among them, for messages that come back.
    pub queues: Queues,
    /// Rows and decisions.
    pub cassandra: Cassandra,
    /// Bounds of the segment plan.
    pub bounds: Bounds,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, SENDS);
        let cassandra = Cassandra::read(env);
        let bounds = Bounds::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
            cassandra: cassandra?,
            bounds: bounds?,
        })
    }
}
