//! The prices of ledgers.

use domain::asset::Asset;
use domain::ids::{LedgerRef, TurnId};
use domain::time::Day;

use super::neighbours;
use super::samples::{asset, decimal};
use crate::contract::World;
use crate::tables::{DayPrice, LedgerPrices, PriceOwner};

fn price(code: &str, quote: &str, day: i32, price: Option<&str>) -> DayPrice {
    DayPrice {
        asset: asset(code),
        quote: asset(quote),
        day: Day(day),
        price: price.map(decimal),
        source: "own".to_owned(),
    }
}

/// Prices on both sides of a turn of the year, and of the epoch; one of them tells its owner.
fn prices(mark: &str) -> [DayPrice; 5] {
    [
        price("ETH", "USD", 364, Some(mark)),
        price("BTC", "USD", 365, None),
        price("BTC", "USD", 364, Some("0.000000000000000001")),
        price("BTC", "EUR", 364, Some("2")),
        price("BTC", "USD", -1, Some("3")),
    ]
}

pub(super) async fn ledger_prices(table: &dyn LedgerPrices, world: &World<'_>) {
    let job = PriceOwner::Job(world.job());
    let owners = [
        job,
        PriceOwner::Turn(TurnId(1)),
        PriceOwner::Turn(TurnId(11)),
    ];
    let mut places: Vec<(LedgerRef, PriceOwner)> = Vec::new();
    for (ledger, turn) in neighbours(world) {
        if turn == TurnId(1) {
            places.extend(owners.map(|owner| (ledger.clone(), owner)));
        }
    }
    for (mark, (ledger, owner)) in places.iter().enumerate() {
        for _ in 0..2 {
            table
                .write(ledger, *owner, &prices(&mark.to_string()))
                .await
                .expect("write prices");
        }
    }
    for (mark, (ledger, owner)) in places.iter().enumerate() {
        let read = async |quote: Asset, from, to| {
            let read = table.read(ledger, *owner, &quote, Day(from), Day(to)).await;
            read.expect("read prices")
        };
        let [eth, later, btc, euro, early] = prices(&mark.to_string());
        let all = [early, btc.clone(), eth.clone(), later.clone()];
        assert_eq!(
            read(asset("USD"), -10, 400).await,
            all,
            "in order of day and asset"
        );
        assert_eq!(
            read(asset("USD"), 364, 364).await,
            [btc, eth],
            "both ends are included"
        );
        assert_eq!(read(asset("USD"), 365, 400).await, [later]);
        assert_eq!(read(asset("EUR"), -10, 400).await, [euro]);
        assert_eq!(read(asset("GBP"), -10, 400).await, []);
    }
    let nobody = PriceOwner::Job(world.job());
    let read = table
        .read(
            &world.ledger("main"),
            nobody,
            &asset("USD"),
            Day(0),
            Day(400),
        )
        .await;
    assert_eq!(read.expect("read prices"), []);
}
