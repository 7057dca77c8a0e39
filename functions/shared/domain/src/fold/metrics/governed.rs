//! What the user says of a row, as far as it fits the row as it is now.

use crate::identity::RowIdentity;
use crate::overrides::{Ruling, Told};
use crate::prices::PriceBook;
use crate::rows::{Kind, Row};

/// A row under what is said of it.
pub(super) struct Governed {
    /// Its kind: the label's, unless that does not fit its legs.
    pub(super) kind: Kind,
    /// Whether it is left out.
    pub(super) ignored: bool,
    /// The prices of this row, when its user gave it one.
    pub(super) prices: Option<PriceBook>,
    /// The price it was given has too many digits in the base currency.
    pub(super) overflow: bool,
    /// The row, when all that is said of it has come to something.
    pub(super) applied: Option<RowIdentity>,
}

impl Governed {
    /// `ruling` is the one on the row, which is no duplicate.
    pub(super) fn of(row: &Row, ruling: Option<&Ruling>, book: &PriceBook) -> Self {
        let nothing = Told::default();
        let told = ruling.map_or(&nothing, |ruling| &ruling.told);
        let prices = told.prices(row, book);
        let overflow = prices.is_err();
        let prices = prices.unwrap_or_default();
        let linked = ruling.is_some_and(|ruling| ruling.partner.is_some());
        let fits = told.kind(row).is_ok()
            && told.price.is_some() == prices.is_some()
            && (told.link.is_none() || linked);
        Self {
            kind: told.kind_of(row),
            ignored: told.ignore,
            prices,
            overflow,
            applied: ruling.filter(|_| fits).map(|ruling| ruling.row),
        }
    }
}
