//! Files that are not as they should be: a clear message, the right state, nothing half-published.

use std::sync::atomic::Ordering;

use domain::ids::LedgerRef;
use domain::message::Queue;
use millrace::client::{JobAnswer, UploadTerms};
use millrace::generate::{HEADER, Ledger, file_of};
use ports::{PutMode, QueueName};

use crate::world::{Setup, World};
use tests::results::assert_same;
use tests::user::LEDGER;

async fn failed(world: &World, name: &str, bytes: &[u8]) -> JobAnswer {
    let job = world.upload(name, bytes).await.job_id;
    let end = world.end_of(&job).await;
    assert_eq!(end.state, "failed", "{name}: {end:?}");
    end
}

fn message(job: &JobAnswer) -> String {
    let error = job.error.clone().expect("a cause");
    assert_eq!(error.class, "data", "{error:?}");
    error.message
}

async fn nothing_is_published(world: &World) -> bool {
    let to = world.file("none", b"");
    let path = format!("/v1/ledgers/{LEDGER}/exports/transactions.csv");
    world.client.download("a result", &path, &to).await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_fails_with_what_is_wrong_and_where() {
    let world = World::start(Setup::default()).await;
    let header = HEADER.join(",");
    let unclosed = format!("{header}\n2020-01-01 00:00:00 UTC,\"oops\n1,2\n");
    let cases: [(&str, &[u8], &[&str]); 3] = [
        ("empty.csv", b"", &["empty"]),
        ("strange.csv", b"foo,bar\n1,2\n", &["foo", "Koinly"]),
        ("unclosed.csv", unclosed.as_bytes(), &["line 2", "quote"]),
    ];
    for (name, bytes, words) in cases {
        let text = message(&failed(&world, name, bytes).await);
        for word in words {
            assert!(
                text.to_lowercase().contains(&word.to_lowercase()),
                "{name}: {text}"
            );
        }
        assert!(nothing_is_published(&world).await, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_alone_completes_without_rows() {
    let world = World::start(Setup::default()).await;
    let end = world
        .ingest("header.csv", format!("{}\n", HEADER.join(",")).as_bytes())
        .await;
    assert_eq!((end.counts.total, end.counts.accepted), (0, 0));
    let results = world.results().await;
    assert_eq!(
        String::from_utf8_lossy(&results["transactions.csv"])
            .lines()
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_row_in_many_is_rejected_by_line_and_the_others_count() {
    let ledger = Ledger::new(20, 3_000, 7);
    let mut rows = ledger.rows().to_vec();
    let sent = HEADER
        .iter()
        .position(|name| *name == "Received Amount")
        .expect("the column");
    let bad: Vec<String> = rows[1_700]
        .iter()
        .enumerate()
        .map(|(n, field)| {
            if n == sent {
                "12x".to_owned()
            } else {
                field.to_owned()
            }
        })
        .collect();
    rows[1_700] = csv::StringRecord::from(bad);
    let before = file_of(&HEADER, &rows[..1_700]);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let place = format!(",{line},malformed_amount,");
    let world = World::start(Setup::default()).await;
    let end = world.ingest("bad-row.csv", &file_of(&HEADER, &rows)).await;
    assert_eq!(end.state, "completed_with_warnings");
    assert_eq!((end.counts.accepted, end.counts.rejected), (2_999, 1));
    let to = world.file("rejects.csv", b"");
    let path = format!("/v1/jobs/{}/rejects", end.job_id);
    world
        .client
        .download("the rejects", &path, &to)
        .await
        .expect("rejects");
    let rejects = std::fs::read_to_string(&to).expect("rejects");
    let lines: Vec<&str> = rejects.lines().collect();
    assert_eq!(lines.len(), 2, "{rejects}");
    assert!(
        lines[0].ends_with(",_line,_code,_message") && lines[0].starts_with(HEADER[0]),
        "{rejects}"
    );
    assert!(
        lines[1].contains("12x") && lines[1].contains(&place),
        "{rejects}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_than_announced_are_refused_at_the_door() {
    let world = World::start(Setup::default()).await;
    let good = Ledger::new(21, 40, 5).csv();
    let mut forged = good.clone();
    let last = forged.len() - 3;
    forged[last] ^= 1;
    let terms = world
        .client
        .announce(&world.request("good.csv", &good).await)
        .await
        .expect("terms");
    let Some(UploadTerms::Single(upload)) = terms.upload else {
        panic!("{terms:?}")
    };
    let path = world.file("forged.csv", &forged);
    let refused = world
        .client
        .put(&path, forged.len() as u64, &upload)
        .await
        .expect_err("another content");
    assert!(
        !refused.to_string().contains("X-Amz-Signature"),
        "{refused}"
    );
    let job = world.client.job(&terms.job_id).await.expect("the job");
    assert_eq!(job.state, "awaiting_upload");
    assert!(nothing_is_published(&world).await);
}

/// The file is announced, and has other bytes when it is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_after_it_was_announced_is_named_with_what_to_do() {
    let world = World::start(Setup::default()).await;
    let good = Ledger::new(25, 40, 5).csv();
    let request = world.request("good.csv", &good).await;
    let longer = [good.as_slice(), b"x"].concat();
    let mut other = good.clone();
    *other.last_mut().expect("bytes") ^= 1;
    let changes: [(&str, &[u8]); 4] = [
        ("grown.csv", &longer),
        ("cut.csv", &good[..good.len() / 2]),
        ("empty.csv", b""),
        ("other.csv", &other),
    ];
    for (name, bytes) in changes {
        let path = world.file(name, bytes);
        let refused = world.client.upload(&path, &request).await;
        let said = refused.expect_err(name).to_string();
        for words in [&format!("{name} changed"), "Wait until nothing writes"] {
            assert!(said.contains(words), "{name}: {said}");
        }
    }
    assert!(nothing_is_published(&world).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_is_replaced_after_the_split_changes_nothing() {
    let ledger = Ledger::new(22, 60, 5);
    let plain = World::start(Setup::default()).await;
    plain.ingest("a.csv", &ledger.csv()).await;
    let world = World::by_hand(Setup {
        chunk_rows: 20,
        ..Setup::default()
    })
    .await;
    let job = world.upload("a.csv", &ledger.csv()).await.job_id;
    world
        .stack
        .pump_once(QueueName::live(Queue::Split))
        .await
        .expect("the split");
    let other = Ledger::new(23, 60, 5).csv();
    world
        .stack
        .objects()
        .put(&key_of(&job), other.into(), PutMode::Overwrite)
        .await
        .expect("a put");
    world.stack.settle(1).await.expect("everything settles");
    assert!(world.client.job(&job).await.expect("the job").succeeded());
    let results = settled_results(&world).await;
    assert_same(
        &plain.results().await,
        &results,
        "the announced version is what is read",
    );
}

/// The results of a world whose messages a test moves: exports are written when they are pumped.
async fn settled_results(world: &World) -> tests::results::Results {
    let settling = async {
        loop {
            world.stack.settle(2).await.expect("everything settles");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        results = world.results() => results,
        () = settling => unreachable!("settling never ends"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_of_another_content_fails_the_job_and_publishes_nothing() {
    let good = Ledger::new(24, 60, 5).csv();
    let world = World::by_hand(Setup::default()).await;
    let terms = world
        .client
        .announce(&world.request("a.csv", &good).await)
        .await
        .expect("terms");
    let mut forged = good.clone();
    let last = forged.len() - 3;
    forged[last] ^= 1;
    // No client can do this: S3 verifies the signed checksum. So whoever did has got behind it.
    let key = key_of(&terms.job_id);
    let put = world
        .stack
        .objects()
        .put(&key, forged.into(), PutMode::Overwrite);
    put.await.expect("a put");
    world.clock.by_us.store(300_000_000, Ordering::SeqCst);
    assert_eq!(world.stack.sweep().await.expect("a sweep").found, 1);
    world.stack.settle(1).await.expect("everything settles");
    let end = world.client.job(&terms.job_id).await.expect("the job");
    assert_eq!(end.state, "failed", "{end:?}");
    let text = message(&end);
    assert!(text.contains("SHA-256"), "{text}");
    assert_eq!(end.error.expect("a cause").code, "wrong_sha256");
    assert!(nothing_is_published(&world).await);
}

fn key_of(job: &str) -> String {
    let owner = LedgerRef {
        tenant: "local".parse().expect("a tenant"),
        ledger: LEDGER.parse().expect("a ledger"),
    };
    domain::keys::upload(&owner, job.parse().expect("a job id"))
}
