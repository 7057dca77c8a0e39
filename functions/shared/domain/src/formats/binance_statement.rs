//! Binance's account statement ("transaction history"): one record per movement of one coin.
//!
//! ```text
//! User_ID,UTC_Time,Account,Operation,Coin,Change,Remark
//! ```
//!
//! in any order; newer exports write `User ID` and `Time`, older ones have no user. Times may have
//! years of two digits. The records of one event share nothing but the second, so a second of one user
//! is read at once: what it holds of a trade becomes one trade, everything else rows of its own.
//! Identical records are real fills and all count. Wallets (spot, earn, funding, margin, futures) are one
//! account: moves between them carry nothing and are ignored.
//!
//! A record has no ID: rows have none either, and repeat an earlier upload by their content.
//!
//! Which operation is what: `operations.rs`, after BittyTax, rotki and Koinly. A second with several
//! trades that cannot be told apart is refused: Binance's export of trades names each.

mod operations;
mod trades;

use std::collections::BTreeMap;

use crate::asset::Asset;
use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::money::Decimal;
use crate::quote::quote;
use crate::rows::{Kind, Leg, Row};
use crate::settings::ParseOptions;
use crate::time::Instant;

use super::dates::DateReader;
use super::error::{FormatError, RowError, Wrong};
use super::groups::{GroupRead, GroupReader, GroupRecord, named};
use super::header::{Column, Columns};
use super::record::{Record, Shape, cell};
use super::{Format, RowReader};
use operations::Role;

/// The account of all rows, when the upload names none.
const DEFAULT_ACCOUNT: &str = "Binance";
/// The column whose name says that its times are of UTC, whatever zone the upload names.
const UTC_TIME: &str = "UTC_Time";

const COLUMNS: [Column; 7] = [
    Column::mandatory(UTC_TIME).or("Time"),
    Column::mandatory("Account"),
    Column::mandatory("Operation"),
    Column::mandatory("Coin"),
    Column::mandatory("Change"),
    Column::mandatory("Remark"),
    Column::optional("User_ID").or("User ID"),
];

// Places in `COLUMNS`.
const TIME: usize = 0;
const ACCOUNT: usize = 1;
const OPERATION: usize = 2;
const COIN: usize = 3;
const CHANGE: usize = 4;
const REMARK: usize = 5;
const USER: usize = 6;

/// The format.
pub(super) struct BinanceStatement;

impl Format for BinanceStatement {
    fn name(&self) -> &'static str {
        "binance_statement"
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
            shape: Shape::english(&COLUMNS, header, mark),
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

/// One movement of one coin.
struct Entry<'a> {
    /// Its place in the group.
    place: usize,
    line: u64,
    at: Instant,
    wallet: &'a str,
    operation: &'a str,
    coin: Asset,
    /// What came, or with a sign what went.
    change: Decimal,
    remark: &'a str,
    role: Option<Role>,
}

/// What all rows of a file have in common.
struct Make {
    account: Account,
    chunk: u32,
}

impl RowReader for Reader {
    /// A record without a time: no group has it, and no row.
    fn read(&self, fields: &[&str], line: u64, _chunk: u32) -> Result<Option<Row>, RowError> {
        let Some(record) = self.shape.record(fields, line)? else {
            return Ok(None);
        };
        let error = self.entry(&record, 0).err();
        Err(error.unwrap_or_else(|| Wrong::new("missing_date", "has no time").at(line, None)))
    }

    fn groups(&self) -> Option<&dyn GroupReader> {
        Some(self)
    }
}

impl GroupReader for Reader {
    fn key(&self, record: &[&[u8]]) -> Option<String> {
        let text = |column| cell(record, self.shape.header.place(column));
        let (time, user) = (text(TIME), text(USER));
        match (time.as_str(), user.as_str()) {
            ("", _) => None,
            (time, "") => Some(format!("the second {}", named(time))),
            (time, user) => Some(format!(
                "the second {} of user {}",
                named(time),
                named(user)
            )),
        }
    }

    fn read(&self, key: &str, group: &[GroupRecord<'_>], chunk: u32) -> GroupRead {
        let mut entries = Vec::with_capacity(group.len());
        let mut make = None;
        let mut errors = BTreeMap::new();
        for (place, record) in group.iter().enumerate() {
            match self.member(record, place, chunk) {
                Ok((entry, of_file)) => {
                    entries.push(entry);
                    make = Some(of_file);
                }
                Err(error) => drop(errors.insert(place, error)),
            }
        }
        match make.filter(|_| errors.is_empty()) {
            Some(make) => events(key, &entries, &make),
            None => GroupRead::broken(key, group, errors),
        }
    }
}

impl Reader {
    /// A record of a group. One that has a key is not empty.
    fn member<'a>(
        &'a self,
        record: &'a GroupRecord<'a>,
        place: usize,
        chunk: u32,
    ) -> Result<(Entry<'a>, Make), RowError> {
        let line = record.line;
        let record = self.shape.record(&record.fields, line)?;
        let record = record.ok_or_else(|| Wrong::new("empty_record", "is empty").at(line, None))?;
        let account = record.account_of_file(self.account.as_ref(), DEFAULT_ACCOUNT)?;
        Ok((self.entry(&record, place)?, Make { account, chunk }))
    }

