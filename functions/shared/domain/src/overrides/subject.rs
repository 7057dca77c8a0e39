//! What an override has to know of its row: as much as planners need without reading rows.

use serde::{Deserialize, Serialize};

use crate::digest::PriceNeed;
use crate::identity::RowIdentity;
use crate::ids::Account;
use crate::kinds::{KindError, kind_of};
use crate::read_rows::TransactionRow;
use crate::rows::{Kind, Leg, Row};
use crate::value;

/// A row as its file states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What the file makes it.
    pub kind: Kind,
    /// Its account.
    pub account: Account,
    /// Its ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// What left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Leg>,
    /// What came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Leg>,
    /// What was paid on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Leg>,
    /// The value the file gives the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_worth: Option<Leg>,
    /// The value the file gives the fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_worth: Option<Leg>,
}

impl Subject {
    /// The subject a row of the read tables is.
    #[must_use]
    pub fn of(row: &TransactionRow) -> Self {
        Self {
            kind: row.stated.kind.unwrap_or(row.kind),
            account: row.account.clone(),
            id: row.name.id.clone(),
            sent: row.sent.clone(),
            received: row.received.clone(),
            fee: row.fee.clone(),
            net_worth: row.stated.net_worth.clone(),
            fee_worth: row.stated.fee_worth.clone(),
        }
    }

    /// Its kind with a label of the user's, or without one.
    ///
    /// # Errors
    /// The label is unknown or does not fit the legs.
    pub fn kind_with(&self, label: Option<&str>) -> Result<Kind, KindError> {
        let legs = [&self.sent, &self.received, &self.fee].map(Option::as_ref);
        kind_with(self.kind, label, legs)
    }

    /// The leg whose asset a price is of.
    #[must_use]
    pub fn priced(&self) -> Option<&Leg> {
        priced([&self.sent, &self.received, &self.fee].map(Option::as_ref))
    }

    /// What the row could need prices for under a kind that its digest did not know of.
    pub(super) fn needs(&self, identity: RowIdentity, kind: Kind) -> Vec<PriceNeed> {
        value::needs(&Row {
            at: identity.at,
            line: 0,
            chunk: 0,
            kind,
            account: self.account.clone(),
            id: None,
            sent: self.sent.clone(),
            received: self.received.clone(),
            fee: self.fee.clone(),
            net_worth: self.net_worth.clone(),
            fee_worth: self.fee_worth.clone(),
            records: 1,
            tx_hash: None,
            description: None,
        })
    }
}

/// The kind of a row with a label of the user's, or without one. The legs are what was sent, what was
/// received, and the fee.
pub(super) fn kind_with(
    kind: Kind,
    label: Option<&str>,
    [sent, received, fee]: [Option<&Leg>; 3],
) -> Result<Kind, KindError> {
    match label {
        Some(label) => kind_of(Some(label), sent, received, fee),
        None => Ok(kind),
    }
}

/// The leg whose asset a user's price is of: what was sent, unless that is money, else what was
/// received; of a row that is nothing but a fee, the fee.
pub(super) fn priced([sent, received, fee]: [Option<&Leg>; 3]) -> Option<&Leg> {
    let legs = [sent, received];
    let only_fee = fee.filter(|_| sent.is_none() && received.is_none());
    let mut candidates = legs.into_iter().chain([only_fee]).flatten();
    candidates.find(|leg| !leg.asset.is_fiat() && !leg.amount.is_zero())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use crate::overrides::sample::{identity, subject};
    use crate::rows::Kind;

    #[test]
    fn a_price_is_of_what_was_sent_unless_that_is_money() {
        let priced = |sent, received, fee| {
            let subject = subject(Kind::Swap, sent, received, fee);
            subject.priced().map(|leg| leg.asset.to_string())
        };
        assert_eq!(priced("1 BTC", "2 ETH", "3 BNB").unwrap(), "BTC");
        assert_eq!(priced("1 EUR", "2 ETH", "3 BNB").unwrap(), "ETH");
        assert_eq!(priced("0 BTC", "2 ETH", "").unwrap(), "ETH");
        assert_eq!(priced("", "", "3 BNB").unwrap(), "BNB");
        assert_eq!(priced("1 EUR", "2 USD", "3 BNB"), None);
        assert_eq!(priced("", "", "3 EUR"), None);
    }

    #[test]
    fn another_label_needs_other_prices() {
        let stake = subject(Kind::Stake, "1 BTC", "", "");
        assert_eq!(stake.needs(identity(1), Kind::Stake), []);
        let needs = stake.needs(identity(1), Kind::Gift);
        assert_eq!(needs[0].sources, ["BTC".parse().unwrap()]);
        assert_eq!(needs[0].day, identity(1).at.utc_day());
    }
}
