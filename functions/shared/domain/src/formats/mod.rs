//! CSV formats: which one a file has, and how its records become rows.
//!
//! `split` asks `detect` for the header, `ingest` asks `reader` for the rows. A format is one file in
//! this folder (README.md says how to add one); nothing outside the folder knows a column.

mod amounts;
mod binance_pairs;
mod binance_statement;
mod binance_trades;
mod bittytax;
mod coinbase;
mod cointracker;
mod dates;
mod error;
mod groups;
mod header;
mod koinly;
mod kraken;
mod record;
mod sums;

use crate::dialect::{DecimalMark, Dialect};
use crate::formula::unescaped;
use crate::limits::HEADER_WITHIN_RECORDS;
use crate::rows::Row;
use crate::settings::ParseOptions;

pub(crate) use amounts::is_amount;
pub use error::{FormatError, RowError};
pub use groups::{
    GroupRead, GroupReader, GroupRecord, broken_group, oversized_group, scattered_group,
};
use header::{Column, Columns};

/// A format that `detect` knows.
trait Format: Sync {
    /// Its name in plans, in the API and on the command line: persisted, frozen.
    fn name(&self) -> &'static str;

    /// Every column its files may have.
    fn columns(&self) -> &'static [Column];

    /// What reads its records; `header` has been checked against `columns`, and `mark` stands before
    /// the file's decimals.
    fn reader(
        &self,
        header: Columns,
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError>;
}

/// The formats, in the order they are tried.
const FORMATS: [&dyn Format; 10] = [
    &koinly::Koinly,
    &coinbase::Coinbase,
    &coinbase::CoinbaseCurrencyInHeader,
    &coinbase::CoinbaseTotalOnly,
    &binance_trades::BinanceTrades,
    &binance_trades::BinanceTradesApart,
    &cointracker::CoinTracker,
    &bittytax::BittyTax,
    &kraken::Kraken,
    &binance_statement::BinanceStatement,
];

/// Reads the records of one file.
pub trait RowReader: Send + Sync {
    /// The row of a record, given as its fields, that starts on `line` and stands in `chunk`; `None`
    /// for a record of only empty fields, which is ignored.
    ///
    /// # Errors
    /// The record is not a row of the format. The message names line, column, reason and remedy.
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError>;

    /// What reads the records that belong together, in a format that has such; `read` then gets those
    /// that stand alone.
    fn groups(&self) -> Option<&dyn GroupReader> {
        None
    }
}

/// Where a known header stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The format's name.
    pub format: &'static str,
    /// Index of the header among the records.
    pub header: usize,
}

/// Finds the first record that is a known header among the first `HEADER_WITHIN_RECORDS`. Fields
/// compare trimmed, without a byte order mark, without case, in any order; every mandatory column is
/// there, every other one is a known optional one, and none stands twice.
#[must_use]
pub fn detect(records: &[Vec<String>]) -> Option<Detected> {
    for (place, record) in records.iter().take(HEADER_WITHIN_RECORDS).enumerate() {
        for format in FORMATS {
            if Columns::of(format.columns(), record).is_ok() {
                return Some(Detected {
                    format: format.name(),
                    header: place,
                });
            }
        }
    }
    None
}

/// In words, what keeps the record that is most like a known header from being one; `None` when no
/// record shares even half of a format's mandatory columns. For the message of an unknown header.
#[must_use]
pub fn near_miss(records: &[Vec<String>]) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    for (place, record) in records.iter().take(HEADER_WITHIN_RECORDS).enumerate() {
        for format in FORMATS {
            let shared = header::shared(format.columns(), record);
            let mandatory = format
                .columns()
                .iter()
                .filter(|column| column.mandatory)
                .count();
            if shared * 2 < mandatory || best.as_ref().is_some_and(|(most, _)| *most >= shared) {
                continue;
            }
            if let Err(why) = Columns::of(format.columns(), record) {
                best = Some((
                    shared,
                    format!(
                        "record {} is like a header of {}, but {why}",
                        place + 1,
                        format.name()
                    ),
                ));
            }
        }
    }
    best.map(|(_, why)| why)
}

/// The names of all formats.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.name()).collect()
}

/// What reads the records of a file of `format` with that header, written in that dialect.
///
/// # Errors
/// `format` is unknown, `header` is not one of it, or an option cannot be followed.
pub fn reader(
    format: &str,
    header: &[String],
    dialect: Dialect,
    options: &ParseOptions,
) -> Result<Box<dyn RowReader>, FormatError> {
    let known = known(format)?;
    let columns =
        Columns::of(known.columns(), header).map_err(|why| FormatError::NotItsHeader {
            format: known.name(),
            why: why.to_string(),
        })?;
    known.reader(columns, dialect.decimal, options)
}

/// Which mark a cell writes before its decimals: `Unsaid` when it is no amount, or one with two
/// readings.
#[must_use]
pub fn decimal_mark(cell: &str) -> DecimalMark {
    amounts::mark_of(unescaped(cell))
}

/// Whether a file can be read with these options: before anything is uploaded.
///
/// # Errors
/// An unknown format, time zone or order of day and month.
pub fn check_options(options: &ParseOptions) -> Result<(), FormatError> {
    if let Some(format) = &options.format {
        known(format)?;
    }
    dates::DateReader::new(options).map(|_| ())
}

fn known(name: &str) -> Result<&'static dyn Format, FormatError> {
    FORMATS
        .into_iter()
        .find(|format| format.name() == name)
        .ok_or_else(|| FormatError::UnknownFormat {
            name: name.to_owned(),
        })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole;
