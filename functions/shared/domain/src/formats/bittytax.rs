//! BittyTax's transaction records, as its users write them and as `bittytax_conv` makes them.
//!
//! ```text
//! Type,Buy Quantity,Buy Asset,Buy Value in GBP,Sell Quantity,Sell Asset,Sell Value in GBP,Fee Quantity,Fee Asset,Fee Value in GBP,Wallet,Timestamp,Note
//! ```
//!
//! The currency of the values stands in the header. Timestamps are UTC unless they say otherwise. A
//! wallet is an account. Source: BittyTax's README, "Transaction Records".

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::kinds::{self, kind_of};
use crate::quote::quote;
use crate::rows::{Leg, Row};
use crate::settings::ParseOptions;

use super::dates::DateReader;
use super::error::{FormatError, RowError, Wrong};
use super::header::{Column, Columns};
use super::record::{Record, Shape};
use super::{Format, RowReader};

/// The account of rows without a wallet, when the upload names none either.
const NO_WALLET: &str = "BittyTax";

const COLUMNS: [Column; 13] = [
    Column::mandatory("Type"),
    Column::mandatory("Buy Quantity"),
    Column::mandatory("Buy Asset"),
    Column::mandatory("Buy Value in {}"),
    Column::mandatory("Sell Quantity"),
    Column::mandatory("Sell Asset"),
    Column::mandatory("Sell Value in {}"),
    Column::mandatory("Fee Quantity"),
    Column::mandatory("Fee Asset"),
    Column::mandatory("Fee Value in {}"),
    Column::mandatory("Wallet"),
    Column::mandatory("Timestamp"),
    Column::mandatory("Note"),
];

// Places in `COLUMNS`. Behind a quantity stand its asset and its value.
const TYPE: usize = 0;
const BUY: usize = 1;
const SELL: usize = 4;
const FEE: usize = 7;
const WALLET: usize = 10;
const TIMESTAMP: usize = 11;
const NOTE: usize = 12;
const VALUES: [usize; 3] = [BUY + 2, SELL + 2, FEE + 2];

/// Which quantities a type of record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sides {
    Buy,
    Sell,
    Both,
}

/// Every type of record, normalised, with its quantities and the label it means.
const TYPES: [(&str, Sides, &str); 28] = [
    ("airdrop", Sides::Buy, "airdrop"),
    ("cashback", Sides::Buy, "cashback"),
    ("charity_sent", Sides::Sell, "donation"),
    ("deposit", Sides::Buy, ""),
    ("dividend", Sides::Buy, "other_income"),
    ("fee_rebate", Sides::Buy, "fee_refund"),
    ("fork", Sides::Buy, "fork"),
    ("gift_received", Sides::Buy, "gift_received"),
    ("gift_sent", Sides::Sell, "gift"),
    ("income", Sides::Buy, "income"),
    ("interest", Sides::Buy, "interest"),
    ("loan", Sides::Buy, "loan"),
    ("loan_interest", Sides::Sell, "loan_fee"),
    ("loan_repayment", Sides::Sell, "loan_repayment"),
    ("lost", Sides::Sell, "lost"),
    ("margin_fee", Sides::Sell, "margin_fee"),
    ("margin_fee_rebate", Sides::Buy, "fee_refund"),
    ("margin_gain", Sides::Buy, "margin_gain"),
    ("margin_loss", Sides::Sell, "margin_loss"),
    ("mining", Sides::Buy, "mining"),
    ("referral", Sides::Buy, "referral"),
    ("spend", Sides::Sell, "cost"),
    ("stake", Sides::Sell, "stake"),
    ("staking", Sides::Buy, "staking"),
    ("staking_reward", Sides::Buy, "staking"),
    ("trade", Sides::Both, ""),
    ("unstake", Sides::Buy, "unstake"),
    ("withdrawal", Sides::Sell, ""),
];

/// The format.
pub(super) struct BittyTax;

