//! What a user cannot say of a row: said when it is asked for, in words. A change that was sound when it
//! was asked for can come to nothing later, when rows go; then it does nothing.

use super::{Edit, OverrideBook, Subject, rulings};
use crate::identity::RowIdentity;
use crate::kinds::KindError;

/// Why an override is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The label makes no kind of the row's legs.
    #[error("{0}")]
    Label(KindError),
    /// Every leg is money, or there is none.
    #[error(
        "the row has no leg a price could be of: a price is of what was sent, else of what was received, and money has none"
    )]
    NothingPriced,
    /// A row and itself.
    #[error("a row and itself are no transfer; name the other end")]
    OneRow,
    /// Another link stands on one of the ends.
    #[error("the row {end} is linked with {with} already; clear that link first")]
    Linked {
        /// The end.
        end: RowIdentity,
        /// What it is linked with.
        with: RowIdentity,
    },
    /// One end is left out.
    #[error("the row {0} is ignored, so it cannot be an end of a transfer; clear one of the two")]
    Ignored(RowIdentity),
    /// The rows are not a withdrawal and a deposit.
    #[error(
        "a transfer is one withdrawal and one deposit, both without a label; these are of the types {0} and {1}"
    )]
    NoTransfer(&'static str, &'static str),
    /// The assets differ.
    #[error("{sent} left and {received} arrived: both ends of a transfer are of one asset")]
    OtherAsset {
        /// What left.
        sent: String,
        /// What arrived.
        received: String,
    },
    /// More arrived than left.
    #[error("{received} arrived, which is more than the {sent} that left")]
    MoreArrived {
        /// What left.
        sent: String,
        /// What arrived.
        received: String,
    },
}

impl OverrideBook {
    /// Whether a change contradicts what this book says: each end is in one link at most.
    ///
    /// # Errors
    /// `OneRow`, `Linked`.
    pub fn allows(&self, row: RowIdentity, edit: &Edit) -> Result<(), Refused> {
        let (other, linked) = match edit {
            Edit::Link(other) => (*other, true),
            Edit::Unlink(other) => (*other, false),
            _ => return Ok(()),
        };
        if other == row {
            return Err(Refused::OneRow);
        }
        for (end, wanted) in [(row, other), (other, row)] {
            let link = self.get(&end).and_then(|entry| entry.told.link);
            if let Some(with) = link.filter(|with| linked && *with != wanted) {
                return Err(Refused::Linked { end, with });
            }
        }
        Ok(())
    }

    /// Whether what is said of a row fits the row, and its link the other end.
    ///
    /// # Errors
    /// What does not fit.
    pub fn fits(&self, row: RowIdentity) -> Result<(), Refused> {
        let Some(entry) = self.get(&row) else {
            return Ok(());
        };
        let told = &entry.told;
        let kind = entry.row.kind_with(told.label.as_deref());
        kind.map_err(Refused::Label)?;
        if told.price.is_some() && entry.row.priced().is_none() {
            return Err(Refused::NothingPriced);
        }
        match told.link {
            Some(other) => self.fit_together(row, other),
            None => Ok(()),
        }
    }

