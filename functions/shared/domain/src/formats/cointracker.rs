//! CoinTracker's import template.
//!
//! ```text
//! Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,Fee Currency,Tag
//! ```
//!
//! Dates are `MM/DD/YYYY HH:MM:SS`, the time may be left out, and mean UTC unless the upload names a
//! zone. Tags belong to receipts and sends only. Source: CoinTracker's help, "Convert your transaction
//! history to CoinTracker CSV" and "Transaction category definitions".

use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::kinds::{self, kind_of};
use crate::quote::quote;
use crate::rows::Row;
use crate::settings::ParseOptions;

use super::dates::{DateReader, DayMonth};
use super::error::{FormatError, RowError, Wrong};
use super::header::{Column, Columns};
use super::record::{Record, Shape};
use super::{Format, RowReader};

/// The account of rows when the upload names none.
const ACCOUNT: &str = "CoinTracker";

const COLUMNS: [Column; 8] = [
    Column::mandatory("Date"),
    Column::mandatory("Received Quantity"),
    Column::mandatory("Received Currency"),
    Column::mandatory("Sent Quantity"),
    Column::mandatory("Sent Currency"),
    Column::mandatory("Fee Amount"),
    Column::mandatory("Fee Currency"),
    Column::mandatory("Tag"),
];

// Places in `COLUMNS`. The currency of an amount stands behind it.
const DATE: usize = 0;
const RECEIVED: usize = 1;
const SENT: usize = 3;
const FEE: usize = 5;
const TAG: usize = 7;

/// Every tag, normalised, with the label it means on a receipt and on a send; empty where it means
/// nothing.
const TAGS: [(&str, &str, &str); 31] = [
    ("airdrop", "airdrop", ""),
    ("borrow", "loan", ""),
    ("donation", "", "donation"),
    ("fee", "", "fee"),
    ("fork", "fork", ""),
    ("forked", "fork", ""),
    ("gift", "gift_received", "gift"),
    ("income", "income", ""),
    ("interest", "interest", ""),
    ("interest_expense", "", "loan_fee"),
    ("interest_income", "interest", ""),
    ("loan_repayment", "", "loan_repayment"),
    ("lost", "", "lost"),
    ("margin_fee", "", "margin_fee"),
    ("margin_gain", "margin_gain", ""),
    ("margin_loss", "", "margin_loss"),
    ("margin_rebate", "fee_refund", ""),
    ("mined", "mining", ""),
    ("mining", "mining", ""),
    ("mining_reward", "mining", ""),
    ("other_income", "other_income", ""),
    ("payment", "income", "cost"),
    ("rebate", "cashback", ""),
    ("reward", "reward", ""),
    ("stake", "", "stake"),
    ("staked", "staking", ""),
    ("staking", "staking", ""),
    ("staking_reward", "staking", ""),
    ("stolen", "", "lost"),
    ("transaction_fee", "", "fee"),
    ("unstake", "unstake", ""),
];

/// The format.
pub(super) struct CoinTracker;

impl Format for CoinTracker {
    fn name(&self) -> &'static str {
        "cointracker"
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
        let dates = DateReader::new(options)?;
        Ok(Box::new(Reader {
            shape: Shape {
                columns: &COLUMNS,
                header,
                mark,
            },
            dates: dates.in_order(DayMonth::MonthFirst).without_time(),
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
        let label = label(&record, received.is_some(), sent.is_some())?;
        let kind = kind_of(label, sent.as_ref(), received.as_ref(), fee.as_ref())
            .map_err(|error| record.kind_error(TAG, &error))?;
        let account = record.account_of_file(self.account.as_ref(), ACCOUNT)?;
        Ok(Some(Row {
            sent,
            received,
            fee,
            ..record.row(at, kind, account, chunk)
        }))
    }
}

/// The label a tag means for the legs of its row.
fn label(
    record: &Record<'_>,
    received: bool,
    sent: bool,
) -> Result<Option<&'static str>, RowError> {
    let tag = record.text(TAG);
    if tag.is_empty() {
        return Ok(None);
    }
    let Some((_, on_receipt, on_send)) = TAGS
        .iter()
        .find(|(known, ..)| kinds::same_label(known, tag))
    else {
        let reason = format!(
            "{} is not a known tag; leave it empty or use one of CoinTracker's such as staking, mined, gift or lost",
            quote(tag)
        );
        return Err(record.error(TAG, Wrong::new("unknown_tag", reason)));
    };
    match (received, sent) {
        (true, false) if !on_receipt.is_empty() => Ok(Some(on_receipt)),
        (false, _) if !on_send.is_empty() => Ok(Some(on_send)),
        _ => {
            let reason = format!(
                "the tag {} does not belong to a row with these amounts; tags are for rows that only receive or only send",
                quote(tag)
            );
            Err(record.error(TAG, Wrong::new("label_does_not_fit", reason)))
        }
    }
}
