//! Rows that tests speak of.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::Subject;
use crate::identity::RowIdentity;
use crate::rows::{Kind, Leg};
use crate::time::Instant;

/// The identity of the n-th row: n microseconds after 1970.
pub(crate) fn identity(n: u8) -> RowIdentity {
    RowIdentity {
        at: Instant(i64::from(n)),
        hash: [n; 16],
        occurrence: 0,
    }
}

/// `AMOUNT ASSET`, or nothing.
pub(crate) fn leg(text: &str) -> Option<Leg> {
    let (amount, asset) = text.split_once(' ')?;
    Some(Leg {
        amount: amount.parse().unwrap(),
        asset: asset.parse().unwrap(),
    })
}

/// A row of a kind with these legs.
pub(crate) fn subject(kind: Kind, sent: &str, received: &str, fee: &str) -> Subject {
    Subject {
        kind,
        account: "a".parse().unwrap(),
        id: None,
        sent: leg(sent),
        received: leg(received),
        fee: leg(fee),
        net_worth: None,
        fee_worth: None,
    }
}
