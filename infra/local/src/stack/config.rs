//! What a stack is started with.

use std::sync::Arc;

use domain::limits::{
    SEGMENT_ROWS, SINGLE_PUT_BYTES, UPLOAD_VALID_SECONDS, UPLOADS_IN_FLIGHT, UPLOADS_PER_DAY,
};
use domain::webhook::Reach;
use embedded::Place;
use embedded::faults::Faults;
use embedded::s3::Credentials;
use machine::{SystemClock, SystemIds};
use ports::{Clock, Ids};

/// Invocations of `ingest` and of `price` at the same time, when nothing else is asked for.
const DEFAULT_WORKERS: usize = 8;

const URL_SECONDS: &str = "MILLRACE_UPLOAD_URL_SECONDS";
const S3_ACCESS_KEY: &str = "MILLRACE_S3_ACCESS_KEY";
const S3_SECRET_KEY: &str = "MILLRACE_S3_SECRET_KEY";

/// Who moves the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pumping {
    /// Pumps that run by themselves.
    Running,
    /// A test, with `Stack::pump_once` and `Stack::settle`.
    ByHand,
}

/// How much is done at once, and in how large pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Invocations of `ingest` and of `price` at the same time.
    pub workers: usize,
    /// Records of a chunk; absent: rows, bytes and columns decide.
    pub chunk_rows: Option<u32>,
    /// Rows of a segment at most.
    pub segment_rows: u32,
    /// Bytes up to which a file goes up in one PUT.
    pub single_put_bytes: u32,
    /// Seconds a signed upload is good for.
    pub upload_url_seconds: u32,
    /// Uploads that may be announced and not yet here.
    pub uploads_in_flight: u32,
    /// Uploads that may be begun on a day.
    pub uploads_per_day: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            workers: DEFAULT_WORKERS,
            chunk_rows: None,
            segment_rows: SEGMENT_ROWS,
            single_put_bytes: SINGLE_PUT_BYTES,
            upload_url_seconds: UPLOAD_VALID_SECONDS,
            uploads_in_flight: UPLOADS_IN_FLIGHT,
            uploads_per_day: UPLOADS_PER_DAY,
        }
    }
}

/// What a stack is started with.
#[derive(Clone)]
pub struct StackConfig {
    /// Where the data is.
    pub place: Place,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Invocations of `ingest` and of `price` at the same time.
    pub workers: usize,
    /// Records of a chunk; absent: rows, bytes and columns decide.
    pub chunk_rows: Option<u32>,
    /// Rows of a segment at most.
    pub segment_rows: u32,
    /// Bytes up to which a file goes up in one PUT.
    pub single_put_bytes: u32,
    /// Seconds a signed upload is good for.
    pub upload_url_seconds: u32,
    /// Uploads that may be announced and not yet here.
    pub uploads_in_flight: u32,
    /// Uploads that may be begun on a day.
    pub uploads_per_day: u32,
    /// Who moves the messages.
    pub pumping: Pumping,
    /// What time it is. S3 signatures are checked against the machine's clock whatever this one
    /// says, so a clock that is far off lets no upload in.
    pub clock: Arc<dyn Clock>,
    /// Names of jobs.
    pub ids: Arc<dyn Ids>,
    /// Where webhooks may be.
    pub webhook_reach: Reach,
    /// The key of the bucket's S3 endpoint, for clients beside our own; absent: a random one that
    /// nobody is told.
    pub s3_key: Option<Credentials>,
    /// Work that is made to fail: by a test that holds them, and at `PUT /faults`.
    pub faults: Option<Arc<Faults>>,
}

