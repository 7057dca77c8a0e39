//! Coinbase's transaction report, in the forms it had since 2018.
//!
//! ```text
//! [ID,]Timestamp,Transaction Type,Asset,Quantity Transacted,[Spot ]Price Currency,[Spot ]Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes[,Sender Address,Recipient Address]
//! Timestamp,Transaction Type,Asset,Quantity Transacted,EUR Spot Price at Transaction,EUR Subtotal,EUR Total (inclusive of fees),EUR Fees,Notes
//! Timestamp,Transaction Type,Asset,Quantity Transacted,USD Spot Price at Transaction,USD Amount Transacted (Inclusive of Coinbase Fees),Address,Notes
//! ```
//!
//! A few lines stand before the header, amounts of money carry a symbol, and newer files write what
//! left with a minus; the type says the direction, so the sign does not decide. `coinbase_types` says
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

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::kinds::kind_of;
use crate::money::Decimal;
use crate::quote::quote;
use crate::rows::{Leg, Row};
use crate::settings::ParseOptions;

use super::coinbase_notes::{self, Note};
use super::coinbase_types::{self, Means};
use super::dates::{DateReader, DayMonth};
use super::error::{FormatError, RowError, Wrong};
use super::header::{Column, Columns};
use super::record::{Record, Shape};
use super::{Format, RowReader};

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

/// What Subtotal, Fees and Total may differ by, in hundredths of a unit of money and in thousandths of
/// the total: they are rounded for display, each on its own.
const ROUNDING_HUNDREDTHS: u64 = 2;
const ROUNDING_THOUSANDTHS: u64 = 5;

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

/// What moves in a record.
#[derive(Default)]
struct Moves {
    label: &'static str,
    sent: Option<Leg>,
    received: Option<Leg>,
    fee: Option<Leg>,
    worth: Option<Leg>,
}

