//! Transfer matching (domain section 4, after Koinly's published rules): which deposit is the other
//! end of which withdrawal, and why an end stays alone.
//!
//! **Ends.** Rows of kind `deposit` and `withdrawal` (no label, one leg) of an asset that is not
//! fiat. Any other row takes part in nothing here: no duplicate, none that the user labels, leaves
//! out or links.
//!
//! **Matching.** Deposits choose in the total order. A deposit sees the withdrawals that no earlier
//! deposit took and that pass every check of `checks`; it takes the one with the equal hash, then
//! the smallest difference of amounts, then the smallest gap of time, then the earliest in the
//! total order. A withdrawal of the deposit's own instant is seen although it stands later in that
//! order, so a fold lets deposits choose once it has every row of their instant.
//!
//! **Reasons.** Among the opposite ends of the same asset at most `reason_hours` before or after,
//! an unmatched end's best candidate is found by the same four rules (equal hash, smallest absolute
//! difference, smallest absolute gap, earliest), whatever the checks say of it. The first check it
//! fails is the reason. A candidate that passes them all must belong to another transfer, or it
//! would have been taken: `already_matched`. Two ends that the user keeps apart fail the first check. Without any candidate: `no_candidate`. So a reason
//! follows from which rows there are and which checks they pass, not from who matched whom.
//!
//! **Reach.** A row can change what is said only of rows less than the longer of the two windows
//! before it, and of later ones: `window` gives a decision as soon as that time has passed.
//!
//! **Cost.** All searches are in ordered sets (`lane`, `nearest`): n ends within the windows cost
//! O(n log n) whatever their assets, amounts, accounts and hashes are; there is no worse case.

mod checks;
mod lane;
mod nearest;
mod pool;
mod window;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::identity::RowIdentity;
use crate::ids::Account;
use crate::money::Decimal;
use crate::order::Placed;
use crate::overrides::Ruling;
use crate::read_rows::{Decision, Partner, RowName};
use crate::rows::{Kind, Leg};
use crate::time::Instant;

pub use window::{Decided, OpenEnd, Window};

/// A place in the total order of a ledger: instants are never divided, so a row's number among the
/// rows of its instant does not depend on how the ledger is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// When.
    pub at: Instant,
    /// The row's number among all rows of the instant, from 0.
    pub nth: u32,
}

/// The two sides of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// It left an account.
    Withdrawal,
    /// It arrived.
    Deposit,
}

/// A row that may be one end of a transfer, as much of it as matching and its decision need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Where it stands in the ledger.
    pub place: Place,
    /// What it is called.
    pub name: RowName,
    /// The segment it lies in: its decision is kept with it.
    pub segment: u32,
    /// Which end.
    pub side: Side,
    /// Its account.
    pub account: Account,
    /// Its asset.
    pub asset: Asset,
    /// What was sent, without the fee, or what arrived.
    pub amount: Decimal,
    /// Its hash on its chain.
    pub hash: Option<Box<str>>,
    /// The warning its decision has to carry besides.
    pub same_content: Option<RowName>,
    /// What the user keeps it apart from.
    pub apart: Option<Apart>,
}

/// The rows that the user says an end makes no transfer with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart {
    /// The end.
    pub own: RowIdentity,
    /// Those rows; they say the same of it.
    pub from: BTreeSet<RowIdentity>,
}

impl End {
    /// The end a row is; absent when it is none. The row must be no duplicate, and the ruling the one on
    /// it.
    #[must_use]
    pub fn of(placed: &Placed, ruling: Option<&Ruling>, nth: u32, segment: u32) -> Option<Self> {
        let row = &placed.row.row;
        if ruling.is_some_and(|ruling| ruling.told.ignore || ruling.partner.is_some()) {
            return None;
        }
        let (side, Leg { amount, asset }) =
            match ruling.map_or(row.kind, |ruling| ruling.told.kind_of(row)) {
                Kind::Withdrawal => (Side::Withdrawal, row.sent.as_ref()?),
                Kind::Deposit => (Side::Deposit, row.received.as_ref()?),
                _ => return None,
            };
        (!asset.is_fiat()).then(|| Self {
            place: Place { at: row.at, nth },
            name: placed.row.name(),
            segment,
            side,
            account: row.account.clone(),
            asset: asset.clone(),
            amount: amount.clone(),
            hash: row.tx_hash.clone(),
            same_content: None,
            apart: ruling.and_then(Apart::of),
        })
    }

    /// How the other end shows it.
    fn as_partner(&self) -> Partner {
        Partner {
            name: self.name.clone(),
            account: self.account.clone(),
            at: self.place.at,
            amount: self.amount.clone(),
        }
    }

    /// Its decision before it is known whether it has a partner.
    fn decision(&self) -> Decision {
        Decision {
            row: self.name.row,
            at: self.place.at,
            duplicate_of: None,
            partner: None,
            unmatched: None,
            same_content: self.same_content.clone(),
        }
    }
}

impl Apart {
    fn of(ruling: &Ruling) -> Option<Self> {
        let from = &ruling.told.unlink;
        (!from.is_empty()).then(|| Self {
            own: ruling.row,
            from: from.clone(),
        })
    }
}

/// The absolute difference of two amounts. Amounts have at most 38 digits on each side of the point,
/// so it is exact; of wider numbers it would be the larger one.
fn difference(one: &Decimal, other: &Decimal) -> Decimal {
    let (small, large) = if one <= other {
        (one, other)
    } else {
        (other, one)
    };
    large.minus(small).unwrap_or_else(|_| large.clone())
}

#[cfg(test)]
mod sample {
    //! Ends for the tests of the parts.

    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::{End, Place, Side};
    use crate::ids::JobId;
    use crate::read_rows::RowName;
    use crate::rows::RowRef;
    use crate::time::Instant;

    /// Some BTC that left or reached an account.
    pub(super) fn end(side: Side, account: &str, at: i64, amount: &str, hash: Option<&str>) -> End {
        let row = RowRef {
            job: JobId::new(0, &[0; 10]),
            line: 1,
        };
        End {
            place: Place {
                at: Instant(at),
                nth: 0,
            },
            name: RowName { row, id: None },
            segment: 0,
            side,
            account: account.parse().unwrap(),
            asset: "BTC".parse().unwrap(),
            amount: amount.parse().unwrap(),
            hash: hash.map(Into::into),
            same_content: None,
            apart: None,
        }
    }
}
