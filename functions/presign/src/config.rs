//! What `presign` is told at its start. It sends no message.

use domain::limits::SINGLE_PUT_BYTES;
use lambda::env::Env;
use lambda::settings::{Bucket, StateTable};

/// Bounds of uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes up to which a file goes up in one PUT.
    pub single_put_bytes: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            single_put_bytes: SINGLE_PUT_BYTES,
        }
    }
}

impl Bounds {
    /// Reads `MILLRACE_SINGLE_PUT_BYTES`, which may be absent.
    fn read(env: &mut Env) -> Option<Self> {
        let bytes = env.optional_number("MILLRACE_SINGLE_PUT_BYTES", 1..=u32::MAX)?;
        Some(Self {
            single_put_bytes: bytes.unwrap_or(SINGLE_PUT_BYTES),
        })
    }
}

/// The function's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Jobs and claims.
    pub state: StateTable,
    /// The bucket uploads are signed for.
    pub bucket: Bucket,
    /// Bounds of uploads.
    pub bounds: Bounds,
}

impl Config {
    /// Reads it; what is wrong is noted in `env`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let state = StateTable::read(env);
        let bucket = Bucket::read(env);
        let bounds = Bounds::read(env);
        Some(Self {
            state: state?,
            bucket: bucket?,
            bounds: bounds?,
        })
    }
}