impl Format for BittyTax {
    fn name(&self) -> &'static str {
        "bittytax"
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
            currency: header.currency(&COLUMNS, &VALUES, self.name())?,
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
    /// Of the values.
    currency: Asset,
    dates: DateReader,
    account: Option<Account>,
}

impl RowReader for Reader {
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        let Some(record) = self.shape.record(record, line)? else {
            return Ok(None);
        };
        let (sides, label) = record_type(&record)?;
        let at = record.time(TIMESTAMP, &self.dates)?;
        let received = record.leg(BUY, BUY + 1)?;
        let sent = record.leg(SELL, SELL + 1)?;
        let fee = record.leg(FEE, FEE + 1)?;
        check_sides(&record, sides, received.is_some(), sent.is_some())?;
        let fee_worth = self.worth(&record, FEE)?;
        if fee_worth.is_some() && fee.is_none() {
            let wrong = Wrong::new(
                "fee_worth_without_fee",
                "is the value of a fee, and this row has no fee quantity",
            );
            return Err(record.error(FEE + 2, wrong));
        }
        let kind = kind_of(Some(label), sent.as_ref(), received.as_ref(), fee.as_ref())
            .map_err(|error| record.kind_error(TYPE, &error))?;
        let account = record.account(WALLET, self.account.as_ref(), NO_WALLET)?;
        Ok(Some(Row {
            sent,
            received,
            fee,
            net_worth: self.net_worth(&record)?,
            fee_worth,
            description: record.note(NOTE),
            ..record.row(at, kind, account, chunk)
        }))
    }
}

impl Reader {
    /// The value beside a quantity.
    fn worth(&self, record: &Record<'_>, quantity: usize) -> Result<Option<Leg>, RowError> {
        let amount = record.amount(quantity + 2)?;
        Ok(amount.map(|amount| Leg {
            amount,
            asset: self.currency.clone(),
        }))
    }

    /// The value of the record. A trade may state it on both sides, but it has one.
    fn net_worth(&self, record: &Record<'_>) -> Result<Option<Leg>, RowError> {
        let (bought, sold) = (self.worth(record, BUY)?, self.worth(record, SELL)?);
        if bought.is_some() && sold.is_some() && bought != sold {
            let wrong = Wrong::new(
                "two_values",
                "differs from the value of what was bought; a trade has one value, so write it once, or the same twice",
            );
            return Err(record.error(SELL + 2, wrong));
        }
        Ok(bought.or(sold))
    }
}

fn record_type(record: &Record<'_>) -> Result<(Sides, &'static str), RowError> {
    let text = record.text(TYPE);
    if let Some((_, sides, label)) = TYPES
        .iter()
        .find(|(known, ..)| kinds::same_label(known, text))
    {
        return Ok((*sides, label));
    }
    let reason = if kinds::same_label("gift_spouse", text) {
        format!(
            "{} is not supported: it passes on the cost without a gain, which no type here does; leave the record out, and enter the gift by hand on both sides",
            quote(text)
        )
    } else {
        format!(
            "{} is not a type of BittyTax's transaction records; use one such as Trade, Deposit, Withdrawal, Mining or Spend",
            quote(text)
        )
    };
    Err(record.error(TYPE, Wrong::new("unknown_type", reason)))
}

/// A record has the quantities of its type, and no others.
fn check_sides(record: &Record<'_>, sides: Sides, buy: bool, sell: bool) -> Result<(), RowError> {
    let expected = match (sides, buy, sell) {
        (Sides::Buy, true, false) | (Sides::Sell, false, true) | (Sides::Both, true, true) => {
            return Ok(());
        }
        (Sides::Buy, ..) => "a buy quantity and no sell quantity",
        (Sides::Sell, ..) => "a sell quantity and no buy quantity",
        (Sides::Both, ..) => "both a buy and a sell quantity",
    };
    let reason = format!("{} needs {expected}", quote(record.text(TYPE)));
    Err(record.error(TYPE, Wrong::new("label_does_not_fit", reason)))
}
