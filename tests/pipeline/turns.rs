//! Several uploads in one ledger: any order, at once, undone, late, failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use embedded::faults::Fault;
use ports::PortErrorKind;
use reqwest::Method;
use serde_json::Value;

use crate::world::{Setup, World};
use tests::ledgers::{cut, dealt, distinct, ledger};
use tests::results::{Results, assert_same, without_places};
use tests::user::LEDGER;

const ROWS: usize = 240;

async fn one_upload(file: &[u8], prices: &[u8], setup: Setup) -> Results {
    let world = World::start(setup).await;
    world.price(prices).await;
    world.ingest("all.csv", file).await;
    world.results().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_or_three_uploads_in_any_order_equal_one() {
    for (seed, parts, order) in [(1, 2, [1, 0, 9]), (2, 3, [2, 0, 1]), (3, 3, [1, 2, 0])] {
        let ledger = ledger(seed, ROWS);
        let prices = ledger.prices_csv();
        let setup = Setup {
            segment_rows: 40,
            ..Setup::default()
        };
        let whole = one_upload(&ledger.csv(), &prices, setup).await;
        for files in [dealt(&ledger, parts), cut(&ledger, parts)] {
            let world = World::start(setup).await;
            world.price(&prices).await;
            for part in order.iter().filter(|part| **part < parts) {
                world
                    .ingest(&format!("part-{part}.csv"), &files[*part])
                    .await;
            }
            let parted = without_places(&world.results().await);
            assert_same(
                &without_places(&whole),
                &parted,
                &format!("seed {seed}, order {order:?}"),
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_at_the_same_time_equal_one() {
    for seed in [4, 5] {
        let ledger = ledger(seed, ROWS);
        let prices = ledger.prices_csv();
        let setup = Setup {
            chunk_rows: 20,
            segment_rows: 40,
            ..Setup::default()
        };
        let whole = one_upload(&ledger.csv(), &prices, setup).await;
        let world = World::start(setup).await;
        world.price(&prices).await;
        let files = dealt(&ledger, 3);
        let (one, two, three) = tokio::join!(
            world.ingest("one.csv", &files[0]),
            world.ingest("two.csv", &files[1]),
            world.ingest("three.csv", &files[2]),
        );
        let accepted = one.counts.accepted + two.counts.accepted + three.counts.accepted;
        assert!(accepted as usize <= ROWS);
        assert_same(
            &without_places(&whole),
            &without_places(&world.results().await),
            "at once",
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_upload_leaves_the_ledger_as_before_it() {
    let ledger = ledger(6, ROWS);
    let files = dealt(&ledger, 2);
    let world = World::start(Setup {
        segment_rows: 30,
        ..Setup::default()
    })
    .await;
    world.price(&ledger.prices_csv()).await;
    world.ingest("first.csv", &files[0]).await;
    let before = world.results().await;
    let second = world.ingest("second.csv", &files[1]).await;
    let between = world.results().await;
    assert_ne!(before["transactions.csv"], between["transactions.csv"]);
    let undo = world.client.undo(&second.job_id).await.expect("an undo");
    assert!(world.end_of(&undo.job_id).await.succeeded());
    assert_same(&before, &world.results().await, "after the undo");
    let again = world
        .client
        .undo(&second.job_id)
        .await
        .expect_err("it is undone already");
    assert!(again.to_string().contains("undone"), "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_upload_restarts_from_a_checkpoint_and_equals_a_run_from_nothing() {
    let ledger = distinct(7, ROWS);
    let prices = ledger.prices_csv();
    let setup = Setup {
        segment_rows: 20,
        ..Setup::default()
    };
    let whole = one_upload(&ledger.csv(), &prices, setup).await;
    let files = cut(&ledger, 4);
    let world = World::start(setup).await;
    world.price(&prices).await;
    for part in [0, 1, 3] {
        world
            .ingest(&format!("part-{part}.csv"), &files[part])
            .await;
    }
    let late = world.ingest("part-2.csv", &files[2]).await;
    let segments = late
        .segments
        .expect("the job says what was computed for it");
    assert!(
        segments.recomputed > 0 && segments.recomputed < segments.total,
        "{segments:?}"
    );
    println!(
        "a late upload recomputed {} of {} segments",
        segments.recomputed, segments.total
    );
    assert_same(
        &without_places(&whole),
        &without_places(&world.results().await),
        "late",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_method_recomputes_and_back_again_equals_before() {
    let ledger = distinct(8, ROWS);
    let world = World::start(Setup {
        segment_rows: 50,
        ..Setup::default()
    })
    .await;
    world.price(&ledger.prices_csv()).await;
    world.ingest("all.csv", &ledger.csv()).await;
    let fifo = world.results().await;
    for (method, same) in [("average", false), ("fifo", true)] {
        let change = millrace::client::SettingsChange {
            method: Some(method.into()),
            base: None,
        };
        let job = world
            .client
            .put_settings(LEDGER, &change)
            .await
            .expect("settings")
            .expect("other settings than those that hold");
        assert!(world.end_of(&job.job_id).await.succeeded());
        let results = world.results().await;
        assert_eq!(
            results["disposals.jsonl"] == fifo["disposals.jsonl"],
            same,
            "{method}"
        );
    }
    assert_same(&fifo, &world.results().await, "back to fifo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_that_come_later_give_what_prices_that_came_first_give() {
    let ledger = distinct(9, ROWS);
    let setup = Setup {
        segment_rows: 50,
        ..Setup::default()
    };
    let first = one_upload(&ledger.csv(), &ledger.prices_csv(), setup).await;
    let world = World::start(setup).await;
    world.ingest("all.csv", &ledger.csv()).await;
    assert_ne!(
        world.results().await["transactions.csv"],
        first["transactions.csv"]
    );
    world.price(&ledger.prices_csv()).await;
    assert_same(&first, &world.results().await, "prices afterwards");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_pages_all_the_while_sees_one_revision() {
    let ledger = distinct(10, ROWS);
    let files = dealt(&ledger, 3);
    let world = Arc::new(
        World::start(Setup {
            segment_rows: 25,
            ..Setup::default()
        })
        .await,
    );
    world.price(&ledger.prices_csv()).await;
    world.ingest("part-0.csv", &files[0]).await;
    let done = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read_until(Arc::clone(&world), Arc::clone(&done)));
    world.ingest("part-1.csv", &files[1]).await;
    world.ingest("part-2.csv", &files[2]).await;
    done.store(true, Ordering::SeqCst);
    let sizes = reading.await.expect("the reader ends");
    assert!(!sizes.is_empty());
    let whole = [80, 160, 240];
    for size in &sizes {
        assert!(
            whole.contains(size),
            "a reader saw {size} rows, which no revision has: {sizes:?}"
        );
    }
}

/// Reads the ledger page by page, again and again; answers the number of rows of each reading.
async fn read_until(world: Arc<World>, done: Arc<AtomicBool>) -> Vec<usize> {
    let mut sizes = Vec::new();
    while !done.load(Ordering::SeqCst) || sizes.is_empty() {
        sizes.push(read_all(&world).await);
    }
    sizes.push(read_all(&world).await);
    sizes
}

async fn read_all(world: &World) -> usize {
    let base = format!("/v1/ledgers/{LEDGER}/transactions?limit=7");
    let (mut rows, mut path, mut revision) = (0, base.clone(), None);
    loop {
        let asked = world.http(Method::GET, &path).send().await;
        let answer = asked.expect("a page");
        let status = answer.status();
        let page: Value =
            serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        assert!(status.is_success(), "{status}: {page}");
        let seen = page["revision"].clone();
        assert_eq!(
            revision.get_or_insert(seen.clone()),
            &seen,
            "a page of another revision"
        );
        rows += page["items"].as_array().expect("items").len();
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{base}&cursor={cursor}"),
            None => return rows,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_fails_publishes_nothing_and_the_next_turn_does_without_the_bad_job() {
    let ledger = distinct(11, ROWS);
    let files = dealt(&ledger, 3);
    let world = World::start(Setup {
        segment_rows: 40,
        ..Setup::default()
    })
    .await;
    world.price(&ledger.prices_csv()).await;
    world.ingest("part-0.csv", &files[0]).await;
    let before = world.results().await;

    let bad = world
        .client
        .announce(&world.request("part-1.csv", &files[1]).await)
        .await;
    let bad = bad.expect("terms");
    let fault = Fault::before("rows.read")
        .about(&bad.job_id)
        .kind(PortErrorKind::Bug);
    world.faults.add(fault);
    world.upload("part-1.csv", &files[1]).await;
    let failed = world.end_of(&bad.job_id).await;
    assert_eq!(failed.state, "failed", "{failed:?}");
    let error = failed.error.expect("a cause");
    assert!(error.message.contains("rows.read"), "{error:?}");
    assert_same(
        &before,
        &world.results().await,
        "nothing of a failed turn is seen",
    );

    world.ingest("part-2.csv", &files[2]).await;
    let without = world.results().await;
    assert_ne!(before["transactions.csv"], without["transactions.csv"]);

    world.faults.clear();
    world.client.retry(&bad.job_id).await.expect("a retry");
    assert!(world.end_of(&bad.job_id).await.succeeded());
    let setup = Setup {
        segment_rows: 40,
        ..Setup::default()
    };
    let whole = one_upload(&ledger.csv(), &ledger.prices_csv(), setup).await;
    assert_same(
        &without_places(&whole),
        &without_places(&world.results().await),
        "after the retry",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_jobs_in_a_failed_turn_only_the_one_at_fault_fails() {
    let ledger = distinct(12, ROWS);
    let files = dealt(&ledger, 2);
    let world = World::start(Setup {
        segment_rows: 40,
        ..Setup::default()
    })
    .await;
    let bad = world
        .client
        .announce(&world.request("bad.csv", &files[0]).await)
        .await
        .expect("terms");
    let fault = Fault::before("rows.read")
        .about(&bad.job_id)
        .kind(PortErrorKind::Bug);
    world.faults.add(fault);
    let (_, good) = tokio::join!(
        world.upload("bad.csv", &files[0]),
        world.upload("good.csv", &files[1])
    );
    assert_eq!(world.end_of(&bad.job_id).await.state, "failed");
    let good = world.end_of(&good.job_id).await;
    assert!(good.succeeded(), "{good:?}");
    let other = World::start(Setup::default()).await;
    other.ingest("good.csv", &files[1]).await;
    let alone = other.results().await;
    assert_same(
        &without_places(&alone),
        &without_places(&world.results().await),
        "the good one alone",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_again_is_the_same_job() {
    let ledger = distinct(13, 50);
    let world = World::start(Setup::default()).await;
    let first = world.ingest("one.csv", &ledger.csv()).await;
    let again = world.upload("renamed.csv", &ledger.csv()).await;
    assert!(again.deduplicated);
    assert_eq!(again.job_id, first.job_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlapping_export_without_ids_adds_only_the_excess() {
    let options = millrace::generate::Options {
        seed: 14,
        rows: 120,
        assets: 4,
        ids: false,
        duplicates_permille: 50,
    };
    let ledger = millrace::generate::Ledger::with(options);
    let rows = ledger.rows();
    let whole = millrace::generate::file_of(&millrace::generate::HEADER, rows);
    let part = millrace::generate::file_of(&millrace::generate::HEADER, &rows[..70]);
    let world = World::start(Setup::default()).await;
    let first = world.ingest("part.csv", &part).await;
    assert_eq!(
        (first.counts.accepted, first.counts.duplicate),
        (70, 0),
        "identical fills are kept"
    );
    let second = world.ingest("whole.csv", &whole).await;
    assert_eq!((second.counts.accepted, second.counts.duplicate), (50, 70));
}
