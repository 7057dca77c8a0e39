#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its input has failed"
)]

use super::*;
use crate::time::Instant;

fn asset(code: &str) -> Asset {
    code.parse().unwrap()
}

pub(super) fn leg(text: &str) -> Option<Leg> {
    let (amount, code) = text.split_once(' ')?;
    Some(Leg {
        amount: amount.parse().unwrap(),
        asset: asset(code),
    })
}

/// A row on the first day: empty text for an absent leg.
pub(super) fn row(kind: Kind, sent: &str, received: &str, fee: &str) -> Row {
    Row {
        at: Instant(5),
        line: 2,
        chunk: 0,
        kind,
        account: "main".parse().unwrap(),
        id: None,
        sent: leg(sent),
        received: leg(received),
        fee: leg(fee),
        net_worth: None,
        fee_worth: None,
        records: 1,
        tx_hash: None,
        description: None,
    }
}

pub(super) fn book(prices: &[(&str, u64)]) -> PriceBook {
    let mut book = PriceBook::new(asset("USD"));
    for (code, price) in prices {
        book.pin(asset(code), Day(0), Decimal::from(*price), "own");
    }
    book
}

fn worth(row: &Row, prices: &[(&str, u64)]) -> Option<(String, String)> {
    let value = value(row, &book(prices)).unwrap()?;
    Some((value.amount.to_string(), value.source_name()))
}

fn of(amount: &str, source: &str) -> Option<(String, String)> {
    Some((amount.to_owned(), source.to_owned()))
}

