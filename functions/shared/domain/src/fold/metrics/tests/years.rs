//! Tax years as blocks of a checkpoint.

use std::collections::BTreeMap;

use super::properties::load;
use super::sample::{Sample, asset};
use crate::checkpoint::{AssetBlocks, Block, BlockName};
use crate::fold::metrics::AssetState;

/// What is stored of BTC behind a ledger's rows, and the bytes.
type Stored = (AssetState, AssetBlocks, BTreeMap<BlockName, Vec<u8>>);

/// BTC that was bought in 2022, as it was stored and read.
fn bought() -> Stored {
    let mut sample = Sample::new();
    sample.row("buy", "2022-03-01 10:00", "", "90 USD", "3 BTC", "");
    let mut assets = sample.measure().assets;
    stored(&assets.remove(&asset("BTC")).unwrap(), None)
}

/// And sold in two later years, each time from a state that was stored and read.
fn sold() -> (Stored, Vec<Vec<BlockName>>) {
    let (mut state, mut named, mut bytes) = bought();
    let mut packed = Vec::new();
    for at in ["2023-05-01 10:00", "2024-05-01 10:00"] {
        let mut sample = Sample::new();
        sample.row("sell", at, "", "1 BTC", "50 USD", "");
        let mut assets = sample.measure_on([(asset("BTC"), state)].into()).assets;
        let stored = stored(&assets.remove(&asset("BTC")).unwrap(), Some(&named));
        packed.push(stored.2.keys().copied().collect());
        (state, named) = (stored.0, stored.1);
        bytes.extend(stored.2);
    }
    ((state, named, bytes), packed)
}

fn stored(state: &AssetState, before: Option<&AssetBlocks>) -> Stored {
    let (named, blocks) = state.encode(before).unwrap();
    assert_eq!(named, state.encode(None).unwrap().0);
    let mut state = state.clone();
    state.is_stored();
    let bytes = blocks
        .into_iter()
        .map(|Block { name, bytes }| (name, bytes));
    (state, named, bytes.collect())
}

#[test]
fn a_year_that_is_over_is_not_packed_again() {
    let ((state, named, bytes), packed) = sold();
    assert_eq!(
        named.years.keys().copied().collect::<Vec<_>>(),
        [2022, 2023, 2024]
    );
    for (year, packed) in [2023, 2024].iter().zip(packed) {
        assert_eq!(
            packed.len(),
            3,
            "the state, its only block of lots and the year"
        );
        assert!(packed.contains(&named.years[year]));
    }
    assert_eq!(load(&named, &bytes), state);
}

#[test]
fn totals_of_a_year_need_no_other() {
    let ((state, named, mut bytes), _) = sold();
    bytes.retain(|name, _| *name == named.state || *name == named.years[&2023]);
    let read = load(&named.of_year(2023).without_lots(), &bytes);
    let btc = asset("BTC");
    assert_eq!(read.years().collect::<Vec<_>>(), [2023]);
    assert_eq!(
        read.totals_of(&btc, 2023).collect::<Vec<_>>(),
        state.totals_of(&btc, 2023).collect::<Vec<_>>()
    );
}
