//! The JSON log, one line per event, on standard error.

use tracing_subscriber::EnvFilter;

use crate::env::Env;

/// The variable that says how much a deployed function logs.
const LEVEL: &str = "MILLRACE_LOG";
/// The level when nothing is said.
pub const DEFAULT_LEVEL: &str = "info";
/// Our own rooms that log wherever they are linked.
const ROOMS: [&str; 4] = ["ports", "lambda", "aws", "cassandra"];

/// Sets up the log of a process. `filter` is a tracing filter such as `info` or `ingest=debug,warn`.
/// A second call changes nothing.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(DEFAULT_LEVEL));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    if started.is_err() {
        tracing::debug!("the log was set up before");
    }
}

/// Reads `MILLRACE_LOG`: a level, and `info` when it is not there.
pub fn read_level(env: &mut Env) -> Option<&'static str> {
    if !env.is_given(LEVEL) {
        return Some(DEFAULT_LEVEL);
    }
    env.one_of(LEVEL, &["error", "warn", "info", "debug", "trace"])
}

/// The filter of a deployed function: its own rooms at `level`, libraries only when something is
/// wrong, because at a finer level they log whole events, and requests with their signatures.
#[must_use]
pub fn filter(function: &str, level: &str) -> String {
    // A target is matched by how it begins: `aws` alone would be every crate of the SDKs.
    let mut filter = "warn,aws_=warn,lambda_=warn".to_owned();
    for room in ROOMS.into_iter().chain([function]) {
        filter.push_str(&format!(",{room}={level}"));
    }
    filter
}

/// Logs where a panic was as a line of the log. Not what it said: that may quote a row.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        tracing::error!(cause = %place, "a bug: the code panicked");
    }));
}

#[cfg(test)]
mod tests {
    use tracing::{Level, enabled};

    use super::*;

    #[test]
    fn a_functions_rooms_log_at_its_level_and_libraries_only_trouble() {
        let filter = EnvFilter::new(filter("ingest", "trace"));
        let quiet = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::with_default(quiet, || {
            assert!(enabled!(target: "ingest::parse", Level::TRACE));
            assert!(enabled!(target: "ports::transition", Level::TRACE));
            assert!(enabled!(target: "aws", Level::DEBUG));
            assert!(enabled!(target: "lambda::batch", Level::INFO));
            assert!(enabled!(target: "lambda_runtime::layers::panic", Level::ERROR));
            // These log whole events, signatures and requests.
            assert!(!enabled!(target: "lambda_runtime::runtime", Level::INFO));
            assert!(!enabled!(target: "aws_sigv4::http_request", Level::DEBUG));
            assert!(!enabled!(target: "aws_smithy_runtime::client", Level::INFO));
            assert!(!enabled!(target: "scylla::network", Level::INFO));
        });
    }

    #[test]
    fn the_level_is_info_or_what_is_asked_for() {
        let level = |value: Option<&str>| {
            let variables = value.map(|value| (LEVEL.to_owned(), value.to_owned()));
            let mut env = Env::new(variables);
            (read_level(&mut env), env.finish().is_ok())
        };
        assert_eq!(level(None), (Some("info"), true));
        assert_eq!(level(Some("debug")), (Some("debug"), true));
        for odd in ["", "INFO", "ingest=debug"] {
            assert_eq!(level(Some(odd)), (None, false), "{odd}");
        }
    }
}
