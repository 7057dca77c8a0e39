//! What holds of every generated ledger.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use domain::money::Decimal;
use proptest::prelude::*;

use super::*;

fn column(name: &str) -> usize {
    HEADER.iter().position(|column| *column == name).unwrap()
}

fn leg(record: &csv::StringRecord, side: &str) -> Option<(Decimal, String)> {
    let amount = &record[column(&format!("{side} Amount"))];
    let asset = &record[column(&format!("{side} Currency"))];
    assert_eq!(amount.is_empty(), asset.is_empty());
    (!amount.is_empty()).then(|| (amount.parse().unwrap(), asset.to_owned()))
}

#[test]
fn a_seed_gives_the_same_bytes_on_every_machine() {
    let ledger = Ledger::new(42, 500, 7);

    assert_eq!(fnv(&ledger.csv()), "151b4b7e005093a0");
    assert_eq!(fnv(&ledger.prices_csv()), "7b825afe117d3c0f");
    assert_ne!(ledger.csv(), Ledger::new(43, 500, 7).csv());
}

/// FNV-1a: enough to see a changed byte, and it needs no crate.
fn fnv(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[test]
fn fifty_thousand_rows_need_the_prices_a_realistic_file_needs() {
    let ledger = Ledger::new(1, 50_000, 7);
    let days: BTreeSet<(u64, Code)> = ledger.needs.clone();
    let assets: BTreeSet<Code> = days.iter().map(|(_, code)| *code).collect();
    let seen = (ledger.lookups(), days.len(), assets.len());
    assert!((20_000..=22_000).contains(&seen.0), "{seen:?}");
    assert!((6_200..=6_800).contains(&seen.1), "{seen:?}");
    assert_eq!(seen.2, 7);
}

#[test]
fn every_kind_of_event_is_there_and_times_mostly_increase() {
    let ledger = Ledger::new(5, 20_000, 7);
    let labels: BTreeSet<&str> = ledger
        .rows()
        .iter()
        .map(|row| &row[column("Label")])
        .collect();
    for label in [
        "", "staking", "airdrop", "gift", "cost", "lost", "stake", "salary", "fork", "donation",
    ] {
        assert!(labels.contains(label), "no row is labelled {label:?}");
    }
    let times: Vec<&str> = ledger
        .rows()
        .iter()
        .map(|row| &row[column("Date")])
        .collect();
    let back = times.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!((1..times.len() / 25).contains(&back), "{back} steps back");
    let years: BTreeSet<&str> = times.iter().map(|time| &time[..4]).collect();
    assert!(years.is_superset(&["2020", "2021", "2022", "2023"].into()));
}

#[test]
fn little_is_sold_that_was_never_there() {
    let ledger = Ledger::new(5, 10_000, 7);
    let mut rows: Vec<&csv::StringRecord> = ledger.rows().iter().collect();
    rows.sort_by_key(|row| row[column("Date")].to_owned());
    let mut held: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    let mut below = 0;
    for row in rows {
        let account = row[column("Account")].to_owned();
        for (side, comes) in [("Received", true), ("Sent", false), ("Fee", false)] {
            let Some((amount, asset)) = leg(row, side) else {
                continue;
            };
            let balance = held
                .entry((account.clone(), asset))
                .or_insert(Decimal::ZERO);
            *balance = if comes {
                balance.plus(&amount)
            } else {
                balance.minus(&amount)
            }
            .unwrap();
            if balance.is_negative() {
                below += 1;
                *balance = Decimal::ZERO;
            }
        }
    }
    assert!((1..300).contains(&below), "{below} legs went under zero");
}

#[test]
fn repeated_rows_are_copies_and_the_rest_have_ids_of_their_own() {
    let ledger = Ledger::with(Options {
        seed: 9,
        rows: 1_000,
        assets: 3,
        ids: true,
        duplicates_permille: 100,
    });
    let distinct: BTreeSet<Vec<&str>> = ledger
        .rows()
        .iter()
        .map(|row| row.iter().collect())
        .collect();
    let ids: BTreeSet<&str> = ledger.rows().iter().map(|row| &row[0]).collect();
    assert_eq!(
        (ledger.rows().len(), distinct.len(), ids.len()),
        (1_000, 900, 900)
    );
    let without = Ledger::with(Options {
        seed: 9,
        rows: 50,
        assets: 3,
        ids: false,
        duplicates_permille: 0,
    });
    assert!(without.rows().iter().all(|row| row[0].is_empty()));
}

#[test]
fn many_assets_have_a_long_tail() {
    let ledger = Ledger::new(2, 5_000, 200);
    let assets: BTreeSet<String> = ledger
        .rows()
        .iter()
        .filter_map(|row| leg(row, "Received"))
        .map(|leg| leg.1)
        .collect();
    assert!(assets.len() > 120, "{} assets", assets.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_ledger_has_its_rows_and_only_whole_legs(seed: u64, rows in 0_usize..400, assets in 0_usize..40) {
        let ledger = Ledger::new(seed, rows, assets);
        prop_assert_eq!(ledger.rows().len(), rows);
        for row in ledger.rows() {
            prop_assert_eq!(row.len(), HEADER.len());
            let legs = ["Sent", "Received", "Fee"].map(|side| leg(row, side));
            prop_assert!(legs.iter().any(Option::is_some));
            for (amount, asset) in legs.into_iter().flatten() {
                prop_assert!(amount > Decimal::ZERO, "{amount} {asset}");
            }
        }
        let read = csv::Reader::from_reader(ledger.csv().as_slice()).into_records().count();
        prop_assert_eq!(read, rows);
    }
}
