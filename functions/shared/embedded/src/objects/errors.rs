//! What a failing disk means for the caller.

use std::error::Error;
use std::fmt;

use ports::{PortError, PortErrorKind};
use rusqlite::ErrorCode;

/// SQLite failed. A damaged file stays damaged; a busy or full one may recover.
pub(super) fn database(op: &'static str) -> impl Fn(rusqlite::Error) -> PortError {
    move |error| {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => PortErrorKind::Invalid,
            _ => PortErrorKind::Retry,
        };
        PortError::new(kind, op, error)
    }
}

/// A file operation failed.
pub(super) fn file(op: &'static str) -> impl Fn(std::io::Error) -> PortError {
    move |error| PortError::retry(op, error)
}

/// The condition of a put did not hold.
#[derive(Debug)]
pub(super) struct ConditionFailed;

impl fmt::Display for ConditionFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key's current version is not the one the put was made for")
    }
}

impl Error for ConditionFailed {}