impl StackConfig {
    /// The settings of a laptop.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            place,
            port: 0,
            workers: DEFAULT_WORKERS,
            chunk_rows: None,
            segment_rows: SEGMENT_ROWS,
            single_put_bytes: SINGLE_PUT_BYTES,
            upload_url_seconds: UPLOAD_VALID_SECONDS,
            uploads_in_flight: UPLOADS_IN_FLIGHT,
            uploads_per_day: UPLOADS_PER_DAY,
            pumping: Pumping::Running,
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds::new()),
            webhook_reach: Reach::default(),
            s3_key: None,
            faults: None,
        }
    }

    /// The sizes among them.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            workers: self.workers,
            chunk_rows: self.chunk_rows,
            segment_rows: self.segment_rows,
            single_put_bytes: self.single_put_bytes,
            upload_url_seconds: self.upload_url_seconds,
            uploads_in_flight: self.uploads_in_flight,
            uploads_per_day: self.uploads_per_day,
        }
    }

    /// The same, with what the environment says: `MILLRACE_WORKERS`, `MILLRACE_CHUNK_ROWS`,
    /// `MILLRACE_SEGMENT_ROWS`, `MILLRACE_SINGLE_PUT_BYTES`, `MILLRACE_UPLOAD_URL_SECONDS`,
    /// `MILLRACE_UPLOADS_IN_FLIGHT`, `MILLRACE_UPLOADS_PER_DAY`, `MILLRACE_WEBHOOK_REACH`, `MILLRACE_FAULTS`, `MILLRACE_S3_ACCESS_KEY`
    /// with `MILLRACE_S3_SECRET_KEY`.
    ///
    /// # Errors
    /// A variable is no number from 1 on or a larger one than it may be, no reach, no `on`, or half a key; the text names it.
    pub fn from_env(place: Place) -> Result<Self, String> {
        Self::from_variables(place, |name| std::env::var(name).ok())
    }

    fn from_variables(
        place: Place,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let number = |name: &str| match variable(name) {
            None => Ok(None),
            Some(text) => match text.parse::<u32>() {
                Ok(number) if number > 0 => Ok(Some(number)),
                _ => Err(format!("{name} must be a whole number from 1 on")),
            },
        };
        let mut config = Self::new(place);
        if let Some(workers) = number("MILLRACE_WORKERS")? {
            config.workers = usize::try_from(workers).unwrap_or(DEFAULT_WORKERS);
        }
        config.chunk_rows = number("MILLRACE_CHUNK_ROWS")?;
        config.segment_rows = number("MILLRACE_SEGMENT_ROWS")?.unwrap_or(config.segment_rows);
        let single = number("MILLRACE_SINGLE_PUT_BYTES")?;
        config.single_put_bytes = single.unwrap_or(config.single_put_bytes);
        if let Some(seconds) = number(URL_SECONDS)? {
            if seconds > UPLOAD_VALID_SECONDS {
                return Err(format!(
                    "{URL_SECONDS} must be a whole number from 1 to {UPLOAD_VALID_SECONDS}"
                ));
            }
            config.upload_url_seconds = seconds;
        }
        let in_flight = number("MILLRACE_UPLOADS_IN_FLIGHT")?;
        config.uploads_in_flight = in_flight.unwrap_or(config.uploads_in_flight);
        let per_day = number("MILLRACE_UPLOADS_PER_DAY")?;
        config.uploads_per_day = per_day.unwrap_or(config.uploads_per_day);
        if let Some(reach) = variable("MILLRACE_WEBHOOK_REACH") {
            config.webhook_reach = reach
                .parse()
                .map_err(|odd| format!("MILLRACE_WEBHOOK_REACH {odd}"))?;
        }
        config.faults = match variable("MILLRACE_FAULTS").as_deref() {
            None => None,
            Some("on") => Some(Arc::default()),
            Some(_) => return Err("MILLRACE_FAULTS must be on, or not set".to_owned()),
        };
        config.s3_key = s3_key(variable(S3_ACCESS_KEY), variable(S3_SECRET_KEY))?;
        Ok(config)
    }
}

