//! One record of a ledger, read.

use crate::asset::Asset;
use crate::formats::amounts;
use crate::formats::dates::DateReader;
use crate::formats::error::RowError;
use crate::formats::record::Record;
use crate::money::Decimal;
use crate::quote::quote;
use crate::rows::Leg;
use crate::time::Instant;

use super::{AMOUNT, AMOUNT_USD, ASSET, FEE, REFID, SUBTYPE, TIME, TXID, TYPE, assets};

/// The class of a spend and the receive that answers it.
const EXCHANGE: &str = "spend or receive";
/// The class of a delisted asset and what was given for it.
pub(super) const DELISTING: &str = "delistingconversion";

/// One movement of one asset.
pub(super) struct Entry<'a> {
    pub(super) line: u64,
    pub(super) at: Instant,
    pub(super) txid: &'a str,
    pub(super) refid: &'a str,
    /// Lower-case.
    kind: String,
    /// Lower-case.
    pub(super) subtype: String,
    pub(super) asset: Asset,
    /// What came, or with a sign what went.
    pub(super) amount: Decimal,
    /// What went on top; with a sign, what of it came back.
    pub(super) fee: Decimal,
    /// What Kraken takes the amount to be worth in US dollars, if it says so.
    pub(super) worth: Option<Decimal>,
}

impl<'a> Entry<'a> {
    pub(super) fn of(record: &Record<'a>, dates: &DateReader) -> Result<Self, RowError> {
        Ok(Self {
            line: record.line,
            at: record.time(TIME, dates)?,
            txid: record.text(TXID),
            refid: record.text(REFID),
            kind: record.text(TYPE).to_lowercase(),
            subtype: record.text(SUBTYPE).to_lowercase(),
            asset: asset(record)?,
            amount: signed(record, AMOUNT)?,
            fee: signed(record, FEE)?,
            worth: record.size(AMOUNT_USD).ok().flatten(),
        })
    }

    /// What it may share a reference with: entries of its own class.
    pub(super) fn class(&self) -> &str {
        class(&self.kind, &self.subtype)
    }

    /// Type and subtype, as a message names them.
    pub(super) fn operation(&self) -> String {
        match self.subtype.as_str() {
            "" => quote(&self.kind),
            subtype => format!("{} {}", quote(&self.kind), quote(subtype)),
        }
    }

    /// Type and subtype, as the reader of a row sees them.
    pub(super) fn description(&self) -> String {
        let both = format!("{} {}", self.kind, self.subtype);
        both.trim().to_owned()
    }

    /// The amount as a leg, whichever way it goes; `None` when nothing does.
    pub(super) fn leg(&self) -> Option<Leg> {
        leg(self.amount.abs(), &self.asset)
    }
}

/// A quantity of an asset, unless it is zero.
pub(super) fn leg(amount: Decimal, asset: &Asset) -> Option<Leg> {
    let asset = asset.clone();
    (!amount.is_zero()).then_some(Leg { amount, asset })
}

/// Whether records of this type stand under one reference with others.
pub(super) fn is_grouped(kind: &str, subtype: &str) -> bool {
    let (kind, subtype) = (kind.to_lowercase(), subtype.to_lowercase());
    let class = class(&kind, &subtype);
    is_trade(class) || matches!(class, "deposit" | "withdrawal")
}

/// Whether entries of a class are the sides of one trade.
pub(super) fn is_trade(class: &str) -> bool {
    matches!(class, "trade" | "settled" | EXCHANGE | DELISTING)
}

fn class<'a>(kind: &'a str, subtype: &str) -> &'a str {
    match (kind, subtype) {
        ("spend" | "receive", _) => EXCHANGE,
        ("transfer" | "earn", DELISTING) => DELISTING,
        (kind, _) => kind,
    }
}

fn asset(record: &Record<'_>) -> Result<Asset, RowError> {
    let code = assets::common(record.text(ASSET));
    amounts::currency(&code).map_err(|wrong| record.error(ASSET, wrong))
}

/// A quantity whose sign says the direction; an empty field is zero.
fn signed(record: &Record<'_>, column: usize) -> Result<Decimal, RowError> {
    let amount = record.signed(column)?;
    Ok(amount.unwrap_or_else(|| Decimal::from(0)))
}
