//! Coinbase's transaction report, in the forms it had since 2018.
//!
//! ```text
//! [ID,]Timestamp,Transaction Type,Asset,Quantity Transacted,[Spot ]Price Currency,[Spot ]Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes[,Sender Address,Recipient Address]
//! Timestamp,Transaction Type,Asset,Quantity Transacted,EUR Spot Price at Transaction,EUR Subtotal,EUR Total (inclusive of fees),EUR Fees,Notes
//! Timestamp,Transaction Type,Asset,Quantity Transacted,USD Spot Price at Transaction,USD Amount Transacted (Inclusive of Coinbase Fees),Address,Notes
//! ```
//!
//! A few lines stand before the header, amounts of money carry a symbol, and newer files write what
//! left with a minus; the type says the direction, so the sign does not decide. `types` says
//! what each type means. What is counted how:
//!
//! | type | row | value |
//! |---|---|---|
//! | buy, sell | Subtotal in the price currency, Fees as the fee: cost = Subtotal + Fees = Total, proceeds = Subtotal - Fees | the money itself |
//! | the same for another asset than the price currency, as Notes say | the amount of Notes, in which the fee is already | Total |
//! | convert | what Notes say was received; the fee is in the rate, so it is no outflow of its own | Subtotal |
//! | send, receive, income, ... | the quantity | Subtotal |
//! | deposit, withdrawal of money | the quantity, with the fee stated apart where there is one | |
//!
//! A conversion of newer files stands in two records with the same Notes, one per asset: the record of
//! what was given is the row, the other one is ignored. `ETH2`, Coinbase's name for staked ETH, is ETH.
//! Sources: Coinbase's help, "Transaction history reports", and the readers of BittyTax and rotki.

mod money;
mod moves;
mod notes;
mod types;

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::kinds::kind_of;
use crate::rows::Row;
use crate::settings::ParseOptions;

use super::dates::{DateReader, DayMonth};
use super::error::{FormatError, RowError};
use super::header::{Column, Columns};
use super::record::Shape;
use super::{Format, RowReader};
use moves::Moves;

/// The account of rows when the upload names none.
const ACCOUNT: &str = "Coinbase";

const COLUMNS: [Column; 13] = [
    Column::mandatory("Timestamp"),
    Column::mandatory("Transaction Type"),
    Column::mandatory("Asset"),
    Column::mandatory("Quantity Transacted"),
    Column::mandatory("Price at Transaction").or("Spot Price at Transaction"),
    Column::mandatory("Total (inclusive of fees and/or spread)").or("Total (inclusive of fees)"),
    Column::mandatory("Notes"),
    Column::mandatory("Subtotal"),
    Column::mandatory("Fees and/or Spread").or("Fees"),
    Column::mandatory("Price Currency").or("Spot Price Currency"),
    Column::optional("ID"),
    Column::optional("Sender Address"),
    Column::optional("Recipient Address"),
];

const CURRENCY_IN_HEADER: [Column; 9] = [
    Column::mandatory("Timestamp"),
    Column::mandatory("Transaction Type"),
    Column::mandatory("Asset"),
    Column::mandatory("Quantity Transacted"),
    Column::mandatory("{} Spot Price at Transaction"),
    Column::mandatory("{} Total (inclusive of fees)")
        .or("{} Total (inclusive of fees and/or spread)"),
    Column::mandatory("Notes"),
    Column::mandatory("{} Subtotal"),
    Column::mandatory("{} Fees").or("{} Fees and/or Spread"),
];

const TOTAL_ONLY: [Column; 8] = [
    Column::mandatory("Timestamp"),
    Column::mandatory("Transaction Type"),
    Column::mandatory("Asset"),
    Column::mandatory("Quantity Transacted"),
    Column::mandatory("{} Spot Price at Transaction"),
    Column::mandatory("{} Amount Transacted (Inclusive of Coinbase Fees)"),
    Column::mandatory("Notes"),
    Column::mandatory("Address"),
];

