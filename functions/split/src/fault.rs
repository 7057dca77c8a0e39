//! What can be wrong with a file as a whole. Each is the file's fault or its upload's, never a
//! server's: the job fails with class `data`, and the message says where, what, and what to do.

use domain::formats::FormatError;
use domain::limits::{MAX_COLUMNS, MAX_FILE_BYTES, MAX_FILE_ROWS, MAX_RECORD_BYTES};
use domain::state::{ErrorClass, JobError};

/// Why a file cannot be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// No record at all: no bytes, or only blank lines.
    #[error(
        "The file is empty: it has no header and no rows. Export it again and upload the new file."
    )]
    Empty,
    /// No record among the first ones is a header of a known format.
    #[error(
        "No header of a known format was found in the first {looked_at} records. Line {line} has the columns: {found}. \
         {hint}Known formats: {known}. Keep the header exactly as it was exported, or rename the columns to those of a known format."
    )]
    UnknownHeader {
        /// The line the likeliest header stands on.
        line: u64,
        /// Its cells, shortened and escaped.
        found: String,
        /// Records that were looked at.
        looked_at: usize,
        /// What keeps a record from being a header, as a sentence; empty when none is near.
        hint: String,
        /// Names of the known formats.
        known: String,
    },
    /// The user named a format and the header is of another one.
    #[error(
        "Line {line} has the header of format {found}, but the upload names format {named}. Upload again with format {found}, or without one."
    )]
    OtherFormat {
        /// The header's line.
        line: u64,
        /// The format the header is of.
        found: &'static str,
        /// The format that was named, shortened and escaped.
        named: String,
    },
    /// The format cannot be read with the upload's options.
    #[error("Line {line}: the file cannot be read as {format}: {error}.")]
    Unreadable {
        /// The header's line.
        line: u64,
        /// The format.
        format: &'static str,
        /// What the format says.
        error: FormatError,
    },
    /// UTF-16 that ends in the middle of a unit.
    #[error(
        "The file is in UTF-16 and ends in the middle of a character, so it was cut off. Export it again, or save it as UTF-8, and upload the new file."
    )]
    HalfUnit,
    /// A quoted field never ends.
    #[error(
        "Line {line}: a quote opens a field here and is never closed, so the rest of the file would be one field. \
         Close the quote, or double it (\"\") if it belongs to the text, and upload the file again."
    )]
    UnclosedQuote {
        /// The line the quote stands on.
        line: u64,
    },
    /// A record is too long; most often a quote is missing.
    #[error(
        "Line {line}: the record that starts here is longer than {MAX_RECORD_BYTES} bytes. \
         Look for a quote that is opened and not closed, or shorten the record, and upload the file again."
    )]
    RecordTooLong {
        /// The line the record starts on.
        line: u64,
    },
    /// A record has too many fields.
    #[error(
        "Line {line}: the record has {columns} columns, more than the {MAX_COLUMNS} that are read. Remove the columns that are not needed and upload the file again."
    )]
    TooManyColumns {
        /// The line the record starts on.
        line: u64,
        /// Its fields.
        columns: u64,
    },
    /// Too many records.
    #[error(
        "Line {line}: the file has more than {MAX_FILE_ROWS} rows. Split it here into several files and upload each of them."
    )]
    TooManyRows {
        /// The line of the first record over the limit.
        line: u64,
    },
    /// Too many bytes.
    #[error(
        "The file has {size} bytes, more than the {MAX_FILE_BYTES} that are read. Split it into several files and upload each of them."
    )]
    FileTooLarge {
        /// The object's size.
        size: u64,
    },
    /// The object is not as long as declared.
    #[error(
        "The upload declared {declared} bytes, but {found} arrived. The upload was cut off or the file changed meanwhile: upload it again."
    )]
    WrongLength {
        /// Bytes that were declared.
        declared: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The object is not the one declared (I9).
    #[error(
        "The upload declared the SHA-256 {declared}, but what arrived has {found}. The file was damaged or changed on its way: upload it again."
    )]
    WrongSha256 {
        /// Hex digest that was declared.
        declared: String,
        /// Hex digest of what is there.
        found: String,
    },
    /// The announced version is not there any more.
    #[error("The uploaded file was deleted or replaced before it could be read. Upload it again.")]
    ObjectGone,
}

impl FileFault {
    /// The stable code of the fault, as a client sees it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::UnknownHeader { .. } => "unknown_header",
            Self::OtherFormat { .. } => "format_mismatch",
            Self::Unreadable { error, .. } => error.code(),
            Self::HalfUnit => "cut_utf16",
            Self::UnclosedQuote { .. } => "unclosed_quote",
            Self::RecordTooLong { .. } => "record_too_long",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::WrongLength { .. } => "wrong_length",
            Self::WrongSha256 { .. } => "wrong_sha256",
            Self::ObjectGone => "object_gone",
        }
    }

    /// The fault as the job's error.
    #[must_use]
    pub fn into_job_error(self) -> JobError {
        JobError {
            class: ErrorClass::Data,
            code: self.code().to_owned(),
            message: self.to_string(),
        }
    }
}
