//! What `presign` is told at its start. It sends no message.

use domain::limits::{SINGLE_PUT_BYTES, UPLOAD_VALID_SECONDS, UPLOADS_IN_FLIGHT, UPLOADS_PER_DAY};
use lambda::env::Env;
use lambda::settings::{Bucket, StateTable};

/// Bounds of uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes up to which a file goes up in one PUT.
    pub single_put_bytes: u32,
    /// Seconds a signed URL is good for, at most `UPLOAD_VALID_SECONDS`: a job waits no longer.
    pub url_valid_seconds: u32,
    /// Uploads of a tenant in flight.
    pub in_flight: u32,
    /// Uploads that a tenant begins on a day.
    pub per_day: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            single_put_bytes: SINGLE_PUT_BYTES,
            url_valid_seconds: UPLOAD_VALID_SECONDS,
            in_flight: UPLOADS_IN_FLIGHT,
            per_day: UPLOADS_PER_DAY,
        }
    }
}

impl Bounds {
    /// Reads `MILLRACE_SINGLE_PUT_BYTES`, `MILLRACE_UPLOAD_URL_SECONDS`, `MILLRACE_UPLOADS_IN_FLIGHT` and
    /// `_PER_DAY`, each of which may be absent.
    fn read(env: &mut Env) -> Option<Self> {
        let single = env.optional_number("MILLRACE_SINGLE_PUT_BYTES", 1..=u32::MAX);
        let url = env.optional_number("MILLRACE_UPLOAD_URL_SECONDS", 1..=UPLOAD_VALID_SECONDS);
        let in_flight = env.optional_number("MILLRACE_UPLOADS_IN_FLIGHT", 1..=u32::MAX);
        let per_day = env.optional_number("MILLRACE_UPLOADS_PER_DAY", 1..=u32::MAX);
        let usual = Self::default();
        Some(Self {
            single_put_bytes: single?.unwrap_or(usual.single_put_bytes),
            url_valid_seconds: url?.unwrap_or(usual.url_valid_seconds),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn read(name: &str, value: &str) -> (Option<Bounds>, Option<String>) {
        let mut env = Env::new([(name.to_owned(), value.to_owned())]);
        let bounds = Bounds::read(&mut env);
        (bounds, env.finish().err().map(|error| error.to_string()))
    }

    #[test]
    fn bounds_are_the_usual_ones_unless_others_are_named() {
        let (usual, fault) = read("OTHER", "1");
        assert_eq!((usual, fault), (Some(Bounds::default()), None));
        let (bounds, _) = read("MILLRACE_UPLOAD_URL_SECONDS", "2");
        assert_eq!(bounds.unwrap().url_valid_seconds, 2);
    }

    #[test]
    fn a_url_that_would_outlive_the_wait_for_its_file_refuses_to_start() {
        for odd in ["0", "3601", "1h", ""] {
            let (bounds, fault) = read("MILLRACE_UPLOAD_URL_SECONDS", odd);
            assert_eq!(bounds, None, "{odd}");
            let fault = fault.unwrap();
            assert!(fault.contains("MILLRACE_UPLOAD_URL_SECONDS"), "{fault}");
            assert!(fault.contains("from 1 to 3600"), "{fault}");
        }
    }
}
