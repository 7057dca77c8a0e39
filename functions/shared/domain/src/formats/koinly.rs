//! The Koinly universal template, which is our canonical CSV, with four columns of our own.
//!
//! ```text
//! Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash
//! ```
//!
//! and, where wanted, `ID`, `Account`, `Fee Worth Amount`, `Fee Worth Currency`; columns in any order,
//! `Label` also as `Tag`. An amount that is empty or zero makes no leg, with or without a currency.
//! Rows without an account are in the upload's account, else in `default`.

use crate::ids::Account;
use crate::kinds::{KindError, kind_of};
use crate::limits::MAX_FIELD_BYTES;
use crate::quote::quote;
use crate::rows::{Leg, Row};
use crate::settings::ParseOptions;

use super::dates::DateReader;
use super::error::{FormatError, RowError, Wrong};
use super::header::{Column, Columns};
use super::{Format, RowReader, amounts};

/// The account of rows that name none, when the upload names none either.
const DEFAULT_ACCOUNT: &str = "default";

const COLUMNS: [Column; 16] = [
    Column::mandatory("Date"),
    Column::mandatory("Sent Amount"),
    Column::mandatory("Sent Currency"),
    Column::mandatory("Received Amount"),
    Column::mandatory("Received Currency"),
    Column::mandatory("Fee Amount"),
    Column::mandatory("Fee Currency"),
    Column::mandatory("Net Worth Amount"),
    Column::mandatory("Net Worth Currency"),
    Column::mandatory("Label").or("Tag"),
    Column::mandatory("Description"),
    Column::mandatory("TxHash"),
    Column::optional("ID"),
    Column::optional("Account"),
    Column::optional("Fee Worth Amount"),
    Column::optional("Fee Worth Currency"),
];

// Places in `COLUMNS`. The currency of an amount stands behind it.
const DATE: usize = 0;
const SENT: usize = 1;
const RECEIVED: usize = 3;
const FEE: usize = 5;
const NET_WORTH: usize = 7;
const LABEL: usize = 9;
const DESCRIPTION: usize = 10;
const TX_HASH: usize = 11;
const ID: usize = 12;
const ACCOUNT: usize = 13;
const FEE_WORTH: usize = 14;

/// The format.
pub(super) struct Koinly;

impl Format for Koinly {
    fn name(&self) -> &'static str {
        "koinly"
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn reader(
        &self,
        header: Columns,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError> {
        let dates = DateReader::new(options)?;
        Ok(Box::new(Reader {
            header,
            dates,
            account: options.account.clone(),
        }))
    }
}

struct Reader {
    header: Columns,
    dates: DateReader,
    account: Option<Account>,
}

impl RowReader for Reader {
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        if record.iter().all(|field| field.trim().is_empty()) {
            return Ok(None);
        }
        self.check_fields(record, line)?;
        let record = Record {
            header: &self.header,
            fields: record,
            line,
        };
        let at = self
            .dates
            .read(record.text(DATE))
            .map_err(|wrong| record.error(DATE, wrong))?;
        let sent = record.leg(SENT)?;
        let received = record.leg(RECEIVED)?;
        let fee = record.leg(FEE)?;
        let net_worth = record.leg(NET_WORTH)?;
        let fee_worth = record.leg(FEE_WORTH)?;
        if fee_worth.is_some() && fee.is_none() {
            let wrong = Wrong::new(
                "fee_worth_without_fee",
                "is the value of a fee, and this row has no fee amount",
            );
            return Err(record.error(FEE_WORTH, wrong));
        }
        let label = record.text(LABEL);
        let kind = kind_of(Some(label), sent.as_ref(), received.as_ref(), fee.as_ref())
            .map_err(|error| record.kind_error(&error))?;
        let account = self.account(&record)?;
        let (id, tx_hash, description) = (
            record.note(ID),
            record.note(TX_HASH),
            record.note(DESCRIPTION),
        );
        Ok(Some(Row {
            at,
            line,
            chunk,
            kind,
            account,
            id,
            sent,
            received,
            fee,
            net_worth,
            fee_worth,
            tx_hash,
            description,
        }))
    }
}

impl Reader {
    /// As many fields as the header, none too long.
    fn check_fields(&self, record: &[&str], line: u64) -> Result<(), RowError> {
        let (found, expected) = (record.len(), self.header.count());
        if found != expected {
            let reason = format!(
                "has {found} fields where the header has {expected}; look for a missing or an extra delimiter, or for a quote that is not closed"
            );
            return Err(Wrong::new("wrong_field_count", reason).at(line, None));
        }
        for (place, field) in record.iter().enumerate() {
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
        Ok(())
    }

    fn account(&self, record: &Record<'_>) -> Result<Account, RowError> {
        let text = record.text(ACCOUNT);
        let text = match (&self.account, text) {
            (Some(account), "") => return Ok(account.clone()),
            (None, "") => DEFAULT_ACCOUNT,
            (_, text) => text,
        };
        let refused = |error| {
            Wrong::new(
                "malformed_account",
                format!("{} is refused: {error}", quote(text)),
            )
        };
        text.parse::<Account>()
            .map_err(|error| record.error(ACCOUNT, refused(error)))
    }
}

/// A record with its header.
struct Record<'a> {
    header: &'a Columns,
    fields: &'a [&'a str],
    line: u64,
}

impl<'a> Record<'a> {
    /// The trimmed field of a column; empty when the file does not have the column.
    fn text(&self, column: usize) -> &'a str {
        self.header
            .place(column)
            .and_then(|place| self.fields.get(place).copied())
            .unwrap_or_default()
            .trim()
    }

    fn note(&self, column: usize) -> Option<Box<str>> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.into())
    }

    /// The leg of an amount column and the currency column behind it.
    fn leg(&self, column: usize) -> Result<Option<Leg>, RowError> {
        let amount =
            amounts::amount(self.text(column)).map_err(|wrong| self.error(column, wrong))?;
        let Some(amount) = amount else {
            return Ok(None);
        };
        let asset = amounts::currency(self.text(column + 1))
            .map_err(|wrong| self.error(column + 1, wrong))?;
        Ok(Some(Leg { amount, asset }))
    }

    fn error(&self, column: usize, wrong: Wrong) -> RowError {
        let written = self
            .header
            .place(column)
            .map(|place| self.header.cell(place));
        let name = written.or_else(|| COLUMNS.get(column).map(|column| column.name));
        wrong.at(self.line, name)
    }

    fn kind_error(&self, error: &KindError) -> RowError {
        let wrong = Wrong::new(error.code(), error.to_string());
        match error {
            KindError::NoLegs => wrong.at(self.line, None),
            _ => self.error(LABEL, wrong),
        }
    }
}
