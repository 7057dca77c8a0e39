//! Checks of what a row says it is worth: against its other leg, and against the price (section 4 of
//! the domain rules). A finding is an issue of the row and changes no number.
//!
//! Legs are compared at their market value in the base currency, fees left out; an amount of 0 is no
//! leg, and one without a price is not compared. Rows that nothing follows from, matched transfers
//! and exchanges of money among them, are not checked.
//!
//! A difference of one cent of the base currency or less is none: exports round Net Worth and money to
//! it, and a crumb worth 0.004 is then said to be worth 0.00 or 0.01.
//!
//! A check never makes a price missed: without it the row is not `unpriced`, it is unchecked. But the
//! prices are asked for like all others (`value::needs`), so that a price known by chance, for
//! another row's sake, cannot decide whether there is a finding.

use super::{legs, market_value, uses_value};
use crate::asset::Asset;
use crate::money::{ArithmeticError, Decimal};
use crate::prices::PriceBook;
use crate::rows::{Leg, Row};
use crate::settings::CheckBounds;

/// Two values in the base currency that should be near each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whose price it is about.
    pub(crate) asset: Asset,
    /// What the row says: Net Worth, or the value of what was sent.
    pub(crate) said: Decimal,
    /// What stands against it.
    pub(crate) against: Decimal,
}

/// What the checks found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Both legs have a value, and the smaller is more than the bound under the larger.
    pub(crate) mismatch: Option<Finding>,
    /// Net Worth is more than the bound off the priced value of the sent leg, else of the received.
    pub(crate) outlier: Option<Finding>,
}

/// The legs whose prices the checks of a row look up, whatever the base currency.
pub(super) fn compared(row: &Row) -> impl Iterator<Item = &Leg> {
    let there = legs(row).filter(|leg| !leg.amount.is_zero());
    let both = row.sent.is_some() && row.received.is_some();
    let checked = uses_value(row) && (both || row.net_worth.is_some());
    there.filter(move |_| checked)
}

/// Checks a row that is no end of a matched transfer.
///
/// # Errors
/// When an amount is too long to be compared.
pub(crate) fn check(
    row: &Row,
    prices: &PriceBook,
    bounds: &CheckBounds,
) -> Result<Findings, ArithmeticError> {
    let mut valued: Vec<(&Leg, Decimal)> = Vec::new();
    for leg in compared(row) {
        if let Some(value) = market_value(leg, row.at.utc_day(), prices)? {
            valued.push((leg, value));
        }
    }
    let mut findings = Findings::default();
    if let [(_, sent), (received, value)] = valued.as_slice() {
        let found = (&received.asset, sent.clone(), value.clone());
        if apart(sent, value, sent.max(value), bounds.mismatch_percent)? {
            findings.mismatch = Some(finding(found));
        }
    }
    let day = row.at.utc_day();
    let said = row
        .net_worth
        .as_ref()
        .map(|leg| market_value(leg, day, prices));
    let priced = valued.iter().find(|(leg, _)| leg.asset != *prices.base());
    if let (Some(said), Some((leg, value))) = (said.transpose()?.flatten(), priced)
        && apart(&said, value, value, bounds.outlier_percent)?
    {
        findings.outlier = Some(finding((&leg.asset, said, value.clone())));
    }
    Ok(findings)
}

fn finding((asset, said, against): (&Asset, Decimal, Decimal)) -> Finding {
    Finding {
        asset: asset.clone(),
        said,
        against,
    }
}

