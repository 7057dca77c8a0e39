//! The same rows give the same bytes, whatever the chunks, segments, workers, repeats and order of
//! messages (I2, I11).

use std::time::{Duration, Instant};

use embedded::QueueFaults;

use crate::world::{Setup, World};
use tests::ledgers::ledger;
use tests::results::{Results, assert_same};

/// How long seeds are drawn in CI; `tests/run long` goes through many more.
const TIME_BOX: Duration = Duration::from_secs(20);

async fn run(setup: Setup, file: &[u8], prices: &[u8]) -> Results {
    let world = World::start(setup).await;
    world.price(prices).await;
    world.ingest("ledger.csv", file).await;
    let results = world.results().await;
    world.stack.stop().await;
    results
}

/// Every combination of the issue, in an order that spreads them over a few seeds.
fn setups(seed: u64) -> Vec<Setup> {
    let mut setups = Vec::new();
    for chunk_rows in [1, 3, 2000] {
        for segment_rows in [2, 50, 20_000] {
            for workers in [1, 8] {
                let queues = QueueFaults {
                    deliver_twice: true,
                    repeat_acknowledged: false,
                    shuffle: Some(seed),
                };
                setups.push(Setup {
                    chunk_rows,
                    segment_rows,
                    workers,
                    queues,
                    ..Setup::default()
                });
            }
        }
    }
    setups
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_segments_workers_repeats_and_order_change_no_byte() {
    let long = std::env::var_os("MILLRACE_LONG").is_some();
    let (seeds, rows) = if long { (60, 300) } else { (6, 200) };
    let began = Instant::now();
    let mut compared = 0;
    for seed in 1..=seeds {
        let ledger = ledger(seed, rows);
        let (file, prices) = (ledger.csv(), ledger.prices_csv());
        let plain = run(Setup::default(), &file, &prices).await;
        assert!(
            plain["transactions.csv"].len() > rows * 50,
            "a ledger of {rows} rows"
        );
        for (n, setup) in (0_u64..).zip(setups(seed)) {
            if !long && n % 6 != seed % 6 {
                continue;
            }
            assert_same(
                &plain,
                &run(setup, &file, &prices).await,
                &format!("seed {seed}, {setup:?}"),
            );
            compared += 1;
        }
        if !long && began.elapsed() > TIME_BOX && compared >= 6 {
            break;
        }
    }
    println!("{compared} runs gave the bytes of the plain one");
    assert!(compared >= 6, "only {compared} runs were compared");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_ids_change_no_byte_either() {
    let options = millrace::generate::Options {
        seed: 77,
        rows: 200,
        assets: 5,
        ids: false,
        duplicates_permille: 60,
    };
    let ledger = millrace::generate::Ledger::with(options);
    let (file, prices) = (ledger.csv(), ledger.prices_csv());
    let plain = run(Setup::default(), &file, &prices).await;
    for setup in [setups(5)[0], setups(6)[7], setups(7)[14]] {
        assert_same(
            &plain,
            &run(setup, &file, &prices).await,
            &format!("{setup:?}"),
        );
    }
}
