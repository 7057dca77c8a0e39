//! Do a rates file and prices in other currencies settle what a ledger is worth, in any base?

use tests::results::assert_same;

use crate::world::{Setup, World};

const FILE: &str = "\
Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash,ID
2021-02-06 10:00:00,1000,EUR,1,BTC,,,,,,,,buy
2021-02-07 10:00:00,,,2,ETH,,,,,reward,,,reward
2021-03-01 10:00:00,1,BTC,1500,EUR,,,,,,,,sell
2021-03-01 11:00:00,2,ETH,,,,,,,cost,,,cost
";

/// As the bank writes it: newest first, no line for the week-end of the purchases.
const RATES: &str = "\
Date,USD,CYP,GBP,
2021-03-01,1.25,N/A,0.86,
2021-02-05,1.2,N/A,0.88,
2021-02-04,9,N/A,9,
";

const PRICES: &str = "\
date,asset,currency,price
2021-02-07,ETH,GBP,440
2021-03-01,ETH,USD,625
";

/// `asset proceeds cost` of every disposal, in the order of the file.
async fn disposals(world: &World) -> Vec<String> {
    let results = world.results().await;
    let text = String::from_utf8(results["disposals.jsonl"].clone()).expect("UTF-8");
    let shown = text.lines().map(|line| {
        let it: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let field = |name: &str| it[name].as_str().expect("text").to_owned();
        format!(
            "{} {} {}",
            field("asset"),
            field("proceeds"),
            field("cost_basis")
        )
    });
    shown.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_of_the_last_working_day_make_values_in_every_base() {
    let world = World::start(Setup::default()).await;
    world.price(RATES.as_bytes()).await;
    world.price(PRICES.as_bytes()).await;
    world.ingest("ledger.csv", FILE.as_bytes()).await;
    assert_eq!(
        disposals(&world).await,
        ["BTC 1875 1200", "ETH 1250 1200"],
        "1500 x 1.25, 1000 x 1.2; 2 x 625, 2 x 440 x 1.2 / 0.88"
    );
    world.settle("fifo", "GBP").await;
    assert_eq!(
        disposals(&world).await,
        ["BTC 1290 880", "ETH 860 880"],
        "1500 x 0.86, 1000 x 0.88; 2 x 625 x 0.86 / 1.25, 2 x 440"
    );
    world.settle("fifo", "EUR").await;
    assert_eq!(
        disposals(&world).await,
        ["BTC 1500 1000", "ETH 1000 1000"],
        "as they stand; 2 x 625 / 1.25, 2 x 440 / 0.88"
    );
}

/// `id value_source` of every row that has a value, in the order of time.
async fn sources(world: &World) -> Vec<String> {
    let results = world.results().await;
    let mut file = csv::Reader::from_reader(results["transactions.csv"].as_slice());
    let columns = file.headers().expect("a header").clone();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let (id, source) = (place("id").expect("a column"), place("value_source"));
    let source = source.expect("a column");
    let rows = file.records().map(|row| row.expect("a row"));
    rows.map(|row| format!("{} {}", &row[id], &row[source]))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_names_who_gave_its_price_and_its_rate() {
    let world = World::start(Setup::default()).await;
    world.price(RATES.as_bytes()).await;
    world.price(PRICES.as_bytes()).await;
    world.ingest("ledger.csv", FILE.as_bytes()).await;
    assert_eq!(
        sources(&world).await,
        [
            "buy fiat_leg+fx:ecb",
            "reward price:own+fx:ecb",
            "sell fiat_leg+fx:ecb",
            "cost price:own"
        ]
    );
    world.settle("fifo", "EUR").await;
    assert_eq!(
        sources(&world).await,
        [
            "buy base_leg",
            "reward price:own+fx:ecb",
            "sell base_leg",
            "cost price:own+fx:ecb"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_that_come_later_give_what_rates_that_came_first_gave() {
    let first = World::start(Setup::default()).await;
    first.price(RATES.as_bytes()).await;
    first.ingest("ledger.csv", FILE.as_bytes()).await;
    let later = World::start(Setup::default()).await;
    later.ingest("ledger.csv", FILE.as_bytes()).await;
    let results = later.results().await;
    let issues = String::from_utf8(results["issues.csv"].clone()).expect("UTF-8");
    assert!(
        issues.contains("no price of EUR in USD nor of BTC in USD on 2021-02-06"),
        "{issues}"
    );
    later.price(RATES.as_bytes()).await;
    assert_same(
        &first.results().await,
        &later.results().await,
        "rates first or later",
    );
}