// Places in each of them, as far as it has the column.
const TIMESTAMP: usize = 0;
const TYPE: usize = 1;
const ASSET: usize = 2;
const QUANTITY: usize = 3;
const PRICE: usize = 4;
const TOTAL: usize = 5;
const NOTES: usize = 6;
const SUBTOTAL: usize = 7;
const FEES: usize = 8;
const CURRENCY: usize = 9;
const ID: usize = 10;

/// The form with a currency in each record.
pub(super) struct Coinbase;

/// The form with the currency in the header.
pub(super) struct CoinbaseCurrencyInHeader;

/// The form that has only totals.
pub(super) struct CoinbaseTotalOnly;

impl Format for Coinbase {
    fn name(&self) -> &'static str {
        "coinbase"
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
        let reader = Reader::new(Shape::english(&COLUMNS, header, mark), None, options)?;
        Ok(Box::new(reader))
    }
}

impl Format for CoinbaseCurrencyInHeader {
    fn name(&self) -> &'static str {
        "coinbase_currency_in_header"
    }

    fn columns(&self) -> &'static [Column] {
        &CURRENCY_IN_HEADER
    }

    fn reader(
        &self,
        header: Columns,
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError> {
        let amounts = [PRICE, TOTAL, SUBTOTAL, FEES];
        let currency = header.currency(&CURRENCY_IN_HEADER, &amounts, self.name())?;
        let shape = Shape::english(&CURRENCY_IN_HEADER, header, mark);
        Ok(Box::new(Reader::new(shape, Some(currency), options)?))
    }
}

impl Format for CoinbaseTotalOnly {
    fn name(&self) -> &'static str {
        "coinbase_total_only"
    }

    fn columns(&self) -> &'static [Column] {
        &TOTAL_ONLY
    }

    fn reader(
        &self,
        header: Columns,
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError> {
        let currency = header.currency(&TOTAL_ONLY, &[PRICE, TOTAL], self.name())?;
        let shape = Shape::english(&TOTAL_ONLY, header, mark);
        let mut reader = Reader::new(shape, Some(currency), options)?;
        reader.total_only = true;
        // These files wrote days as Americans do, and no time.
        reader.dates = reader.dates.in_order(DayMonth::MonthFirst).without_time();
        Ok(Box::new(reader))
    }
}

struct Reader {
    shape: Shape,
    /// Of all records, when the header names it.
    currency: Option<Asset>,
    /// Whether there is neither Subtotal nor Fees.
    total_only: bool,
    dates: DateReader,
    account: Option<Account>,
}

impl RowReader for Reader {
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        let Some(record) = self.shape.record(record, line)? else {
            return Ok(None);
        };
        let means = types::means(record.text(TYPE), record.text(NOTES))
            .map_err(|wrong| record.error(TYPE, wrong))?;
        let at = record.time(TIMESTAMP, &self.dates)?;
        let Some(moves) = self.moves(&record, means)? else {
            return Ok(None);
        };
        let Moves {
            label,
            sent,
            received,
            fee,
            worth,
        } = moves;
        let kind = kind_of(Some(label), sent.as_ref(), received.as_ref(), fee.as_ref())
            .map_err(|error| record.kind_error(TYPE, &error))?;
        let account = record.account_of_file(self.account.as_ref(), ACCOUNT)?;
        Ok(Some(Row {
            id: record.note(ID),
            sent,
            received,
            fee,
            net_worth: worth,
            description: record.note(NOTES),
            ..record.row(at, kind, account, chunk)
        }))
    }
}

impl Reader {
    fn new(
        shape: Shape,
        currency: Option<Asset>,
        options: &ParseOptions,
    ) -> Result<Self, FormatError> {
        Ok(Self {
            shape,
            currency,
            total_only: false,
            dates: DateReader::new(options)?,
            account: options.account.clone(),
        })
    }
}
