//! What `split` is told at its start.

use domain::limits::MAX_FILE_ROWS;
use domain::message::Queue;
use lambda::env::Env;
use lambda::settings::{Bucket, Queues, StateTable};

/// Where its transitions send: chunks to `ingest`; a file without rows asks for its turn at once, and
/// one that cannot be split ends its job, which is told.
pub const SENDS: [Queue; 3] = [Queue::Ingest, Queue::Price, Queue::Notify];

/// Bounds of the chunk plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Records of a chunk; when absent, rows, bytes and columns decide (`domain::limits`).
    pub chunk_rows: Option<u32>,
}

impl Bounds {
    /// Reads `MILLRACE_CHUNK_ROWS`, which may be absent.
    fn read(env: &mut Env) -> Option<Self> {
        let most = u32::try_from(MAX_FILE_ROWS).unwrap_or(u32::MAX);
        let chunk_rows = env.optional_number("MILLRACE_CHUNK_ROWS", 1..=most)?;
        Some(Self { chunk_rows })
    }
}

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs, done-sets and the outbox.
    pub state: StateTable,
    /// Uploads and plans.
    pub bucket: Bucket,
    /// `SENDS`, and its own queue, for messages that come back.
    pub queues: Queues,
    /// Bounds of the chunk plan.
    pub bounds: Bounds,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let queues = Queues::read(env, SENDS.into_iter().chain([Queue::Split]));
        let bounds = Bounds::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
            queues: queues?,
            bounds: bounds?,
        })
    }
}