    fn fit_together(&self, one: RowIdentity, other: RowIdentity) -> Result<(), Refused> {
        let mut ends = Vec::new();
        for end in [one, other] {
            let Some(entry) = self.get(&end) else {
                return Ok(());
            };
            if entry.told.ignore {
                return Err(Refused::Ignored(end));
            }
            let kind = entry.row.kind_with(entry.told.label.as_deref());
            ends.push((&entry.row, kind.map_err(Refused::Label)?));
        }
        let [(one, first), (other, second)] = ends.as_slice() else {
            return Ok(());
        };
        let leg = |row: &Subject| row.sent.clone().or(row.received.clone());
        let (Some(one), Some(other)) = (leg(one), leg(other)) else {
            return Err(Refused::NoTransfer(first.name(), second.name()));
        };
        rulings::pair((*first, &one), (*second, &other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::sample::{identity, subject};
    use crate::overrides::{Changes, Part};
    use crate::rows::Kind;

    /// A withdrawal of 5 BTC (1), deposits of 4 and 6 BTC (2, 3), of ETH (4), and a reward (5).
    fn changes(edits: Vec<(u8, Edit)>) -> Changes {
        let rows = [
            (1, subject(Kind::Withdrawal, "5 BTC", "", "")),
            (2, subject(Kind::Deposit, "", "4 BTC", "")),
            (3, subject(Kind::Deposit, "", "6 BTC", "")),
            (4, subject(Kind::Deposit, "", "1 ETH", "")),
            (5, subject(Kind::Reward, "", "1 BTC", "")),
            (6, subject(Kind::Exchange, "1 EUR", "2 USD", "")),
        ];
        Changes {
            rows: rows.map(|(n, row)| (identity(n), row)).into(),
            edits: edits
                .into_iter()
                .map(|(n, edit)| (identity(n), edit))
                .collect(),
        }
    }

    fn refused(edits: Vec<(u8, Edit)>) -> Option<String> {
        let mut book = OverrideBook::default();
        let changes = changes(edits);
        for (row, edit) in &changes.edits {
            let one = Changes {
                edits: vec![(*row, edit.clone())],
                ..changes.clone()
            };
            if let Err(refused) = book.allows(*row, edit) {
                return Some(refused.to_string());
            }
            book.apply(&one);
            if let Err(refused) = book.fits(*row) {
                return Some(refused.to_string());
            }
        }
        None
    }

    fn link(one: u8, other: u8) -> (u8, Edit) {
        (one, Edit::Link(identity(other)))
    }

    #[test]
    fn a_link_joins_a_withdrawal_and_a_deposit_of_one_asset_that_is_no_more() {
        assert_eq!(refused(vec![link(1, 2)]), None);
        assert_eq!(refused(vec![link(2, 1)]), None);
        let says = |edits, part: &str| {
            let said = refused(edits);
            assert!(
                said.as_ref().is_some_and(|said| said.contains(part)),
                "{said:?}"
            );
        };
        says(
            vec![link(1, 3)],
            "6 BTC arrived, which is more than the 5 BTC",
        );
        says(vec![link(1, 4)], "both ends of a transfer are of one asset");
        says(vec![link(2, 3)], "types deposit and deposit");
        says(vec![link(1, 5)], "types withdrawal and reward");
        says(vec![link(1, 1)], "a row and itself");
        says(vec![(1, Edit::Unlink(identity(1)))], "a row and itself");
    }

    #[test]
    fn an_end_is_in_one_link_until_that_is_cleared() {
        let linked = refused(vec![link(1, 2), link(5, 1)]);
        assert!(linked.is_some_and(|said| said.contains("clear that link first")));
        assert_eq!(refused(vec![link(1, 2), link(2, 1)]), None);
        let cleared = (2, Edit::Clear(Part::Link));
        let label = (5, Edit::Label("".into()));
        assert_eq!(refused(vec![label, link(1, 2), cleared, link(5, 1)]), None);
    }

    #[test]
    fn an_end_is_neither_ignored_nor_labelled() {
        let ignored = refused(vec![(2, Edit::Ignore), link(1, 2)]);
        assert!(ignored.is_some_and(|said| said.contains("is ignored")));
        let label = (2, Edit::Label("reward".into()));
        assert!(refused(vec![link(1, 2), label]).is_some());
    }

    #[test]
    fn a_label_fits_the_legs_and_a_price_has_something_to_be_of() {
        let label = |n, text: &str| refused(vec![(n, Edit::Label(text.into()))]);
        assert_eq!(label(2, "Staking reward"), None);
        assert!(label(2, "gift").is_some_and(|said| said.contains("belongs to a row with")));
        assert!(label(2, "bonus").is_some_and(|said| said.contains("not a known label")));
        let price = Edit::Price(crate::overrides::UnitPrice {
            amount: 1.into(),
            currency: crate::asset::Asset::usd(),
        });
        assert_eq!(refused(vec![(2, price.clone())]), None);
        assert!(refused(vec![(6, price)]).is_some_and(|said| said.contains("money has none")));
    }
}
