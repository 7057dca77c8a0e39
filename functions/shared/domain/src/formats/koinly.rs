//! The Koinly universal template, which is our canonical CSV, with four columns of our own.
//!
//! ```text
//! Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash
//! ```
//!
//! and, where wanted, `ID`, `Account`, `Fee Worth Amount`, `Fee Worth Currency`; columns in any order,
//! `Label` also as `Tag`. An amount that is empty or zero makes no leg, with or without a currency.
//! Rows without an account are in the upload's account, else in `default`.

use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::kinds::kind_of;
use crate::rows::Row;
use crate::settings::ParseOptions;

use super::dates::DateReader;
use super::error::{FormatError, RowError, Wrong};
use super::header::{Column, Columns};
use super::record::Shape;
use super::{Format, RowReader};

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
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError> {
        Ok(Box::new(Reader {
            shape: Shape {
                columns: &COLUMNS,
                header,
                mark,
            },
            dates: DateReader::new(options)?,
            account: options.account.clone(),
        }))
    }
}

struct Reader {
    shape: Shape,
    dates: DateReader,
    account: Option<Account>,
}

impl RowReader for Reader {
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        let Some(record) = self.shape.record(record, line)? else {
            return Ok(None);
        };
        let at = record.time(DATE, &self.dates)?;
        let sent = record.leg(SENT, SENT + 1)?;
        let received = record.leg(RECEIVED, RECEIVED + 1)?;
        let fee = record.leg(FEE, FEE + 1)?;
        let net_worth = record.leg(NET_WORTH, NET_WORTH + 1)?;
        let fee_worth = record.leg(FEE_WORTH, FEE_WORTH + 1)?;
        if fee_worth.is_some() && fee.is_none() {
            let wrong = Wrong::new(
                "fee_worth_without_fee",
                "is the value of a fee, and this row has no fee amount",
            );
            return Err(record.error(FEE_WORTH, wrong));
        }
        let label = record.text(LABEL);
        let kind = kind_of(Some(label), sent.as_ref(), received.as_ref(), fee.as_ref())
            .map_err(|error| record.kind_error(LABEL, &error))?;
        let account = record.account(ACCOUNT, self.account.as_ref(), DEFAULT_ACCOUNT)?;
        Ok(Some(Row {
            id: record.note(ID),
            sent,
            received,
            fee,
            net_worth,
            fee_worth,
            tx_hash: record.note(TX_HASH),
            description: record.note(DESCRIPTION),
            ..record.row(at, kind, account, chunk)
        }))
    }
}