/// The key of both variables, or of none.
fn s3_key(access: Option<String>, secret: Option<String>) -> Result<Option<Credentials>, String> {
    match (access, secret) {
        (None, None) => Ok(None),
        (Some(access), Some(secret)) => Credentials::chosen(&access, &secret)
            .map(Some)
            .map_err(|odd| format!("{S3_ACCESS_KEY} and {S3_SECRET_KEY}: {odd}")),
        _ => Err(format!(
            "set both {S3_ACCESS_KEY} and {S3_SECRET_KEY}, or neither"
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Result<StackConfig, String> {
        let variable = |asked: &str| (asked == name).then(|| value.to_owned());
        StackConfig::from_variables(Place::InMemory, variable)
    }

    #[test]
    fn the_environment_sets_workers_sizes_and_reach() {
        assert_eq!(read("MILLRACE_WORKERS", "3").unwrap().workers, 3);
        assert_eq!(
            read("MILLRACE_CHUNK_ROWS", "1").unwrap().chunk_rows,
            Some(1)
        );
        assert_eq!(
            read("MILLRACE_SEGMENT_ROWS", "50").unwrap().segment_rows,
            50
        );
        let single = read("MILLRACE_SINGLE_PUT_BYTES", "9").unwrap();
        assert_eq!(single.single_put_bytes, 9);
        let url = read(URL_SECONDS, "3600").unwrap();
        assert_eq!(url.upload_url_seconds, 3_600);
        assert_eq!(read(URL_SECONDS, "2").unwrap().upload_url_seconds, 2);
        let in_flight = read("MILLRACE_UPLOADS_IN_FLIGHT", "8").unwrap();
        assert_eq!(in_flight.uploads_in_flight, 8);
        let per_day = read("MILLRACE_UPLOADS_PER_DAY", "7").unwrap();
        assert_eq!(per_day.uploads_per_day, 7);
        let reach = read("MILLRACE_WEBHOOK_REACH", "loopback").unwrap();
        assert_eq!(reach.webhook_reach, Reach::Loopback);
        assert!(read("MILLRACE_FAULTS", "on").unwrap().faults.is_some());
        let plain = read("OTHER", "1").unwrap();
        assert!(plain.faults.is_none());
        assert_eq!(plain.webhook_reach, Reach::Public);
        assert_eq!((plain.workers, plain.chunk_rows), (DEFAULT_WORKERS, None));
    }

    #[test]
    fn the_key_of_the_bucket_comes_whole_and_is_never_shown() {
        let chosen = |access: &'static str, secret: &'static str| {
            StackConfig::from_variables(Place::InMemory, move |name| match name {
                S3_ACCESS_KEY => Some(access.to_owned()),
                S3_SECRET_KEY => Some(secret.to_owned()),
                _ => None,
            })
        };
        let config = chosen("millrace", "a-secret-of-sixteen").unwrap();
        assert_eq!(config.s3_key.unwrap().access_key(), "millrace");
        assert!(read("OTHER", "1").unwrap().s3_key.is_none());
        for half in [S3_ACCESS_KEY, S3_SECRET_KEY] {
            let refused = read(half, "a-secret-of-sixteen").err().unwrap();
            assert!(refused.contains(S3_ACCESS_KEY) && refused.contains(S3_SECRET_KEY));
        }
        let refused = chosen("millrace", "too-short").err().unwrap();
        assert!(refused.contains(S3_SECRET_KEY) && !refused.contains("too-short"));
    }

    #[test]
    fn an_odd_setting_refuses_to_start() {
        for odd in ["0", "-1", "many", ""] {
            let refused = read("MILLRACE_WORKERS", odd).err().unwrap();
            assert!(refused.contains("MILLRACE_WORKERS"), "{refused}");
        }
        let refused = read(URL_SECONDS, "3601").err().unwrap();
        assert_eq!(
            refused,
            "MILLRACE_UPLOAD_URL_SECONDS must be a whole number from 1 to 3600"
        );
        let refused = read("MILLRACE_WEBHOOK_REACH", "all").err().unwrap();
        assert_eq!(refused, "MILLRACE_WEBHOOK_REACH must be public or loopback");
        let refused = read("MILLRACE_FAULTS", "off").err().unwrap();
        assert_eq!(refused, "MILLRACE_FAULTS must be on, or not set");
    }
}
