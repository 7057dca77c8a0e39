//! Files that go up in parts: the same results, going on after an interruption, and nothing left
//! behind when nobody goes on.

use std::sync::atomic::Ordering;

use domain::limits::MIN_PART_BYTES;
use millrace::client::{ClientError, SignedParts, UploadTerms};
use millrace::generate::Ledger;
use ports::StateStore;
use tests::ledgers::in_three_parts as large;
use tests::results::assert_same;

use crate::world::{Setup, World};

const HOUR_US: i64 = 3_600_000_000;
/// Rows that count.
const ROWS: usize = 60;

/// Files of more than a byte go up in parts.
fn in_parts() -> Setup {
    Setup {
        single_put_bytes: 1,
        ..Setup::default()
    }
}

async fn announce(world: &World, name: &str, file: &[u8]) -> (String, SignedParts) {
    let request = world.request(name, file).await;
    let answer = world.client.announce(&request).await.expect("terms");
    let Some(UploadTerms::Multipart(parts)) = answer.upload else {
        panic!("{answer:?}")
    };
    (answer.job_id, parts)
}

fn numbers(parts: &SignedParts) -> Vec<u32> {
    parts.parts.iter().map(|part| part.number).collect()
}

/// Sends one part, as a client does that is interrupted behind it.
async fn send(world: &World, file: &[u8], parts: &SignedParts, number: u32) {
    let part = parts.parts.iter().find(|part| part.number == number);
    let part = part.expect("a signed part");
    let start = usize::try_from(u64::from(number - 1) * parts.part_size).expect("a place");
    let end = start + usize::try_from(part.size).expect("a size");
    let path = world.file("part", &file[start..end]);
    let sent = world.client.put(&path, part.size, &part.put).await;
    sent.expect("the part");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_parts_comes_to_what_it_comes_to_whole() {
    let file = large(&Ledger::new(41, ROWS, 5).csv());
    let whole = World::start(Setup::default()).await;
    let one = whole.ingest("a.csv", &file).await;
    let world = World::start(in_parts()).await;
    let other = world.ingest("a.csv", &file).await;
    assert_eq!(other.counts.accepted, ROWS as u64);
    assert_eq!(one.counts, other.counts);
    assert_same(&whole.results().await, &world.results().await, "in parts");
    let slots = world
        .stack
        .embedded()
        .state
        .list("quota#local", "slot#", None, 9);
    assert_eq!(
        slots.await.expect("a list"),
        [],
        "it is no longer in flight"
    );
    // Once it is here, the same file is not asked for again, nor are its parts.
    let request = world.request("a.csv", &file).await;
    let again = world.client.announce(&request).await.expect("an answer");
    assert!(again.deduplicated && again.upload.is_none(), "{again:?}");
    world
        .client
        .complete(&other.job_id)
        .await
        .expect("twice is harmless");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_upload_goes_on_with_the_parts_that_are_missing() {
    let file = large(&Ledger::new(42, ROWS, 5).csv());
    let world = World::start(in_parts()).await;
    let (job, parts) = announce(&world, "a.csv", &file).await;
    assert_eq!(numbers(&parts), [1, 2, 3]);
    send(&world, &file, &parts, 2).await;

    let early = world
        .client
        .complete(&job)
        .await
        .expect_err("two are missing");
    let ClientError::Refused { problem, .. } = early else {
        panic!("{early}")
    };
    assert_eq!(problem.code, "parts_missing");
    let listed = world.client.parts(&job).await.expect("the parts");
    assert_eq!(listed.held.len(), 1);
    assert_eq!(
        (listed.held[0].number, listed.held[0].size),
        (2, MIN_PART_BYTES)
    );
    assert_eq!(numbers(&listed.missing), [1, 3]);
    // Announced anew, as by another process: the same job, and only what is missing.
    let (same, rest) = announce(&world, "a.csv", &file).await;
    assert_eq!((same, numbers(&rest)), (job.clone(), vec![1, 3]));
    let end = world.ingest("a.csv", &file).await;
    assert_eq!(end.job_id, job);
    assert_eq!(end.counts.accepted, ROWS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_in_a_part_fail_the_job_that_says_so() {
    let file = large(&Ledger::new(43, ROWS, 5).csv());
    let world = World::start(in_parts()).await;
    let (job, parts) = announce(&world, "a.csv", &file).await;
    let mut forged = file.clone();
    forged[500] ^= 1;
    for number in 1..=3 {
        send(&world, &forged, &parts, number).await;
    }
    world
        .client
        .complete(&job)
        .await
        .expect("every part is there");
    let end = world.end_of(&job).await;
    assert_eq!(end.state, "failed");
    let error = end.error.expect("a reason");
    assert!(error.message.contains("SHA-256"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_nobody_completes_are_freed_and_the_file_starts_anew() {
    let file = large(&Ledger::new(44, ROWS, 5).csv());
    let world = World::start(in_parts()).await;
    let (job, parts) = announce(&world, "a.csv", &file).await;
    send(&world, &file, &parts, 1).await;
    world.clock.by_us.store(24 * HOUR_US, Ordering::SeqCst);
    let swept = world.stack.sweep().await.expect("a sweep");
    assert_eq!(swept.expired, 1);
    world.stack.sweep().await.expect("the sweep that frees");
    let late = world
        .client
        .complete(&job)
        .await
        .expect_err("it has expired");
    assert!(
        late.to_string().contains("announce the file again"),
        "{late}"
    );
    world.clock.by_us.store(0, Ordering::SeqCst);
    let (anew, parts) = announce(&world, "a.csv", &file).await;
    assert_ne!(anew, job);
    assert_eq!(numbers(&parts), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parts_of_a_cancelled_job_are_freed() {
    let file = large(&Ledger::new(45, ROWS, 5).csv());
    let world = World::start(in_parts()).await;
    let (job, parts) = announce(&world, "a.csv", &file).await;
    send(&world, &file, &parts, 1).await;
    world.client.cancel(&job).await.expect("a cancelled job");
    let late = world.client.complete(&job).await;
    assert!(late.is_err(), "it was cancelled");
    // Two minutes later, when the sweep looks at it.
    world.clock.by_us.store(HOUR_US / 20, Ordering::SeqCst);
    world.stack.sweep().await.expect("a sweep");
    let part = &parts.parts[1];
    let path = world.file("part", &file[..usize::try_from(part.size).expect("a size")]);
    let refused = world.client.put(&path, part.size, &part.put).await;
    let refused = refused.expect_err("the upload is gone").to_string();
    assert!(refused.contains("NoSuchUpload"), "{refused}");
}
