//! What holds for any file; fixtures with their rows written out are read by `ingest`.

#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "a test fails by panicking, and counts in tenths"
)]

use proptest::prelude::*;

use crate::formats::whole;
use crate::money::Decimal;
use crate::rows::Leg;
use crate::settings::ParseOptions;

#[test]
fn the_account_is_the_upload_s() {
    let options = ParseOptions {
        account: Some("Kraken Pro".parse().unwrap()),
        ..ParseOptions::default()
    };
    let ledger = include_str!("../fixtures/kraken_fee_on_either_side.csv");
    let read = whole::read(ledger, &options);
    assert!(!read.rows.is_empty());
    assert!(
        read.rows
            .iter()
            .all(|row| row.account.as_str() == "Kraken Pro")
    );
}

#[test]
fn a_reference_of_many_assets_is_refused_in_few_words() {
    let mut ledger = "txid,refid,time,type,aclass,asset,amount,fee,balance\n".to_owned();
    for n in 0..600 {
        let kind = if n % 2 == 0 { "withdrawal" } else { "trade" };
        let sign = if n % 4 < 2 { "" } else { "-" };
        ledger.push_str(&format!(
            "L{n},{kind},2021-01-01 00:00:00,{kind},currency,A{n},{sign}1,0,0\n"
        ));
    }
    let read = whole::read(&ledger, &ParseOptions::default());
    assert_eq!((read.rows.len(), read.refused.len()), (0, 600));
    for (_, error) in &read.refused {
        assert!(error.message.len() < 400, "{error}");
    }
    assert!(
        read.refused
            .iter()
            .any(|(_, error)| error.message.contains(" and 296 more")),
        "{:?}",
        read.refused[0]
    );
}

/// A record of a small alphabet, so that references, types and assets meet.
fn record() -> impl Strategy<Value = String> {
    let pick = |cells: &'static [&'static str]| prop::sample::select(cells);
    (
        pick(&["L1", "L2", ""]),
        pick(&["T1", "T2", "T3", ""]),
        pick(&["2021-01-01 00:00:00", "2021-01-02 00:00:00", "x"]),
        pick(&[
            "trade",
            "trade",
            "spend",
            "receive",
            "deposit",
            "withdrawal",
            "earn",
            "margin",
            "odd",
        ]),
        pick(&["", "reward", "allocation"]),
        pick(&["XXBT", "ZEUR", "DOT.S", "DOT", "a b"]),
        pick(&["1", "-1", "0", "2.5", "-2.5", "", "1e400"]),
        pick(&["0", "0.1", "-0.1"]),
    )
        .prop_map(|(txid, refid, time, kind, subtype, asset, amount, fee)| {
            format!("{txid},{refid},{time},{kind},{subtype},currency,{asset},{amount},{fee},0\n")
        })
}

proptest! {
    #[test]
    fn every_record_becomes_part_of_a_row_or_is_refused_or_ignored(
        records in prop::collection::vec(record(), 0..30),
    ) {
        let ledger = format!("txid,refid,time,type,subtype,aclass,asset,amount,fee,balance\n{}", records.concat());
        let read = whole::read(&ledger, &ParseOptions::default());
        let rows: u64 = read.rows.iter().map(|row| u64::from(row.records)).sum();
        prop_assert_eq!(rows + read.refused.len() as u64 + read.ignored, read.records);
        for (line, error) in &read.refused {
            let named = format!("line {line}");
            prop_assert!(error.message.starts_with(&named), "{error}");
        }
    }

    #[test]
    fn what_moves_in_a_ledger_is_what_its_rows_move(records in prop::collection::vec(record(), 0..30)) {
        let ledger = format!("txid,refid,time,type,subtype,aclass,asset,amount,fee,balance\n{}", records.concat());
        let read = whole::read(&ledger, &ParseOptions::default());
        let refused: Vec<u64> = read.refused.iter().map(|(line, _)| *line).collect();
        let mut moved = moved_by(&records, &refused);
        for row in &read.rows {
            for (leg, sign) in [(&row.received, 1), (&row.sent, -1), (&row.fee, -1)] {
                if let Some(leg) = leg {
                    let tenths = leg.amount.times(&crate::money::Decimal::from(10)).unwrap().to_string();
                    *moved.entry(leg.asset.as_str().to_owned()).or_default() -= sign * tenths.parse::<i64>().unwrap();
                }
            }
        }
        moved.retain(|_, tenths| *tenths != 0);
        prop_assert!(moved.is_empty(), "{moved:?} in {ledger}");
    }
}

/// Exact sum of legs.
fn sum<'a>(legs: impl Iterator<Item = &'a Leg>) -> Decimal {
    legs.fold(Decimal::ZERO, |sum, leg| sum.plus(&leg.amount).unwrap())
}

proptest! {
    #[test]
    fn the_parts_of_a_sweep_add_up_to_what_came(
        given in prop::collection::vec((0..6_usize, 1..900_u32, 1..90_u32), 1..12),
        received in 1..100_000_u32,
        fee in 0..900_u32,
        cut in any::<prop::sample::Index>(),
    ) {
        let assets = ["ADA", "ADA.S", "BNB", "DOT", "SOL", "XXDG"];
        let sweep = "2024-01-01 00:00:00";
        let mut records: Vec<String> = (0..).zip(&given).map(|(n, (asset, amount, worth))| {
            format!("L{n},T1,{sweep},spend,dustsweeping,currency,{},-0.{amount:03},0,0,0.{worth:02}\n", assets[*asset])
        }).collect();
        let came = format!("LX,T1,{sweep},receive,dustsweeping,currency,ZEUR,{received}.7,0.{fee:04},0,1\n");
        records.insert(cut.index(records.len()), came);
        let header = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance,amountusd\n";
        let read = whole::read(&format!("{header}{}", records.concat()), &ParseOptions::default());
        prop_assert!(read.refused.is_empty(), "{:?}", read.refused);
        let came: Decimal = format!("{received}.7").parse().unwrap();
        prop_assert_eq!(sum(read.rows.iter().flat_map(|row| &row.received)), came);
        let paid: Decimal = format!("0.{fee:04}").parse().unwrap();
        prop_assert_eq!(sum(read.rows.iter().flat_map(|row| &row.fee)), paid);
        let records: u64 = read.rows.iter().map(|row| u64::from(row.records)).sum();
        prop_assert_eq!(records, given.len() as u64 + 1);
        let mut ids: Vec<_> = read.rows.iter().map(|row| row.id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), read.rows.len());
    }
}

/// Tenths by asset that records move, those that are refused, pending or internal left out.
fn moved_by(records: &[String], refused: &[u64]) -> std::collections::BTreeMap<String, i64> {
    let mut moved = std::collections::BTreeMap::new();
    for (line, record) in (2_u64..).zip(records) {
        let cells: Vec<&str> = record.split(',').collect();
        let internal = cells[3] == "earn" && cells[4] == "allocation";
        if refused.contains(&line) || cells[0].is_empty() || internal {
            continue;
        }
        let tenths = |cell: &str| (cell.parse::<f64>().unwrap_or_default() * 10.0) as i64;
        let asset = match cells[6] {
            "XXBT" => "BTC",
            "ZEUR" => "EUR",
            _ => "DOT",
        };
        *moved.entry(asset.to_owned()).or_default() += tenths(cells[7]) - tenths(cells[8]);
    }
    moved
}
