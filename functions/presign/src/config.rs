//! What `presign` is told at its start. It sends no message.

use domain::limits::{SINGLE_PUT_BYTES, UPLOADS_IN_FLIGHT, UPLOADS_PER_DAY};
use lambda::env::Env;
use lambda::settings::{Bucket, StateTable};

/// Bounds of uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes up to which a file goes up in one PUT.
    pub single_put_bytes: u32,
    /// Uploads of a tenant in flight.
    pub in_flight: u32,
    /// Uploads that a tenant begins on a day.
    pub per_day: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            single_put_bytes: SINGLE_PUT_BYTES,
            in_flight: UPLOADS_IN_FLIGHT,
            per_day: UPLOADS_PER_DAY,
        }
    }
}

impl Bounds {
    /// Reads `MILLRACE_SINGLE_PUT_BYTES`, `MILLRACE_UPLOADS_IN_FLIGHT` and `_PER_DAY`, each of which
    /// may be absent.
    fn read(env: &mut Env) -> Option<Self> {
        let single = env.optional_number("MILLRACE_SINGLE_PUT_BYTES", 1..=u32::MAX);
        let in_flight = env.optional_number("MILLRACE_UPLOADS_IN_FLIGHT", 1..=u32::MAX);
        let per_day = env.optional_number("MILLRACE_UPLOADS_PER_DAY", 1..=u32::MAX);
        let usual = Self::default();
        Some(Self {
            single_put_bytes: single?.unwrap_or(usual.single_put_bytes),
            in_flight: in_flight?.unwrap_or(usual.in_flight),
            per_day: per_day?.unwrap_or(usual.per_day),
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
