//! What `presign` is told at its start. It sends no message.

use lambda::env::Env;
use lambda::settings::{Bucket, StateTable};

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs and claims.
    pub state: StateTable,
    /// The bucket uploads are signed for.
    pub bucket: Bucket,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
        })
    }
}
