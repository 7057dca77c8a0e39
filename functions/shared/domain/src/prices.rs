//! The prices a turn computes with: what was pinned for it, and nothing else, so that the same
//! snapshot always finds the same prices (I11).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::asset::Asset;
use crate::money::Decimal;
use crate::time::Day;

/// The source of a price the user gave.
pub const OWN: &str = "own";
/// The source of an exchange rate of the European Central Bank.
pub const ECB: &str = "ecb";
/// The source of a price the user gave in another currency, which was exchanged at a price they gave.
pub const OWN_AT_OWN: &str = "own+fx:own";
/// The same, exchanged at rates of the European Central Bank.
pub const OWN_AT_ECB: &str = "own+fx:ecb";

/// The source of a price the user gave a single row; behind it the exchange rate's, where there is one.
pub const OVERRIDE: &str = "override";

/// The price of one unit of an asset on one day, in the base currency of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The price.
    pub price: Decimal,
    /// Where it came from: `own`, a provider's name, or two of them where a price was exchanged.
    pub source: Arc<str>,
}

/// Prices by asset and day of UTC, in one base currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    base: Asset,
    /// Shared with the books of single rows.
    pins: Arc<BTreeMap<Asset, BTreeMap<Day, Pin>>>,
    told: Option<(Asset, Pin)>,
}

impl PriceBook {
    /// An empty book of prices in `base`.
    #[must_use]
    pub fn new(base: Asset) -> Self {
        Self {
            base,
            pins: Arc::default(),
            told: None,
        }
    }

    /// The book for one row whose user says what a unit of an asset is worth: that price is before
    /// every other, on every day.
    #[must_use]
    pub fn with_told(&self, asset: Asset, told: Pin) -> Self {
        Self {
            told: Some((asset, told)),
            ..self.clone()
        }
    }

    /// The asset whose price the user says, in the book of a row.
    #[must_use]
    pub fn told(&self) -> Option<&Asset> {
        self.told.as_ref().map(|(asset, _)| asset)
    }

    /// Puts a price in. A later pin of the same asset and day wins, so put the oldest in first.
    pub fn pin(&mut self, asset: Asset, day: Day, price: Decimal, source: impl Into<Arc<str>>) {
        let pins = Arc::make_mut(&mut self.pins);
        pins.entry(asset).or_default().insert(
            day,
            Pin {
                price,
                source: source.into(),
            },
        );
    }

    /// The currency its prices are in.
    #[must_use]
    pub fn base(&self) -> &Asset {
        &self.base
    }

    /// What is pinned for an asset on a day, in the book of a row first what its user says. The base
    /// currency has no pins.
    #[must_use]
    pub fn pinned(&self, asset: &Asset, day: Day) -> Option<&Pin> {
        if let Some((told, pin)) = &self.told
            && told == asset
        {
            return Some(pin);
        }
        self.pins.get(asset)?.get(&day)
    }

    /// The price of one unit on a day; 1 for the base currency itself, absent when none is known.
    #[must_use]
    pub fn price(&self, asset: &Asset, day: Day) -> Option<Decimal> {
        if *asset == self.base {
            return Some(Decimal::ONE);
        }
        Some(self.pinned(asset, day)?.price.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot build its input has failed"
    )]

    use super::*;

    fn asset(code: &str) -> Asset {
        code.parse().unwrap()
    }

    #[test]
    fn a_later_pin_of_a_day_wins_and_the_base_is_always_one() {
        let mut book = PriceBook::new(asset("USD"));
        book.pin(asset("BTC"), Day(1), Decimal::from(9), "provider");
        book.pin(asset("BTC"), Day(1), Decimal::from(8), "own");
        book.pin(asset("USD"), Day(1), Decimal::from(7), "own");
        assert_eq!(book.price(&asset("BTC"), Day(1)), Some(Decimal::from(8)));
        assert_eq!(
            book.pinned(&asset("BTC"), Day(1)).unwrap().source.as_ref(),
            "own"
        );
        assert_eq!(book.price(&asset("USD"), Day(1)), Some(Decimal::ONE));
        assert_eq!(book.base(), &asset("USD"));
    }

    #[test]
    fn what_the_user_says_for_a_row_is_before_every_pin_and_in_no_other_book() {
        let mut book = PriceBook::new(asset("USD"));
        book.pin(asset("BTC"), Day(1), Decimal::from(9), "own");
        book.pin(asset("ETH"), Day(1), Decimal::from(3), "own");
        let told = Pin {
            price: Decimal::from(4),
            source: OVERRIDE.into(),
        };
        let row = book.with_told(asset("BTC"), told);
        assert_eq!(row.price(&asset("BTC"), Day(1)), Some(Decimal::from(4)));
        assert_eq!(row.price(&asset("BTC"), Day(7)), Some(Decimal::from(4)));
        assert_eq!(row.price(&asset("ETH"), Day(1)), Some(Decimal::from(3)));
        assert_eq!((row.told(), book.told()), (Some(&asset("BTC")), None));
        assert_eq!(book.price(&asset("BTC"), Day(1)), Some(Decimal::from(9)));
    }

    #[test]
    fn a_day_or_an_asset_without_a_pin_has_no_price() {
        let mut book = PriceBook::new(asset("USD"));
        book.pin(asset("BTC"), Day(1), Decimal::from(9), "provider");
        assert_eq!(book.price(&asset("BTC"), Day(2)), None);
        assert_eq!(book.price(&asset("ETH"), Day(1)), None);
        assert_eq!(book.pinned(&asset("BTC"), Day(0)), None);
    }
}