fn asked(row: &Row) -> Vec<String> {
    let list = |need: PriceNeed| {
        need.sources
            .iter()
            .map(Asset::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    needs(row).into_iter().map(list).collect()
}

fn settled(row: &Row) -> Vec<String> {
    wanted(&needs(row), &asset("USD"))
        .into_iter()
        .map(|(asset, day)| format!("{asset} {}", day.0))
        .collect()
}

#[test]
fn each_source_of_a_value_gives_way_to_the_one_before_it() {
    let prices = [("EUR", 2), ("BTC", 100), ("ETH", 10)];
    let mut swap = row(Kind::Swap, "3 BTC", "4 ETH", "");
    assert_eq!(worth(&swap, &prices), of("300", "price:own"));
    assert_eq!(worth(&swap, &prices[2..]), of("40", "price:own"));
    assert_eq!(worth(&swap, &[]), None);
    let buy = row(Kind::Buy, "7 EUR", "1 BTC", "");
    assert_eq!(worth(&buy, &prices), of("14", "fiat_leg+fx:own"));
    assert_eq!(worth(&buy, &prices[1..]), of("100", "price:own"));
    let sell = row(Kind::Sell, "1 BTC", "90 USD", "");
    assert_eq!(worth(&sell, &prices), of("90", "base_leg"));
    swap.net_worth = leg("250 EUR");
    assert_eq!(worth(&swap, &prices), of("500", "net_worth+fx:own"));
    assert_eq!(worth(&swap, &prices[1..]), of("300", "price:own"));
}

#[test]
fn a_values_source_names_who_gave_the_price_and_the_rate() {
    let mut book = PriceBook::new(asset("USD"));
    for (code, source) in [("EUR", "ecb"), ("BTC", "own+fx:ecb"), ("ETH", "coingecko")] {
        book.pin(asset(code), Day(0), Decimal::ONE, source);
    }
    book.pin(asset("USD"), Day(0), Decimal::ONE, "own");
    let named = |row: &Row| value(row, &book).unwrap().unwrap().source_name();
    let mut buy = row(Kind::Buy, "7 EUR", "1 BTC", "");
    assert_eq!(named(&buy), "fiat_leg+fx:ecb");
    for (worth, expected) in [
        ("8 USD", "net_worth"),
        ("8 EUR", "net_worth+fx:ecb"),
        ("8 ETH", "net_worth+price:coingecko"),
    ] {
        buy.net_worth = leg(worth);
        assert_eq!(named(&buy), expected);
    }
    let reward = |leg: &str| named(&row(Kind::Reward, "", leg, ""));
    assert_eq!(reward("1 ETH"), "price:coingecko");
    assert_eq!(reward("1 BTC"), "price:own+fx:ecb");
    assert_eq!(reward("1 USD"), "base_leg");
}

#[test]
fn a_fee_is_worth_what_the_file_says_else_its_amount_else_its_price() {
    let prices = book(&[("BNB", 5)]);
    let mut fee = row(Kind::Buy, "7 USD", "1 BTC", "2 BNB");
    assert_eq!(fee_value(&fee, &prices).unwrap(), Some(Decimal::from(10)));
    fee.fee_worth = leg("9 USD");
    assert_eq!(fee_value(&fee, &prices).unwrap(), Some(Decimal::from(9)));
    let base = row(Kind::Buy, "7 USD", "1 BTC", "3 USD");
    assert_eq!(fee_value(&base, &prices).unwrap(), Some(Decimal::from(3)));
    let unknown = row(Kind::Buy, "7 USD", "1 BTC", "3 XYZ");
    assert_eq!(fee_value(&unknown, &prices).unwrap(), None);
    let mut only = row(Kind::Fee, "", "", "3 XYZ");
    only.net_worth = leg("8 USD");
    assert_eq!(fee_value(&only, &prices).unwrap(), Some(Decimal::from(8)));
}

#[test]
fn the_lost_part_of_a_transfer_is_valued_by_fee_worth_then_price_then_net_worth() {
    let lost = "0.5".parse().unwrap();
    let mut sent = row(Kind::Withdrawal, "2 BTC", "", "0.25 BTC");
    let priced = book(&[("BTC", 100)]);
    assert_eq!(
        lost_value(&sent, &lost, &priced).unwrap(),
        Some(Decimal::from(50))
    );
    sent.net_worth = leg("300 USD");
    assert_eq!(
        lost_value(&sent, &lost, &priced).unwrap(),
        Some(Decimal::from(50))
    );
    assert_eq!(
        lost_value(&sent, &lost, &book(&[])).unwrap(),
        Some(Decimal::from(75))
    );
    sent.fee_worth = leg("30 USD");
    assert_eq!(
        lost_value(&sent, &lost, &priced).unwrap(),
        Some(Decimal::from(55))
    );
    sent.net_worth = None;
    assert_eq!(lost_value(&sent, &lost, &book(&[])).unwrap(), None);
}

#[test]
fn a_row_asks_for_its_sources_in_the_order_of_the_rule() {
    let mut buy = row(Kind::Buy, "7 EUR", "1 BTC", "1 BNB");
    assert_eq!(asked(&buy), ["EUR BTC", "BNB", "EUR", "BTC"]);
    assert_eq!(settled(&buy), ["BNB 0", "BTC 0", "EUR 0"]);
    buy.net_worth = leg("8 USD");
    buy.fee_worth = leg("1 USD");
    assert_eq!(asked(&buy), ["USD EUR BTC", "USD BNB", "EUR", "BTC"]);
    assert_eq!(settled(&buy), ["BTC 0", "EUR 0"], "to check it against");
}

#[test]
fn a_fee_in_the_asset_sent_or_received_needs_no_price_of_its_own() {
    assert_eq!(
        asked(&row(Kind::Swap, "1 BTC", "9 ETH", "1 BTC")),
        ["BTC ETH", "BTC", "ETH"]
    );
    assert_eq!(
        asked(&row(Kind::Buy, "9 USD", "2 BTC", "1 BTC")),
        ["USD BTC", "USD", "BTC"]
    );
    assert_eq!(
        asked(&row(Kind::Buy, "9 USD", "2 BTC", "2 BTC")),
        ["USD BTC", "BTC", "USD"]
    );
}

#[test]
fn a_neutral_row_asks_only_for_its_fee_and_a_withdrawal_for_what_may_be_lost() {
    assert_eq!(asked(&row(Kind::Stake, "1 ETH", "", "")), [""; 0]);
    assert_eq!(asked(&row(Kind::Stake, "1 ETH", "", "1 ETH")), ["ETH"]);
    assert_eq!(asked(&row(Kind::Exchange, "1 EUR", "1 USD", "")), [""; 0]);
    assert_eq!(asked(&row(Kind::Deposit, "", "5 EUR", "")), [""; 0]);
    assert_eq!(asked(&row(Kind::Withdrawal, "1 BTC", "", "1 BTC")), ["BTC"]);
    let mut stated = row(Kind::Withdrawal, "1 BTC", "", "");
    stated.net_worth = leg("100 USD");
    assert_eq!(asked(&stated), ["USD BTC", "BTC"]);
    assert_eq!(settled(&stated), ["BTC 0"]);
}
