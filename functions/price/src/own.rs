//! The user's own prices in the base currency: as given, or by way of an exchange rate.
//!
//! For an asset on a day the first of these that is there:
//!
//! 1. its own price in the base currency on that day;
//! 2. of a national currency A in base B, the cross rate of the rates file: rate(B) / rate(A), both
//!    units for one euro of the same day; of EUR itself it is rate(B);
//! 3. its own price in another national currency on that day, times that currency's price by 1 or 2.
//!    Of several such currencies the first by code that has a price.
//!
//! The named division is price x rate(B) / rate(A), multiplied first, rounded half-even to 10^-30;
//! where A is EUR nothing is divided. A rates file has working days: the last one up to
//! `limits::MAX_RATE_AGE_DAYS` before counts for a day without, own prices for their own day only.
//! A result that does not fit is no price.

use std::collections::{BTreeMap, BTreeSet};

use domain::asset::Asset;
use domain::limits::MAX_RATE_AGE_DAYS;
use domain::money::Decimal;
use domain::prices::{ECB, OWN, OWN_AT_ECB, OWN_AT_OWN};
use domain::revision::Snapshot;
use domain::time::Day;
use ports::PortError;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner};

use crate::plan::Group;

/// What the user gave that can settle a group of requests.
#[derive(Debug)]
pub(crate) struct Own {
    base: Asset,
    /// Prices by currency and asset, currencies in order of their codes.
    prices: BTreeMap<Asset, BTreeMap<Asset, BTreeMap<Day, Decimal>>>,
    /// Units for one euro.
    rates: BTreeMap<Asset, BTreeMap<Day, Decimal>>,
}

impl Own {
    pub(crate) fn new(base: Asset) -> Self {
        Self {
            base,
            prices: BTreeMap::new(),
            rates: BTreeMap::new(),
        }
    }

    /// Reads what can settle `group`. Of two files with the same price the later wins.
    ///
    /// # Errors
    /// What the table says.
    pub(crate) async fn load(
        table: &dyn LedgerPrices,
        snapshot: &Snapshot,
        base: &Asset,
        group: &Group,
    ) -> Result<Self, PortError> {
        let mut own = Self::new(base.clone());
        let (first, last) = group.span();
        let first = Day(first.0.saturating_sub(MAX_RATE_AGE_DAYS));
        let needed = |asset: &Asset| group.holds(asset) || asset.is_fiat();
        for currency in currencies(snapshot, base, group) {
            for entry in &snapshot.prices {
                let job = PriceOwner::Job(entry.job);
                for price in table
                    .read(&snapshot.ledger, job, &currency, first, last)
                    .await?
                {
                    if needed(&price.asset) {
                        own.add(price);
                    }
                }
            }
        }
        Ok(own)
    }

    /// Adds what one line of a file says, over what an earlier file said.
    pub(crate) fn add(&mut self, given: DayPrice) {
        let Some(price) = given.price else { return };
        let days = if given.source == ECB {
            self.rates.entry(given.quote).or_default()
        } else {
            let assets = self.prices.entry(given.quote).or_default();
            assets.entry(given.asset).or_default()
        };
        days.insert(given.day, price);
    }

    /// The price of an asset on a day in the base currency, with its source.
    pub(crate) fn price(&self, asset: &Asset, day: Day) -> Option<(Decimal, &'static str)> {
        if let Some(price) = self.given(&self.base, asset, day) {
            return Some((price.clone(), OWN));
        }
        if asset.is_fiat() {
            return Some((self.cross(&Decimal::ONE, asset, day)?, ECB));
        }
        let others = self
            .prices
            .keys()
            .filter(|currency| **currency != self.base);
        for currency in others.filter(|currency| currency.is_fiat()) {
            if let Some(price) = self.given(currency, asset, day)
                && let Some(found) = self.exchanged(price, currency, day)
            {
                return Some(found);
            }
        }
        None
    }

    fn given(&self, currency: &Asset, asset: &Asset, day: Day) -> Option<&Decimal> {
        self.prices.get(currency)?.get(asset)?.get(&day)
    }

    /// A given price in another currency, in the base currency.
    fn exchanged(
        &self,
        amount: &Decimal,
        from: &Asset,
        day: Day,
    ) -> Option<(Decimal, &'static str)> {
        match self.given(&self.base, from, day) {
            Some(own) => Some((amount.times(own).ok()?, OWN_AT_OWN)),
            None => Some((self.cross(amount, from, day)?, OWN_AT_ECB)),
        }
    }

    /// An amount of a currency in the base currency by the newest day that has both rates.
    fn cross(&self, amount: &Decimal, from: &Asset, day: Day) -> Option<Decimal> {
        let oldest = day.0.saturating_sub(MAX_RATE_AGE_DAYS);
        let mut days = (oldest..=day.0).rev().map(Day);
        let (to, of) =
            days.find_map(|day| Some((self.rate(&self.base, day)?, self.rate(from, day)?)))?;
        if of == Decimal::ONE {
            return amount.times(&to).ok();
        }
        amount.times_over(&to, &of).ok()
    }

    /// Units of a currency for one euro on exactly that day.
    fn rate(&self, currency: &Asset, day: Day) -> Option<Decimal> {
        if *currency == Asset::eur() {
            return Some(Decimal::ONE);
        }
        self.rates.get(currency)?.get(&day).cloned()
    }
}

