//! Files whose records belong together and stand apart: whatever the chunks, deliveries and deaths, the
//! same rows come out as from a file read whole (I2, I3, I11).

use domain::time::Instant;
use embedded::QueueFaults;
use embedded::faults::Fault;
use ports::PortErrorKind;

use crate::world::{Setup, World};
use tests::results::{Results, assert_same};

/// Noon of 2021-05-01, when everything happens.
const NOON: Instant = Instant(1_619_870_400_000_000);
/// A record for each chunk: a bucket is full, so that the join's rows stand in the next one, alone.
const ONE_A_CHUNK: Setup = Setup {
    chunk_rows: 1,
    segment_rows: 20_000,
    workers: 8,
    queues: QueueFaults {
        deliver_twice: false,
        repeat_acknowledged: false,
        shuffle: None,
    },
    webhook_reach: domain::webhook::Reach::Public,
    single_put_bytes: domain::limits::SINGLE_PUT_BYTES,
};

/// A ledger of 16 records: trades and a half one whose sides stand apart, and deposits.
fn ledger() -> Vec<u8> {
    let mut text = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance\n".to_owned();
    let mut record = |refid: &str, kind: &str, asset: &str, amount: &str, fee: &str| {
        let txid = text.lines().count();
        let second = 59 - txid;
        text.push_str(&format!(
            "L{txid},{refid},2021-05-01 12:00:{second},{kind},,currency,{asset},{amount},{fee},0\n"
        ));
    };
    record("Q1", "deposit", "ZUSD", "1000", "0");
    for refid in ["T1", "T2", "T3", "T4", "T5", "T6", "THALF"] {
        record(refid, "trade", "ZUSD", "-100", "0.26");
    }
    record("Q2", "deposit", "XETH", "1", "0");
    for refid in ["T3", "T2", "T6", "T5", "T1", "T4"] {
        record(refid, "trade", "XXBT", "0.002", "0");
    }
    record("THALF", "trade", "ZUSD", "-1", "0");
    text.into_bytes()
}

async fn results_of(setup: Setup) -> Results {
    let world = World::start(setup).await;
    let end = world.ingest("kraken.csv", &ledger()).await;
    let counts = &end.counts;
    assert_eq!(
        (counts.total, counts.accepted, counts.rejected),
        (16, 14, 2),
        "{setup:?}"
    );
    let results = world.results().await;
    world.stack.stop().await;
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_whose_trades_stand_apart_gives_the_same_bytes_however_it_is_cut_and_delivered() {
    let plain = results_of(Setup::default()).await;
    let rows = String::from_utf8_lossy(&plain["transactions.csv"])
        .lines()
        .count();
    assert_eq!(rows, 9, "a header, six trades, two deposits");
    for (chunk_rows, seed) in [(1, 1), (1, 2), (3, 3), (5, 4)] {
        let setup = Setup {
            chunk_rows,
            queues: QueueFaults {
                deliver_twice: true,
                repeat_acknowledged: false,
                shuffle: Some(seed),
            },
            ..Setup::default()
        };
        assert_same(&plain, &results_of(setup).await, &format!("{setup:?}"));
    }
}

/// What the join's write of rows is described by.
fn rows_of_the_join() -> String {
    format!("/{}/1", NOON.utc_day().month().0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_whose_worker_dies_before_or_after_its_rows_are_written_is_done_again() {
    let plain = results_of(Setup::default()).await;
    for fault in [Fault::before("rows.write"), Fault::after("rows.write")] {
        let world = World::start(ONE_A_CHUNK).await;
        world.faults.add(fault.about(rows_of_the_join()).times(1));
        world.ingest("kraken.csv", &ledger()).await;
        assert_eq!(world.faults.struck(), 1, "the join was made to fail");
        assert_same(
            &plain,
            &world.results().await,
            "after the join was done again",
        );
        world.stack.stop().await;
    }
}

/// Uploads the ledger while writes of rows that are described so fail, clears that, and retries.
async fn retried(about: &str) {
    let plain = results_of(Setup::default()).await;
    let world = World::start(ONE_A_CHUNK).await;
    let fault = Fault::before("rows.write")
        .about(about)
        .kind(PortErrorKind::Bug);
    world.faults.add(fault);
    let job = world.upload("kraken.csv", &ledger()).await.job_id;
    let failed = world.end_of(&job).await;
    assert_eq!(failed.state, "failed", "{failed:?}");
    assert_eq!(failed.error.expect("a cause").code, "ingest_gave_up");
    assert!(
        failed.counts.failed > 0 && failed.counts.pending == 0,
        "{:?}",
        failed.counts
    );
    world.faults.clear();
    world.client.retry(&job).await.expect("a retry");
    let end = world.end_of(&job).await;
    assert!(end.succeeded(), "{end:?}");
    assert_eq!((end.counts.accepted, end.counts.rejected), (14, 2));
    assert_same(&plain, &world.results().await, "after the retry");
    world.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_that_is_given_up_fails_the_job_and_a_retry_joins() {
    retried(&rows_of_the_join()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_is_given_up_is_repeated_and_the_join_takes_each_chunk_s_own_attempt() {
    retried(&format!("/{}/0", NOON.utc_day().month().0)).await;
}
