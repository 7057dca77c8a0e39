//! What a user says of single rows, by their identity: another label, a price, to leave a row out, that
//! two rows are one transfer or that they are none. It survives every re-run: an override belongs to
//! the ledger, and a row that goes and comes back finds it again.
//!
//! | override | what it does |
//! |---|---|
//! | label | the row has the kind this label makes of its legs; the empty label takes the file's off |
//! | price | one unit of the row's priced asset is worth this: before Net Worth, legs in money and prices |
//! | ignore | the row moves no lot, balance or match; it is listed and flagged |
//! | link | a withdrawal and a deposit are one transfer, however far apart; neither is matched otherwise |
//! | unlink | a withdrawal and a deposit are never matched with each other; a row may be kept from several |
//!
//! Rows are placed, and duplicates found, before any override is looked at: what a user says of a row
//! changes neither its place nor its identity. A duplicate is not spoken of, the row it repeats is.
//! What cannot be, because a row is gone or has other legs now, does nothing (`SegmentFacts` names it):
//! an override never moves to another row by guess.
//!
//! `book` holds the overrides of a ledger and applies changes, `checks` says which make no sense,
//! `rulings` brings them to the folds.

mod book;
mod checks;
mod rulings;
#[cfg(test)]
mod sample;
mod subject;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::identity::RowIdentity;
use crate::money::Decimal;

pub use book::{Changes, Edit, Override, OverrideBook, Part};
pub use checks::Refused;
pub use rulings::{Found, Ruling, Rulings, transfer};
pub use subject::Subject;

/// What one unit of an asset is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPrice {
    /// More than 0.
    pub amount: Decimal,
    /// A national currency.
    pub currency: Asset,
}

/// All that a user says of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its label; empty takes the file's off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// What a unit of its priced asset is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<UnitPrice>,
    /// Whether it is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore: bool,
    /// The other end of the transfer it is. The other end says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<RowIdentity>,
    /// Rows it is never matched with. They say the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unlink: BTreeSet<RowIdentity>,
}

impl Told {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