/// The currencies whose prices can matter: the base, the national currencies that are asked for, and
/// those that files price other assets in.
fn currencies(snapshot: &Snapshot, base: &Asset, group: &Group) -> BTreeSet<Asset> {
    let asked = group.assets();
    let quoted = snapshot.prices.iter().flat_map(|entry| &entry.quotes);
    let fiat = asked.filter(|asset| asset.is_fiat());
    fiat.chain(quoted).chain([base]).cloned().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn asset(code: &str) -> Asset {
        code.parse().unwrap()
    }

    /// `asset quote day price source`, one given price each.
    fn own(base: &str, given: &[(&str, &str, i32, &str, &str)]) -> Own {
        let mut own = Own::new(asset(base));
        for (code, quote, day, price, source) in given {
            own.add(DayPrice {
                asset: asset(code),
                quote: asset(quote),
                day: Day(*day),
                price: Some(price.parse().unwrap()),
                source: (*source).to_owned(),
            });
        }
        own
    }

    fn price(own: &Own, code: &str, day: i32) -> Option<(String, &'static str)> {
        let (price, source) = own.price(&asset(code), Day(day))?;
        Some((price.to_string(), source))
    }

    fn of(price: &str, source: &'static str) -> Option<(String, &'static str)> {
        Some((price.to_owned(), source))
    }

    const RATES: [(&str, &str, i32, &str, &str); 3] = [
        ("EUR", "USD", 10, "1.2", ECB),
        ("EUR", "GBP", 10, "0.9", ECB),
        ("EUR", "USD", 13, "1.5", ECB),
    ];

    #[test]
    fn a_currency_is_worth_the_rate_of_the_base_over_its_own() {
        let usd = own("USD", &RATES);
        assert_eq!(price(&usd, "EUR", 10), of("1.2", ECB));
        assert_eq!(
            price(&usd, "GBP", 10),
            of("1.333333333333333333333333333333", ECB)
        );
        let eur = own("EUR", &RATES);
        assert_eq!(
            price(&eur, "USD", 10),
            of("0.833333333333333333333333333333", ECB)
        );
        assert_eq!(price(&own("GBP", &RATES), "USD", 10), of("0.75", ECB));
        assert_eq!(price(&usd, "JPY", 10), None);
    }

    #[test]
    fn the_last_working_day_counts_for_a_week_and_both_rates_are_of_one_day() {
        let usd = own("USD", &RATES);
        assert_eq!(price(&usd, "EUR", 12), of("1.2", ECB));
        assert_eq!(price(&usd, "EUR", 9), None);
        assert_eq!(price(&usd, "EUR", 13), of("1.5", ECB));
        assert_eq!(price(&usd, "EUR", 20), of("1.5", ECB));
        assert_eq!(price(&usd, "EUR", 21), None);
        let gbp = of("1.333333333333333333333333333333", ECB);
        assert_eq!(price(&usd, "GBP", 13), gbp, "GBP has no rate of day 13");
        assert_eq!(price(&usd, "GBP", 18), None);
    }

    #[test]
    fn an_own_price_in_the_base_beats_a_cross_rate_on_its_day_only() {
        let mut given = vec![("EUR", "USD", 11, "7", OWN)];
        given.extend(RATES);
        let usd = own("USD", &given);
        assert_eq!(price(&usd, "EUR", 11), of("7", OWN));
        assert_eq!(price(&usd, "EUR", 12), of("1.2", ECB));
    }

    #[test]
    fn a_price_in_another_currency_is_exchanged_and_one_in_the_base_is_not() {
        let mut given = vec![
            ("BTC", "EUR", 11, "100", OWN),
            ("BTC", "GBP", 11, "1000", OWN),
            ("BTC", "USD", 12, "3", OWN),
            ("BTC", "EUR", 12, "100", OWN),
            ("ETH", "GBP", 11, "6", OWN),
        ];
        given.extend(RATES);
        let usd = own("USD", &given);
        assert_eq!(
            price(&usd, "BTC", 11),
            of("120", OWN_AT_ECB),
            "EUR is before GBP"
        );
        assert_eq!(price(&usd, "BTC", 12), of("3", OWN));
        assert_eq!(
            price(&usd, "ETH", 11),
            of("8", OWN_AT_ECB),
            "6 x 1.2 / 0.9 is exact"
        );
        assert_eq!(price(&usd, "BTC", 13), None);
        given.push(("EUR", "USD", 11, "2", OWN));
        assert_eq!(price(&own("USD", &given), "BTC", 11), of("200", OWN_AT_OWN));
        assert_eq!(price(&own("JPY", &given), "BTC", 11), None);
    }

    #[test]
    fn a_later_file_wins() {
        let usd = own(
            "USD",
            &[("BTC", "USD", 1, "1", OWN), ("BTC", "USD", 1, "2", OWN)],
        );
        assert_eq!(price(&usd, "BTC", 1), of("2", OWN));
    }

    #[test]
    fn a_price_that_does_not_fit_is_none() {
        let long = "9".repeat(100);
        let given = [
            ("BTC", "EUR", 1, long.as_str(), OWN),
            ("EUR", "USD", 1, long.as_str(), OWN),
        ];
        assert_eq!(price(&own("USD", &given), "BTC", 1), None);
    }
}
