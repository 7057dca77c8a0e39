//! Kraken's ledger export: one record per movement of one asset.
//!
//! ```text
//! txid,refid,time,type,subtype,aclass,asset,wallet,amount,fee,balance
//! ```
//!
//! in any order; `subtype`, `subclass`, `wallet` and `amountusd` only in newer or older exports. Fields:
//! Kraken's help, "How to interpret Ledger history fields". A fee is in the record's own asset and
//! leaves on top of the amount. Wallets (spot, earn, futures) are one account: moves between them carry
//! nothing and are ignored. `amountusd` is Kraken's own estimate: it only divides what several swept
//! assets came to.
//!
//! | records | become |
//! |---|---|
//! | without `txid` | ignored: Kraken repeats them with one when they are final |
//! | `trade`, `settled`, `spend` with `receive`, a delisted asset's conversion: one `refid` | one trade; a fee in a second asset is a row of its own; what comes and goes of one asset alike is the exchange's own settlement and left out |
//! | `dustsweeping` of several assets under one `refid` | a trade of each, in the proportion of `amountusd`; without it a row error |
//! | `deposit`, `withdrawal` | themselves; with one that takes all of it back under the same `refid`, nothing |
//! | `transfer`, `earn` between wallets | ignored |
//! | `earn` `reward`, `staking`, `dividend`, `invite bonus`, `airdrop` | income of their kind |
//! | `transfer` without a subtype, `adjustment` | an airdrop or fork when it comes, a cost when it goes, as BittyTax reads them |
//! | `margin`, `rollover` | gain, loss and fee of a margin position |
//! | anything else | a row error that names type and subtype |
//!
//! The ID of a trade is its `refid`, of a swept asset and of everything else its `txid`: both are the same in every export.

mod assets;
mod entry;
mod single;
mod swept;
mod trade;

use std::collections::BTreeMap;

use crate::dialect::DecimalMark;
use crate::ids::Account;
use crate::rows::{Kind, Row};
use crate::settings::ParseOptions;

use super::dates::DateReader;
use super::error::{FormatError, RowError, Wrong};
use super::groups::{GroupRead, GroupReader, GroupRecord, named};
use super::header::{Column, Columns};
use super::record::{Record, Shape, cell};
use super::{Format, RowReader};
use entry::Entry;

/// The account of all rows, when the upload names none.
const DEFAULT_ACCOUNT: &str = "Kraken";

const COLUMNS: [Column; 14] = [
    Column::mandatory("txid"),
    Column::mandatory("refid"),
    Column::mandatory("time"),
    Column::mandatory("type"),
    Column::mandatory("aclass"),
    Column::mandatory("asset"),
    Column::mandatory("amount"),
    Column::mandatory("fee"),
    Column::mandatory("balance"),
    Column::optional("subtype"),
    Column::optional("subclass"),
    Column::optional("wallet"),
    Column::optional("amountusd"),
    // Some exports end each line with a comma.
    Column::optional(""),
];

// Places in `COLUMNS`.
const TXID: usize = 0;
const REFID: usize = 1;
const TIME: usize = 2;
const TYPE: usize = 3;
const ASSET: usize = 5;
const AMOUNT: usize = 6;
const FEE: usize = 7;
const SUBTYPE: usize = 9;
const AMOUNT_USD: usize = 12;

/// The format.
pub(super) struct Kraken;

impl Format for Kraken {
    fn name(&self) -> &'static str {
        "kraken"
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

impl RowReader for Reader {
    fn read(&self, fields: &[&str], line: u64, chunk: u32) -> Result<Option<Row>, RowError> {
        let record = self.shape.record(fields, line)?;
        let Some(record) = record.filter(|record| !record.text(TXID).is_empty()) else {
            return Ok(None);
        };
        let entry = Entry::of(&record, &self.dates)?;
        let make = self.make(&record, chunk)?;
        let rows = rows(std::slice::from_ref(&entry), &make);
        let rows = rows.map_err(|wrong| match wrong.code {
            "unknown_operation" => record.error(TYPE, wrong),
            _ => wrong.at(line, None),
        })?;
        Ok(rows.into_iter().next())
    }

    fn groups(&self) -> Option<&dyn GroupReader> {
        Some(self)
    }
}

impl GroupReader for Reader {
    fn key(&self, record: &[&[u8]]) -> Option<String> {
        let text = |column| cell(record, self.shape.header.place(column));
        let refid = text(REFID);
        let stands_alone = refid.is_empty()
            || text(TXID).is_empty()
            || !entry::is_grouped(&text(TYPE), &text(SUBTYPE));
        (!stands_alone).then(|| format!("refid {}", named(&refid)))
    }

    fn read(&self, key: &str, group: &[GroupRecord<'_>], chunk: u32) -> GroupRead {
        let mut entries = Vec::with_capacity(group.len());
        let mut make = None;
        let mut errors = BTreeMap::new();
        for (place, record) in group.iter().enumerate() {
            match self.entry(record, chunk) {
                Ok((entry, of_file)) => {
                    entries.push(entry);
                    make = Some(of_file);
                }
                Err(error) => drop(errors.insert(place, error)),
            }
        }
        let Some(make) = make.filter(|_| errors.is_empty()) else {
            return GroupRead::broken(key, group, errors);
        };
        match rows(&entries, &make) {
            Ok(rows) => GroupRead {
                rows,
                ..GroupRead::default()
            }
            .of_records(group.len()),
            Err(wrong) => GroupRead::refused(key, group, &wrong),
        }
    }
}

impl Reader {
    /// A record of a group. One that has a key is not empty.
    fn entry<'a>(
        &'a self,
        record: &'a GroupRecord<'a>,
        chunk: u32,
    ) -> Result<(Entry<'a>, Make), RowError> {
        let line = record.line;
        let record = self.shape.record(&record.fields, line)?;
        let record = record.ok_or_else(|| Wrong::new("empty_record", "is empty").at(line, None))?;
        Ok((Entry::of(&record, &self.dates)?, self.make(&record, chunk)?))
    }

    fn make(&self, record: &Record<'_>, chunk: u32) -> Result<Make, RowError> {
        let account = record.account_of_file(self.account.as_ref(), DEFAULT_ACCOUNT)?;
        Ok(Make { account, chunk })
    }
}

/// The rows of entries that belong together, or of one; none when they carry nothing.
fn rows(entries: &[Entry<'_>], make: &Make) -> Result<Vec<Row>, Wrong> {
    let Some(first) = entries.first() else {
        return Ok(Vec::new());
    };
    if let Some(other) = entries.iter().find(|entry| entry.class() != first.class()) {
        let reason = format!(
            "{} and {} stand under one reference and do not belong together; check what was exported",
            first.operation(),
            other.operation()
        );
        return Err(Wrong::new("mixed_group", reason));
    }
    if entry::is_trade(first.class()) {
        trade::rows(entries, make)
    } else {
        single::rows(entries, make)
    }
}

/// What all rows of a file have in common.
struct Make {
    account: Account,
    chunk: u32,
}

impl Make {
    /// A row of one entry that so far moves nothing.
    fn row(&self, entry: &Entry<'_>, id: &str) -> Row {
        Row {
            at: entry.at,
            line: entry.line,
            chunk: self.chunk,
            kind: Kind::Fee,
            account: self.account.clone(),
            id: (!id.is_empty()).then(|| id.into()),
            sent: None,
            received: None,
            fee: None,
            net_worth: None,
            fee_worth: None,
            records: 1,
            tx_hash: None,
            description: Some(entry.description().into()),
        }
    }
}

#[cfg(test)]
mod tests;
