//! What holds for any file; fixtures with their rows written out are read by `ingest`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::formats::whole;
use crate::money::Decimal;
use crate::settings::ParseOptions;

const HEADER: &str = "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark\n";

#[test]
fn times_are_of_utc_where_the_header_says_so_and_else_of_the_upload_s_zone() {
    let options = ParseOptions {
        timezone: Some("Europe/Berlin".to_owned()),
        ..ParseOptions::default()
    };
    let record = "1,2021-01-01 12:00:00,Spot,Deposit,BTC,1,\n";
    let utc = whole::read(&format!("{HEADER}{record}"), &options);
    assert_eq!(utc.rows[0].at.to_string(), "2021-01-01T12:00:00Z");
    let local = format!("{}{record}", HEADER.replace("UTC_Time", "Time"));
    assert_eq!(
        whole::read(&local, &options).rows[0].at.to_string(),
        "2021-01-01T11:00:00Z"
    );
}

#[test]
fn equal_records_are_equal_rows_and_tell_the_reader_what_they_were() {
    let record = "1,2021-01-01 12:00:00,Spot,Deposit,BTC,1,by mail\n";
    let read = whole::read(
        &format!("{HEADER}{record}{record}"),
        &ParseOptions::default(),
    );
    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.rows[0].fingerprint(), read.rows[1].fingerprint());
    assert_eq!(
        read.rows[0].description.as_deref(),
        Some("Deposit: by mail")
    );
}

/// A record of a small alphabet, so that seconds, operations and coins meet.
fn record() -> impl Strategy<Value = (String, &'static str, i64, bool)> {
    let operation = prop::sample::select(vec![
        ("Buy", false),
        ("Sell", false),
        ("Transaction Related", false),
        ("Transaction Buy", false),
        ("Transaction Spend", false),
        ("Fee", false),
        ("Binance Convert", false),
        ("Small assets exchange BNB", false),
        ("Buy Crypto", false),
        ("Deposit", false),
        ("Withdraw", false),
        ("Distribution", false),
        ("transfer_in", true),
        ("Odd", false),
    ]);
    let coin = prop::sample::select(vec!["BTC", "BTC", "BNB", "EUR"]);
    let wallet = prop::sample::select(vec!["Spot", "Spot", "USDT-Futures"]);
    (0..3_u8, operation, coin, -3_i64..4, wallet).prop_map(
        |(second, (name, internal), coin, change, wallet)| {
            let record = format!("7,2021-01-01 00:00:0{second},{wallet},{name},{coin},{change},\n");
            (record, coin, change, internal)
        },
    )
}

proptest! {
    #[test]
    fn every_record_counts_once_and_what_moves_is_what_the_rows_move(
        records in prop::collection::vec(record(), 0..20),
    ) {
        let text: String = records.iter().map(|(record, ..)| record.as_str()).collect();
        let read = whole::read(&format!("{HEADER}{text}"), &ParseOptions::default());
        let rows: u64 = read.rows.iter().map(|row| u64::from(row.records)).sum();
        prop_assert_eq!(rows + read.refused.len() as u64 + read.ignored, read.records);
        let mut moved: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut add = |coin: &str, change: Decimal| {
            let sum = moved.entry(coin.to_owned()).or_insert_with(|| Decimal::from(0));
            *sum = sum.plus(&change).unwrap();
        };
        for (line, (_, coin, change, internal)) in (2..).zip(&records) {
            if !internal && read.refused.iter().all(|(refused, _)| *refused != line) {
                add(coin, change.to_string().parse().unwrap());
            }
        }
        for row in &read.rows {
            for (leg, gone) in [(&row.received, false), (&row.sent, true), (&row.fee, true)] {
                if let Some(leg) = leg {
                    let out = leg.amount.negated();
                    add(leg.asset.as_str(), if gone { leg.amount.clone() } else { out });
                }
            }
        }
        prop_assert!(moved.values().all(Decimal::is_zero), "{moved:?} in {text}");
    }
}
