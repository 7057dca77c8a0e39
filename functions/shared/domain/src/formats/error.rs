//! What is wrong with a file's options or header, and what is wrong with one of its records.

use std::fmt;

use crate::quote::quote;

/// A file cannot be read as asked. Each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// No format has that name.
    #[error("{} is not a known format; the formats are: {}", quote(.name), super::names().join(", "))]
    UnknownFormat {
        /// The name as it was given.
        name: String,
    },
    /// The header is another format's, or none.
    #[error("this is not a header of {format}: {why}")]
    NotItsHeader {
        /// The format's name.
        format: &'static str,
        /// In words.
        why: String,
    },
    /// The time zone database has no such zone.
    #[error("{} is not a time zone; use a name of the IANA database such as Europe/Berlin, or UTC", quote(.name))]
    UnknownTimezone {
        /// The name as it was given.
        name: String,
    },
    /// The order of day and month is none of the two.
    #[error("{} is not a date format; use DD/MM/YYYY or MM/DD/YYYY", quote(.name))]
    UnknownDateFormat {
        /// The format as it was given.
        name: String,
    },
}

impl FormatError {
    /// The stable code of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat { .. } => "unknown_format",
            Self::NotItsHeader { .. } => "unknown_header",
            Self::UnknownTimezone { .. } => "unknown_timezone",
            Self::UnknownDateFormat { .. } => "unknown_date_format",
        }
    }
}

/// A record is not a row. It becomes a reject, and the rest of the file goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The column as the header writes it; absent when the whole record is meant.
    pub column: Option<String>,
    /// A stable code.
    pub code: &'static str,
    /// Line, column, reason and what to do, such as `line 7, column "Sent Amount": "1,2x" is not a
    /// decimal number; write digits with a point, e.g. 1234.56`.
    pub message: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RowError {}

/// What is wrong with a field, before it is known where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// A stable code.
    pub(super) code: &'static str,
    /// Reason and what to do.
    pub(super) reason: String,
}

impl Wrong {
    pub(super) fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// The error of the record on `line`, in `column` if one is to blame.
    pub(super) fn at(self, line: u64, column: Option<&str>) -> RowError {
        let Self { code, reason } = self;
        let message = match column {
            Some(column) => format!("line {line}, column {}: {reason}", quote(column)),
            None => format!("line {line}: {reason}"),
        };
        RowError {
            column: column.map(str::to_owned),
            code,
            message,
        }
    }
}