/// Whether two values differ by more than a cent and by more than `percent` of `of`; multiplied out,
/// so nothing is rounded.
fn apart(a: &Decimal, b: &Decimal, of: &Decimal, percent: u32) -> Result<bool, ArithmeticError> {
    let hundredfold = a.minus(b)?.abs().times(&Decimal::from(100))?;
    let bound = of.times(&Decimal::from(u64::from(percent)))?;
    Ok(hundredfold > Decimal::ONE && hundredfold > bound)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::tests::{book, leg, row};
    use super::*;
    use crate::rows::Kind;

    const PRICES: [(&str, u64); 3] = [("EUR", 2), ("BTC", 100), ("ETH", 10)];

    /// What is found of a row, as `asset said against`.
    fn found(row: &Row) -> (Option<String>, Option<String>) {
        let findings = check(row, &book(&PRICES), &CheckBounds::default()).unwrap();
        let text = |it: Finding| format!("{} {} {}", it.asset, it.said, it.against);
        (findings.mismatch.map(text), findings.outlier.map(text))
    }

    #[test]
    fn legs_may_be_a_tenth_of_the_larger_apart_and_no_more() {
        let swap = |sent: &str, received: &str| found(&row(Kind::Swap, sent, received, "")).0;
        assert_eq!(swap("1 BTC", "9 ETH"), None);
        assert_eq!(swap("0.9 BTC", "10 ETH"), None);
        let under = swap("1 BTC", "8.9999999999999999999999999999 ETH");
        assert_eq!(under, Some("ETH 100 89.999999999999999999999999999".into()));
        assert_eq!(swap("0.5 BTC", "10 ETH"), Some("ETH 50 100".into()));
        assert_eq!(swap("1 BTC", "900 XYZ"), None, "one leg has no price");
    }

    #[test]
    fn a_leg_in_money_is_worth_its_amount_and_fees_do_not_count() {
        let buy = |sent: &str| found(&row(Kind::Buy, sent, "1 BTC", "50 USD")).0;
        assert_eq!(buy("100 USD"), None);
        assert_eq!(buy("1000 USD"), Some("BTC 1000 100".into()));
        assert_eq!(buy("50 EUR"), None);
        assert_eq!(buy("500 EUR"), Some("BTC 1000 100".into()));
        assert_eq!(buy("0 USD"), None);
    }

    #[test]
    fn net_worth_may_be_half_of_the_price_off_and_no_more() {
        let reward = |worth: &str| {
            let mut row = row(Kind::Reward, "", "2 BTC", "");
            row.net_worth = leg(worth);
            found(&row).1
        };
        assert_eq!((reward("100 USD"), reward("150 EUR")), (None, None));
        assert_eq!(reward("99.99 USD"), Some("BTC 99.99 200".into()));
        assert_eq!(reward("150.01 EUR"), Some("BTC 300.02 200".into()));
        assert_eq!(reward("9 XYZ"), None);
    }

    #[test]
    fn a_cent_is_rounding() {
        let crumb = |worth: &str| {
            let mut row = row(Kind::Reward, "", "0.00004 BTC", "");
            row.net_worth = leg(worth);
            found(&row).1
        };
        assert_eq!((crumb("0 USD"), crumb("0.014 USD")), (None, None));
        assert_eq!(crumb("0.015 USD"), Some("BTC 0.015 0.004".into()));
        let buy = row(Kind::Buy, "0.01 USD", "0.00004 BTC", "");
        assert_eq!(found(&buy).0, None);
    }

    #[test]
    fn what_nothing_follows_from_is_not_checked_and_asks_for_no_price() {
        let mut stake = row(Kind::Stake, "1 BTC", "", "");
        stake.net_worth = leg("1 USD");
        let exchange = row(Kind::Exchange, "1 EUR", "500 USD", "");
        let deposit = row(Kind::Deposit, "", "1 BTC", "");
        for row in [stake, exchange, deposit] {
            assert_eq!(found(&row), (None, None));
            assert_eq!(compared(&row).count(), 0);
        }
    }

    #[test]
    fn amounts_too_long_to_compare_are_an_error_and_no_finding() {
        let mut row = row(Kind::Swap, "1 BTC", "9 ETH", "");
        row.sent = leg(&format!("1{} BTC", "0".repeat(151)));
        assert_eq!(
            check(&row, &book(&PRICES), &CheckBounds::default()),
            Err(ArithmeticError::Overflow)
        );
    }
}
