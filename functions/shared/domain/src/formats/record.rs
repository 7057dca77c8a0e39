//! One record under its header: what every format asks of its fields.

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::formula::unescaped;
use crate::ids::{Account, InvalidName};
use crate::kinds::KindError;
use crate::limits::MAX_FIELD_BYTES;
use crate::money::Decimal;
use crate::quote::quote;
use crate::rows::{Kind, Leg, Row};
use crate::time::Instant;

use super::amounts;
use super::dates::DateReader;
use super::error::{RowError, Wrong};
use super::header::{Column, Columns};

/// The header of a file with its format's columns: what all of its records share.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) columns: &'static [Column],
    pub(super) header: Columns,
    /// The mark before decimals.
    pub(super) mark: DecimalMark,
}

/// A record of that shape.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    shape: &'a Shape,
    fields: &'a [&'a str],
    pub(super) line: u64,
}

impl Shape {
    /// The shape of a file by a writer that groups digits by commas, as American exchanges do:
    /// `1,234` is a thousand unless the file shows decimal commas.
    pub(super) fn english(columns: &'static [Column], header: Columns, mark: DecimalMark) -> Self {
        let mark = match mark {
            DecimalMark::Comma => DecimalMark::Comma,
            DecimalMark::Point | DecimalMark::Unsaid => DecimalMark::Point,
        };
        Self {
            columns,
            header,
            mark,
        }
    }

    /// A record with as many fields as the header, none too long; `None` for one of only empty fields.
    pub(super) fn record<'a>(
        &'a self,
        fields: &'a [&'a str],
        line: u64,
    ) -> Result<Option<Record<'a>>, RowError> {
        if fields.iter().all(|field| field.trim().is_empty()) {
            return Ok(None);
        }
        let (found, expected) = (fields.len(), self.header.count());
        if found != expected {
            let reason = format!(
                "has {found} fields where the header has {expected}; look for a missing or an extra delimiter, or for a quote that is not closed"
            );
            return Err(Wrong::new("wrong_field_count", reason).at(line, None));
        }
        for (place, field) in fields.iter().enumerate() {
            if field.len() > MAX_FIELD_BYTES {
                let reason = format!(
                    "has {} bytes; a field has at most {MAX_FIELD_BYTES}",
                    field.len()
                );
                return Err(
                    Wrong::new("field_too_long", reason).at(line, Some(self.header.cell(place)))
                );
            }
        }
        Ok(Some(Record {
            shape: self,
            fields,
            line,
        }))
    }
}

impl<'a> Record<'a> {
    /// A row of this record that moves nothing yet.
    pub(super) fn row(&self, at: Instant, kind: Kind, account: Account, chunk: u32) -> Row {
        Row {
            at,
            line: self.line,
            chunk,
            kind,
            account,
            id: None,
            sent: None,
            received: None,
            fee: None,
            net_worth: None,
            fee_worth: None,
            records: 1,
            tx_hash: None,
            description: None,
        }
    }

    /// The mark before decimals.
    pub(super) fn mark(&self) -> DecimalMark {
        self.shape.mark
    }

    /// The trimmed field of a column, without the mark that made text of a formula; empty when the
    /// file does not have the column.
    pub(super) fn text(&self, column: usize) -> &'a str {
        self.shape
            .header
            .place(column)
            .and_then(|place| self.fields.get(place).copied())
            .map(unescaped)
            .unwrap_or_default()
            .trim()
    }

    /// The same for the reader's eyes; absent when empty.
    pub(super) fn note(&self, column: usize) -> Option<Box<str>> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.into())
    }

    /// What is wrong with a column's field, as the error of this record.
    pub(super) fn error(&self, column: usize, wrong: Wrong) -> RowError {
        let header = &self.shape.header;
        let written = header.place(column).map(|place| header.cell(place));
        let name = self.shape.columns.get(column).map(|column| column.name);
        wrong.at(self.line, written.or(name))
    }

    /// What a label means for legs it does not fit; `column` is the label's.
    pub(super) fn kind_error(&self, column: usize, error: &KindError) -> RowError {
        let wrong = Wrong::new(error.code(), error.to_string());
        match error {
            KindError::NoLegs => wrong.at(self.line, None),
            _ => self.error(column, wrong),
        }
    }

    /// The instant of a column.
    pub(super) fn time(&self, column: usize, dates: &DateReader) -> Result<Instant, RowError> {
        dates
            .read(self.text(column))
            .map_err(|wrong| self.error(column, wrong))
    }

    /// The amount of a column that writes no sign; `None` when empty or zero.
    pub(super) fn amount(&self, column: usize) -> Result<Option<Decimal>, RowError> {
        amounts::amount(self.text(column), self.shape.mark)
            .map_err(|wrong| self.error(column, wrong))
    }

    /// The amount of a column that may write a sign; `None` when empty or zero.
    pub(super) fn signed(&self, column: usize) -> Result<Option<Decimal>, RowError> {
        amounts::signed(self.text(column), self.shape.mark)
            .map_err(|wrong| self.error(column, wrong))
    }

    /// The size of an amount whose sign says nothing that another column does not.
    pub(super) fn size(&self, column: usize) -> Result<Option<Decimal>, RowError> {
        Ok(self.signed(column)?.map(|amount| amount.abs()))
    }

    /// The asset that a column names.
    pub(super) fn asset(&self, column: usize) -> Result<Asset, RowError> {
        amounts::currency(self.text(column)).map_err(|wrong| self.error(column, wrong))
    }

    /// The leg of an amount column and a currency column.
    pub(super) fn leg(&self, amount: usize, currency: usize) -> Result<Option<Leg>, RowError> {
        self.amount(amount)?
            .map(|amount| {
                let asset = self.asset(currency)?;
                Ok(Leg { amount, asset })
            })
            .transpose()
    }

    /// The account that a column names, else the upload's, else the format's own.
    pub(super) fn account(
        &self,
        column: usize,
        upload: Option<&Account>,
        own: &str,
    ) -> Result<Account, RowError> {
        let text = self.text(column);
        if text.is_empty() {
            return self.account_of_file(upload, own);
        }
        text.parse()
            .map_err(|error| self.error(column, bad_account(text, error)))
    }

    /// The upload's account, else the format's own.
    pub(super) fn account_of_file(
        &self,
        upload: Option<&Account>,
        own: &str,
    ) -> Result<Account, RowError> {
        match upload {
            Some(account) => Ok(account.clone()),
            None => own
                .parse()
                .map_err(|error| bad_account(own, error).at(self.line, None)),
        }
    }
}

fn bad_account(text: &str, error: InvalidName) -> Wrong {
    Wrong::new(
        "malformed_account",
        format!("{} is refused: {error}", quote(text)),
    )
}

/// The field at `place` of a record of bytes, as `Record::text` gives it; empty when there is none.
pub(super) fn cell(record: &[&[u8]], place: Option<usize>) -> String {
    let bytes = place.and_then(|place| record.get(place).copied());
    unescaped(&String::from_utf8_lossy(bytes.unwrap_or_default()))
        .trim()
        .to_owned()
}
