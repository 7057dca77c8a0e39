//! The JSON log, one line per event, on standard error.

use tracing_subscriber::EnvFilter;

/// Sets up the log of a process. `filter` is a tracing filter such as `info` or `ingest=debug,warn`.
/// A second call changes nothing.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
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
