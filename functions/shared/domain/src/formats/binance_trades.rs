//! Binance's spot trade history, in both of its forms.
//!
//! ```text
//! Date(UTC),Pair,Side,Price,Executed,Amount,Fee
//! Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin
//! ```
//!
//! The first writes quantities with their assets glued on, `0.001ETH`, and assets may begin with
//! digits: where the number ends follows from the pair, `0.51INCH` of `1INCHUSDT` is 0.5 of 1INCH. The
//! second writes bare quantities, and the pair is divided by the known quote assets. The header says
//! the offset of the times, `Date(UTC+1)`; newer files have `Time` and leave it to the file's name, so
//! their times are in the upload's zone, else UTC. Years may have two digits. Sources: Binance's FAQ
//! "How to download spot trade history", BittyTax's and rotki's readers of these files.

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::kinds::kind_of;
use crate::money::Decimal;
use crate::quote::quote;
use crate::rows::{Leg, Row};
use crate::settings::ParseOptions;

use super::binance_pairs::{self, Pair};
use super::dates::DateReader;
use super::error::{FormatError, RowError, Wrong};
use super::header::{Column, Columns, filled};
use super::record::{Record, Shape};
use super::{Format, RowReader, amounts};

/// The account of rows when the upload names none.
const ACCOUNT: &str = "Binance";

const DATE_NAME: &str = "Date({})";

const GLUED: [Column; 7] = [
    Column::mandatory(DATE_NAME).or("Time"),
    Column::mandatory("Pair"),
    Column::mandatory("Side"),
    Column::mandatory("Price"),
    Column::mandatory("Executed"),
    Column::mandatory("Amount"),
    Column::mandatory("Fee"),
];

const APART: [Column; 8] = [
    Column::mandatory(DATE_NAME).or("Time"),
    Column::mandatory("Market"),
    Column::mandatory("Type"),
    Column::mandatory("Price"),
    Column::mandatory("Amount"),
    Column::mandatory("Total"),
    Column::mandatory("Fee"),
    Column::mandatory("Fee Coin"),
];

// Places in both.
const DATE: usize = 0;
const PAIR: usize = 1;
const SIDE: usize = 2;
const BASE: usize = 4;
const QUOTE: usize = 5;
const FEE: usize = 6;
/// In `APART` alone.
const FEE_COIN: usize = 7;

/// The format with glued assets.
pub(super) struct BinanceTrades;

/// The format with assets in columns of their own.
pub(super) struct BinanceTradesApart;

impl Format for BinanceTrades {
    fn name(&self) -> &'static str {
        "binance_trades"
    }

    fn columns(&self) -> &'static [Column] {
        &GLUED
    }

    fn reader(
        &self,
        header: Columns,
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError> {
        let reader = Reader::new(self.name(), &GLUED, header, mark, options)?;
        Ok(Box::new(reader))
    }
}

impl Format for BinanceTradesApart {
    fn name(&self) -> &'static str {
        "binance_trades_total"
    }

    fn columns(&self) -> &'static [Column] {
        &APART
    }

    fn reader(
        &self,
        header: Columns,
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Box<dyn RowReader>, FormatError> {
        let reader = Reader::new(self.name(), &APART, header, mark, options)?;
        Ok(Box::new(reader))
    }
}

struct Reader {
    shape: Shape,
    dates: DateReader,
    account: Option<Account>,
    /// Whether the fee's asset has a column.
    has_fee_coin: bool,
}

/// What a trade moved.
struct Legs {
    base: Leg,
    quote: Leg,
    fee: Option<Leg>,
}

impl Reader {
    fn new(
        format: &'static str,
        columns: &'static [Column],
        header: Columns,
        mark: DecimalMark,
        options: &ParseOptions,
    ) -> Result<Self, FormatError> {
        let dates = DateReader::new(options)?.with_short_years();
        let written = header.place(DATE).map_or("", |place| header.cell(place));
        let dates = match filled(DATE_NAME, written) {
            None => dates,
            Some(zone) => dates
                .at_offset(zone)
                .ok_or_else(|| FormatError::NotItsHeader {
                    format,
                    why: format!(
                        "the column {} does not say an offset such as UTC or UTC+1",
                        quote(written)
                    ),
                })?,
        };
        Ok(Self {
            has_fee_coin: columns.len() > FEE_COIN,
            shape: Shape::english(columns, header, mark),
            dates,
            account: options.account.clone(),
        })
    }

    fn legs(&self, record: &Record<'_>, buys: bool) -> Result<Legs, RowError> {
        if self.has_fee_coin {
            return apart(record, buys);
        }
        let written = [BASE, QUOTE].map(|column| record.text(column));
        match binance_pairs::glued(record.text(PAIR), written) {
            Some(pair) => glued(record, &pair),
            None => half_glued(record, buys),
        }
    }
}

