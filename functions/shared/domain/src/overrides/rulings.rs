//! What a fold is told of the rows of its segment, and when two rows are the transfer a user says they
//! are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::subject::{kind_with, priced};
use super::{Refused, Told};
use crate::identity::RowIdentity;
use crate::kinds::KindError;
use crate::money::ArithmeticError;
use crate::order::Placed;
use crate::prices::{OVERRIDE, Pin, PriceBook};
use crate::read_rows::Partner;
use crate::rows::{Kind, Leg, Row};

/// What is said of one row, as a segment's plan lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The row.
    pub row: RowIdentity,
    /// What is said of it.
    pub told: Told,
    /// The row it is linked with, when that can be: the planner has found both.
    pub partner: Option<Partner>,
}

/// Everything that is said of the rows of a segment.
#[derive(Debug, Default)]
pub struct Rulings<'a>(BTreeMap<RowIdentity, &'a Ruling>);

impl<'a> Rulings<'a> {
    /// What a plan lists.
    #[must_use]
    pub fn of(listed: &'a [Ruling]) -> Self {
        Self(listed.iter().map(|ruling| (ruling.row, ruling)).collect())
    }

    /// What is said of a row that is no duplicate. An identity is only computed where something is
    /// said of its instant.
    #[must_use]
    pub fn on(&self, placed: &Placed) -> Option<&'a Ruling> {
        let at = placed.row.row.at;
        let first = RowIdentity {
            at,
            hash: [0; 16],
            occurrence: 0,
        };
        let (next, _) = self.0.range(first..).next()?;
        if next.at != at {
            return None;
        }
        self.0.get(&placed.identity()).copied()
    }

    /// Whether a row that is no duplicate is left out.
    #[must_use]
    pub fn leaves_out(&self, placed: &Placed) -> bool {
        self.on(placed).is_some_and(|ruling| ruling.told.ignore)
    }

    /// The rows something is said of.
    pub fn rows(&self) -> impl Iterator<Item = &RowIdentity> {
        self.0.keys()
    }
}

impl Told {
    /// The kind a row has.
    ///
    /// # Errors
    /// The label does not fit the row.
    pub fn kind(&self, row: &Row) -> Result<Kind, KindError> {
        let legs = [&row.sent, &row.received, &row.fee].map(Option::as_ref);
        kind_with(row.kind, self.label.as_deref(), legs)
    }

    /// The kind a row has: a label that does not fit changes nothing.
    #[must_use]
    pub fn kind_of(&self, row: &Row) -> Kind {
        self.kind(row).unwrap_or(row.kind)
    }

    /// The prices of a row with a price of the user's: that one in the base currency, and those of the
    /// book behind it. Absent when the row has nothing it could be the price of, or when the currency
    /// it is in has no price on that day.
    ///
    /// # Errors
    /// The price has too many digits in the base currency.
    pub fn prices(
        &self,
        row: &Row,
        book: &PriceBook,
    ) -> Result<Option<PriceBook>, ArithmeticError> {
        let Some(price) = &self.price else {
            return Ok(None);
        };
        let (day, currency) = (row.at.utc_day(), &price.currency);
        let legs = [&row.sent, &row.received, &row.fee].map(Option::as_ref);
        let (Some(leg), Some(rate)) = (priced(legs), book.price(currency, day)) else {
            return Ok(None);
        };
        let rate_of = book
            .pinned(currency, day)
            .filter(|_| currency != book.base());
        let source = match rate_of {
            Some(pin) => format!("{OVERRIDE}+fx:{}", pin.source),
            None => OVERRIDE.to_owned(),
        };
        let told = Pin {
            price: price.amount.times(&rate)?,
            source: source.into(),
        };
        Ok(Some(book.with_told(leg.asset.clone(), told)))
    }
}

/// A row that a user's link names, as it stands in the ledger now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its kind, with the user's label.
    pub kind: Kind,
    /// The leg that moved.
    pub leg: Leg,
    /// How the other end shows it.
    pub partner: Partner,
}

impl Found {
    /// The end of a transfer that a row is; absent when it is left out or is none. The row must be no
    /// duplicate.
    #[must_use]
    pub fn of(placed: &Placed, told: &Told) -> Option<Self> {
        let row = &placed.row.row;
        if told.ignore {
            return None;
        }
        let kind = told.kind_of(row);
        let leg = match kind {
            Kind::Withdrawal => row.sent.clone()?,
            Kind::Deposit => row.received.clone()?,
            _ => return None,
        };
        let partner = Partner {
            name: placed.row.name(),
            account: row.account.clone(),
            at: row.at,
            amount: leg.amount.clone(),
        };
        Some(Self { kind, leg, partner })
    }
}

/// Whether two rows can be the transfer that a link says they are.
#[must_use]
pub fn transfer(one: &Found, other: &Found) -> bool {
    pair((one.kind, &one.leg), (other.kind, &other.leg)).is_ok()
}

/// The one rule of what can be linked: for changes that are asked for and for rows that are there.
pub(super) fn pair(one: (Kind, &Leg), other: (Kind, &Leg)) -> Result<(), Refused> {
    let (sent, received) = match (one.0, other.0) {
        (Kind::Withdrawal, Kind::Deposit) => (one.1, other.1),
        (Kind::Deposit, Kind::Withdrawal) => (other.1, one.1),
        (first, second) => return Err(Refused::NoTransfer(first.name(), second.name())),
    };
    if sent.asset != received.asset {
        return Err(Refused::OtherAsset {
            sent: sent.asset.to_string(),
            received: received.asset.to_string(),
        });
    }
    if received.amount > sent.amount {
        let shown = |leg: &Leg| format!("{} {}", leg.amount, leg.asset);
        return Err(Refused::MoreArrived {
            sent: shown(sent),
            received: shown(received),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::ids::JobId;
    use crate::order::{LedgerRow, place_rows};
    use crate::overrides::sample::leg;
    use crate::time::Instant;

    /// A withdrawal of bitcoin at this time.
    fn placed(at: i64) -> Placed {
        let row = Row {
            at: Instant(at),
            line: 1,
            chunk: 0,
            kind: Kind::Withdrawal,
            account: "a".parse().unwrap(),
            id: Some("x".into()),
            sent: leg("5 BTC"),
            received: None,
            fee: None,
            net_worth: None,
            fee_worth: None,
            records: 1,
            tx_hash: None,
            description: None,
        };
        let job = JobId::new(1, &[0; 10]);
        place_rows(vec![LedgerRow { job, row }]).remove(0)
    }

    fn label(text: &str) -> Told {
        Told {
            label: Some(text.into()),
            ..Told::default()
        }
    }

    #[test]
    fn what_is_said_is_found_by_the_whole_identity() {
        let listed = [Ruling {
            row: placed(7).identity(),
            told: Told {
                ignore: true,
                ..Told::default()
            },
            partner: None,
        }];
        let rulings = Rulings::of(&listed);
        assert!(rulings.leaves_out(&placed(7)));
        assert!(!rulings.leaves_out(&placed(8)) && !rulings.leaves_out(&placed(6)));
        let mut other = placed(7);
        other.row.row.id = Some("y".into());
        assert_eq!(rulings.on(&other), None);
        assert_eq!(Rulings::default().on(&placed(7)), None);
    }

    #[test]
    fn regression_a_label_that_does_not_fit_takes_no_row_out_of_its_link() {
        let end = Found::of(&placed(7), &label("income")).unwrap();
        assert_eq!((end.kind, end.partner.amount), (Kind::Withdrawal, 5.into()));
        assert_eq!(Found::of(&placed(7), &label("gift")), None);
    }
}