    fn entry<'a>(&self, record: &Record<'a>, place: usize) -> Result<Entry<'a>, RowError> {
        let (wallet, operation) = (record.text(ACCOUNT), record.text(OPERATION));
        Ok(Entry {
            place,
            line: record.line,
            at: self.at(record)?,
            wallet,
            operation,
            coin: record.asset(COIN)?,
            change: record.signed(CHANGE)?.unwrap_or_else(|| Decimal::from(0)),
            remark: record.text(REMARK),
            role: operations::role(wallet, operation, record.text(REMARK)),
        })
    }

    /// The time, whose year may have two digits: of this century, for Binance began in 2017.
    fn at(&self, record: &Record<'_>) -> Result<Instant, RowError> {
        let mut text = record.text(TIME).to_owned();
        let short = text
            .split('-')
            .next()
            .is_some_and(|year| year.len() == 2 && year.bytes().all(|byte| byte.is_ascii_digit()));
        if short {
            text.insert_str(0, "20");
        }
        let place = self.shape.header.place(TIME);
        let is_utc =
            place.is_some_and(|place| self.shape.header.cell(place).eq_ignore_ascii_case(UTC_TIME));
        if is_utc && !text.is_empty() {
            text.push_str(" UTC");
        }
        self.dates
            .read(&text)
            .map_err(|wrong| record.error(TIME, wrong))
    }
}

/// What the entries of one second become.
fn events(key: &str, entries: &[Entry<'_>], make: &Make) -> GroupRead {
    let mut read = GroupRead::default();
    let mut families: Vec<((&str, &str), Vec<&Entry<'_>>)> = Vec::new();
    for entry in entries {
        match &entry.role {
            Some(Role::Side(family) | Role::Fee(family)) => {
                let family = (family.name(), family.wallet(entry.wallet));
                match families.iter_mut().find(|(of, _)| *of == family) {
                    Some((_, members)) => members.push(entry),
                    None => families.push((family, vec![entry])),
                }
            }
            Some(Role::Moves(comes, goes)) => match single(entry, *comes, *goes, make) {
                Ok(row) => read.keep(row),
                Err(wrong) => read.refuse(key, entry.place, entry.line, &wrong),
            },
            Some(Role::Stays) => {}
            None => read.refused.push((entry.place, unknown(entry))),
        }
    }
    for (_, members) in &families {
        match trades::rows(members, make) {
            Ok(rows) => rows.into_iter().for_each(|row| read.keep(Some(row))),
            Err(wrong) => {
                for entry in members {
                    read.refuse(key, entry.place, entry.line, &wrong);
                }
            }
        }
    }
    read.of_records(entries.len())
}

/// The row of an entry that is an event of its own; none when nothing moves.
fn single(
    entry: &Entry<'_>,
    comes: Option<Kind>,
    goes: Option<Kind>,
    make: &Make,
) -> Result<Option<Row>, Wrong> {
    let leg = Leg {
        amount: entry.change.abs(),
        asset: entry.coin.clone(),
    };
    let negative = entry.change.is_negative();
    if leg.amount.is_zero() {
        return Ok(None);
    }
    let Some(kind) = (if negative { goes } else { comes }) else {
        let reason = format!(
            "{} of {} {} goes the other way than that operation does; enter by hand what it was",
            quote(entry.operation),
            entry.change,
            entry.coin
        );
        return Err(Wrong::new("wrong_direction", reason));
    };
    let mut row = make.row(entry, kind);
    row.description = Some(match entry.remark {
        "" => entry.operation.into(),
        remark => format!("{}: {remark}", entry.operation).into(),
    });
    match (kind, negative) {
        (Kind::MarginFee, true) => row.fee = Some(leg),
        (_, true) => row.sent = Some(leg),
        (_, false) => row.received = Some(leg),
    }
    Ok(Some(row))
}

fn unknown(entry: &Entry<'_>) -> RowError {
    let reason = format!(
        "{} in the account {} is not a known operation of Binance; enter what it moved by hand",
        quote(entry.operation),
        quote(entry.wallet)
    );
    Wrong::new("unknown_operation", reason).at(entry.line, Some("Operation"))
}

impl Make {
    /// A row of one entry that so far moves nothing.
    fn row(&self, entry: &Entry<'_>, kind: Kind) -> Row {
        Row {
            at: entry.at,
            line: entry.line,
            chunk: self.chunk,
            kind,
            account: self.account.clone(),
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
}

#[cfg(test)]
mod tests;