impl RowReader for Reader {
    fn read(&self, record: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        let Some(record) = self.shape.record(record, line)? else {
            return Ok(None);
        };
        let means = coinbase_types::means(record.text(TYPE), record.text(NOTES))
            .map_err(|wrong| record.error(TYPE, wrong))?;
        let at = self
            .dates
            .read(record.text(TIMESTAMP))
            .map_err(|wrong| record.error(TIMESTAMP, wrong))?;
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

    /// What a record of that meaning moves; `None` when nothing, because it is a move within Coinbase
    /// or the second record of a conversion.
    fn moves(&self, record: &Record<'_>, means: Means) -> Result<Option<Moves>, RowError> {
        if means == Means::Internal {
            return Ok(None);
        }
        let (leg, negative) = quantity(record)?;
        match means {
            Means::In(_) | Means::Buy | Means::CashIn if negative => Err(against_its_type(record)),
            Means::Buy => self.bought(record, leg).map(Some),
            Means::Sell => self.sold(record, leg).map(Some),
            Means::Convert => self.converted(record, leg, negative),
            Means::In(label) => Ok(Some(Moves {
                label,
                received: Some(leg),
                worth: self.subtotal(record)?,
                ..Moves::default()
            })),
            Means::Out(label) => Ok(Some(Moves {
                label,
                sent: Some(leg),
                fee: self.fee(record)?,
                worth: self.subtotal(record)?,
                ..Moves::default()
            })),
            Means::Staked => Ok(Some(staked(leg, negative))),
            Means::CashIn | Means::CashOut => self.cash(record, leg, means).map(Some),
            Means::Internal => Ok(None),
        }
    }

    /// A buy: what was paid is Subtotal, and Fees on top.
    fn bought(&self, record: &Record<'_>, received: Leg) -> Result<Moves, RowError> {
        let (sent, fee, worth) = self.money(record, true)?;
        Ok(Moves {
            sent: Some(sent),
            received: Some(received),
            fee,
            worth,
            ..Moves::default()
        })
    }

    /// A sale: what was got is Subtotal, of which Fees were kept.
    fn sold(&self, record: &Record<'_>, sent: Leg) -> Result<Moves, RowError> {
        let (received, fee, worth) = self.money(record, false)?;
        Ok(Moves {
            sent: Some(sent),
            received: Some(received),
            fee,
            worth,
            ..Moves::default()
        })
    }

    /// The other side of a buy or sale, its fee, and its value where the side is not in the price
    /// currency.
    fn money(
        &self,
        record: &Record<'_>,
        buys: bool,
    ) -> Result<(Leg, Option<Leg>, Option<Leg>), RowError> {
        let currency = self.price_currency(record)?;
        let (whole, fee) = self.whole_and_fee(record, buys)?;
        if let Some(Note::Traded(side)) = coinbase_notes::read(record.text(NOTES))
            && side.asset != currency
        {
            let total = match (&fee, buys) {
                (None, _) => Ok(whole),
                (Some(fee), true) => whole.plus(fee),
                (Some(fee), false) => whole.minus(fee),
            };
            let amount = total.map_err(|error| too_large(record, TOTAL, &error))?;
            let worth = Leg {
                amount,
                asset: currency,
            };
            return Ok((side, None, Some(worth)));
        }
        let leg = |amount| Leg {
            amount,
            asset: currency.clone(),
        };
        Ok((leg(whole), fee.map(leg), None))
    }

    /// The money of a trade before its fee, and the fee. Some files call the amount before the fee of a
    /// sale Total and the one after it Subtotal: the larger of the two is the one before. A fee with a
    /// minus is a rebate, and Total what moved.
    fn whole_and_fee(
        &self,
        record: &Record<'_>,
        buys: bool,
    ) -> Result<(Decimal, Option<Decimal>), RowError> {
        let total = record.size(TOTAL)?;
        if self.total_only {
            return Ok((total.ok_or_else(|| no_money(record, TOTAL))?, None));
        }
        let fee = record.signed(FEES)?;
        let subtotal = record.signed(SUBTOTAL)?;
        let is_rebate = fee.as_ref().is_some_and(Decimal::is_negative)
            && subtotal
                .as_ref()
                .is_some_and(|subtotal| !subtotal.is_negative());
        let subtotal = subtotal.map(|subtotal| subtotal.abs());
        let fee = fee.map(|fee| fee.abs());
        match (subtotal, total) {
            (_, Some(total)) if is_rebate => Ok((total, None)),
            (Some(subtotal), Some(total)) => {
                let (low, high) = if subtotal < total {
                    (subtotal, total)
                } else {
                    (total, subtotal)
                };
                check_sum(record, &low, &high, fee.as_ref())?;
                Ok((if buys { low } else { high }, fee))
            }
            (Some(subtotal), None) => Ok((subtotal, fee)),
            (None, Some(total)) if fee.is_none() => Ok((total, None)),
            (None, _) => Err(no_money(record, SUBTOTAL)),
        }
    }

    /// A conversion: Notes alone say what was received.
    fn converted(
        &self,
        record: &Record<'_>,
        leg: Leg,
        negative: bool,
    ) -> Result<Option<Moves>, RowError> {
        let Some(Note::Converted { from, to }) = coinbase_notes::read(record.text(NOTES)) else {
            let reason = format!(
                "{} does not say what was received; it must read such as \"Converted 0.01 BTC to 0.1785 ETH\"",
                quote(record.text(NOTES))
            );
            return Err(record.error(NOTES, Wrong::new("unreadable_notes", reason)));
        };
        if leg.asset == to.asset && leg.asset != from.asset && !negative {
            return Ok(None);
        }
        if leg.asset != from.asset {
            let reason = format!(
                "{} speaks of other assets than the record",
                quote(record.text(NOTES))
            );
            return Err(record.error(NOTES, Wrong::new("unreadable_notes", reason)));
        }
        Ok(Some(Moves {
            sent: Some(leg),
            received: Some(to),
            worth: self.subtotal(record)?,
            ..Moves::default()
        }))
    }

    /// Money paid in or out. The quantity is what the balance changed by, after the fee.
    fn cash(&self, record: &Record<'_>, leg: Leg, means: Means) -> Result<Moves, RowError> {
        let currency = self.price_currency(record)?;
        if leg.asset != currency {
            let worth = self.subtotal(record)?;
            let leg = Some(leg);
            return Ok(match means {
                Means::CashIn => Moves {
                    received: leg,
                    worth,
                    ..Moves::default()
                },
                _ => Moves {
                    sent: leg,
                    worth,
                    ..Moves::default()
                },
            });
        }
        let fee = if self.total_only {
            None
        } else {
            record.size(FEES)?
        };
        let paid = fee.unwrap_or(Decimal::ZERO);
        let amount = match means {
            Means::CashIn => leg.amount.plus(&paid),
            _ => leg.amount.minus(&paid),
        };
        let amount = amount.map_err(|error| too_large(record, QUANTITY, &error))?;
        if amount.is_negative() || amount.is_zero() {
            let wrong = Wrong::new(
                "inconsistent_total",
                "is not more than the fee of the record",
            );
            return Err(record.error(QUANTITY, wrong));
        }
        let moved = Some(Leg {
            amount,
            asset: leg.asset,
        });
        let fee = (!paid.is_zero()).then_some(Leg {
            amount: paid,
            asset: currency,
        });
        Ok(match means {
            Means::CashIn => Moves {
                received: moved,
                fee,
                ..Moves::default()
            },
            _ => Moves {
                sent: moved,
                fee,
                ..Moves::default()
            },
        })
    }

    fn price_currency(&self, record: &Record<'_>) -> Result<Asset, RowError> {
        match &self.currency {
            Some(currency) => Ok(currency.clone()),
            None => record.asset(CURRENCY),
        }
    }

    /// The value of a record, where it is written.
    fn subtotal(&self, record: &Record<'_>) -> Result<Option<Leg>, RowError> {
        self.in_price_currency(record, if self.total_only { TOTAL } else { SUBTOTAL })
    }

    fn fee(&self, record: &Record<'_>) -> Result<Option<Leg>, RowError> {
        if self.total_only {
            return Ok(None);
        }
        self.in_price_currency(record, FEES)
    }

    fn in_price_currency(
        &self,
        record: &Record<'_>,
        column: usize,
    ) -> Result<Option<Leg>, RowError> {
        let Some(amount) = record.size(column)? else {
            return Ok(None);
        };
        let asset = self.price_currency(record)?;
        Ok(Some(Leg { amount, asset }))
    }
}

/// The quantity of a record with its asset, and whether it is written with a minus.
fn quantity(record: &Record<'_>) -> Result<(Leg, bool), RowError> {
    let Some(amount) = record.signed(QUANTITY)? else {
        let wrong = Wrong::new("no_amount", "is empty or zero, so nothing moves");
        return Err(record.error(QUANTITY, wrong));
    };
    let asset =
        coinbase_notes::asset(record.text(ASSET)).map_err(|wrong| record.error(ASSET, wrong))?;
    let leg = Leg {
        amount: amount.abs(),
        asset,
    };
    Ok((leg, amount.is_negative()))
}

/// Into or out of staking within Coinbase, by its sign: the two records cancel each other.
fn staked(leg: Leg, negative: bool) -> Moves {
    if negative {
        Moves {
            label: "stake",
            sent: Some(leg),
            ..Moves::default()
        }
    } else {
        Moves {
            label: "unstake",
            received: Some(leg),
            ..Moves::default()
        }
    }
}

/// Subtotal and Total differ by the fee, but for their rounding.
fn check_sum(
    record: &Record<'_>,
    low: &Decimal,
    high: &Decimal,
    fee: Option<&Decimal>,
) -> Result<(), RowError> {
    let overflow = |error| too_large(record, TOTAL, &error);
    let off = high
        .minus(low)
        .and_then(|gap| gap.minus(fee.unwrap_or(&Decimal::ZERO)))
        .map_err(overflow)?
        .abs();
    let is_at_most = |parts: u64, of: u64, whole: &Decimal| {
        let (scaled, bound) = (
            off.times(&Decimal::from(of)),
            whole.times(&Decimal::from(parts)),
        );
        Ok::<bool, RowError>(scaled.map_err(overflow)? <= bound.map_err(overflow)?)
    };
    if is_at_most(ROUNDING_HUNDREDTHS, 100, &Decimal::ONE)?
        || is_at_most(ROUNDING_THOUSANDTHS, 1000, high)?
    {
        return Ok(());
    }
    let wrong = Wrong::new(
        "inconsistent_total",
        "does not differ from the subtotal by the fees; correct the record, or leave out the fee if it is in neither",
    );
    Err(record.error(TOTAL, wrong))
}

fn against_its_type(record: &Record<'_>) -> RowError {
    let reason = format!(
        "{} is negative, and a record of type {} only receives",
        quote(record.text(QUANTITY)),
        quote(record.text(TYPE))
    );
    record.error(QUANTITY, Wrong::new("negative_amount", reason))
}

fn no_money(record: &Record<'_>, column: usize) -> RowError {
    let wrong = Wrong::new(
        "no_amount",
        "is empty or zero, so the record does not say what was paid",
    );
    record.error(column, wrong)
}

fn too_large(
    record: &Record<'_>,
    column: usize,
    error: &crate::money::ArithmeticError,
) -> RowError {
    let reason = format!(
        "{} cannot be computed with: {error}",
        quote(record.text(column))
    );
    record.error(column, Wrong::new("amount_out_of_range", reason))
}