impl RowReader for Reader {
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        let Some(record) = self.shape.record(record, line)? else {
            return Ok(None);
        };
        let at = record.time(DATE, &self.dates)?;
        let buys = buys(&record)?;
        let Legs { base, quote, fee } = self.legs(&record, buys)?;
        let (sent, received) = if buys { (quote, base) } else { (base, quote) };
        let kind = kind_of(None, Some(&sent), Some(&received), fee.as_ref())
            .map_err(|error| record.kind_error(PAIR, &error))?;
        let account = record.account_of_file(self.account.as_ref(), ACCOUNT)?;
        Ok(Some(Row {
            sent: Some(sent),
            received: Some(received),
            fee,
            ..record.row(at, kind, account, chunk)
        }))
    }
}

fn buys(record: &Record<'_>) -> Result<bool, RowError> {
    let side = record.text(SIDE);
    if side.eq_ignore_ascii_case("buy") || side.eq_ignore_ascii_case("sell") {
        return Ok(side.eq_ignore_ascii_case("buy"));
    }
    let reason = format!("{} is neither BUY nor SELL", quote(side));
    Err(record.error(SIDE, Wrong::new("unknown_side", reason)))
}

/// The legs of a record whose quantities all carry their assets.
fn glued(record: &Record<'_>, pair: &Pair) -> Result<Legs, RowError> {
    Ok(Legs {
        base: unglued(record, BASE, &pair.base)?,
        quote: unglued(record, QUOTE, &pair.quote)?,
        fee: glued_fee(record, pair)?,
    })
}

/// The legs of a record that leaves the assets of its two quantities to the pair.
fn half_glued(record: &Record<'_>, buys: bool) -> Result<Legs, RowError> {
    for column in [BASE, QUOTE] {
        let text = record.text(column);
        if text.ends_with(|last: char| last.is_alphabetic()) {
            let reason = format!(
                "{} is not a quantity of an asset of the pair {}",
                quote(text),
                quote(record.text(PAIR))
            );
            return Err(record.error(column, Wrong::new("malformed_amount", reason)));
        }
    }
    let paid_in = binance_pairs::tail(record.text(FEE)).to_owned();
    let pair = divided(record, &paid_in, buys)?;
    let (base, quote) = bare(record, &pair)?;
    let fee = glued_fee(record, &pair)?;
    Ok(Legs { base, quote, fee })
}

/// The legs of a record with the fee's asset in a column of its own.
fn apart(record: &Record<'_>, buys: bool) -> Result<Legs, RowError> {
    let pair = divided(record, record.text(FEE_COIN), buys)?;
    let (base, quote) = bare(record, &pair)?;
    Ok(Legs {
        base,
        quote,
        fee: record.leg(FEE, FEE_COIN)?,
    })
}

/// The assets of a pair that stands alone.
fn divided(record: &Record<'_>, fee_asset: &str, buys: bool) -> Result<Pair, RowError> {
    binance_pairs::divided(record.text(PAIR), fee_asset, buys)
        .map_err(|wrong| record.error(PAIR, wrong))
}

fn bare(record: &Record<'_>, pair: &Pair) -> Result<(Leg, Leg), RowError> {
    let leg = |column: usize, asset: &str| {
        let amount = moved(record, column, record.amount(column)?)?;
        named(record, PAIR, amount, asset)
    };
    Ok((leg(BASE, &pair.base)?, leg(QUOTE, &pair.quote)?))
}

/// The quantity before a glued asset.
fn unglued(record: &Record<'_>, column: usize, asset: &str) -> Result<Leg, RowError> {
    let text = record.text(column);
    let number = binance_pairs::without(text, asset).unwrap_or(text);
    let amount =
        amounts::amount(number, record.mark()).map_err(|wrong| record.error(column, wrong))?;
    let amount = moved(record, column, amount)?;
    named(record, column, amount, asset)
}

/// The fee with its asset: one of the pair's, else a third one, which must begin with a letter.
fn glued_fee(record: &Record<'_>, pair: &Pair) -> Result<Option<Leg>, RowError> {
    let text = record.text(FEE);
    let asset = [&pair.base, &pair.quote]
        .into_iter()
        .filter(|asset| {
            binance_pairs::without(text, asset)
                .is_some_and(|number| amounts::amount(number, record.mark()).is_ok())
        })
        .max_by_key(|asset| asset.len())
        .map_or_else(|| binance_pairs::tail(text), String::as_str);
    let number = binance_pairs::without(text, asset).unwrap_or(text);
    let amount =
        amounts::amount(number, record.mark()).map_err(|wrong| record.error(FEE, wrong))?;
    let Some(amount) = amount else {
        return Ok(None);
    };
    named(record, FEE, amount, asset).map(Some)
}

fn named(
    record: &Record<'_>,
    column: usize,
    amount: Decimal,
    asset: &str,
) -> Result<Leg, RowError> {
    let asset: Asset = amounts::currency(asset).map_err(|wrong| record.error(column, wrong))?;
    Ok(Leg { amount, asset })
}

/// A trade moves something on both sides.
fn moved(record: &Record<'_>, column: usize, amount: Option<Decimal>) -> Result<Decimal, RowError> {
    amount.ok_or_else(|| {
        let wrong = Wrong::new(
            "no_amount",
            "is empty or zero, and a trade moves something on both sides",
        );
        record.error(column, wrong)
    })
}
