//! A folder that is closed and opened again holds what it held.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::sync::Arc;

use domain::counts::RowCounts;
use domain::ids::{Generation, JobId, LedgerRef, Stage};
use domain::message::Queue;
use domain::plan::RowPartition;
use domain::rows::{Kind, Row};
use domain::state::{BatchOutcome, Change, DoneSet, Key};
use domain::time::{Instant, Month};
use embedded::{Embedded, ManualClock, OpenError, Place, SeededIds};
use ports::tables::Rows;
use ports::{DoneSets, Outgoing, QueueName, Receiver, Sender, StateStore};

const LIVE: QueueName = QueueName {
    queue: Queue::Ingest,
    dead: false,
};

fn open(folder: &Path, now: Instant) -> Result<Embedded, OpenError> {
    let clock = Arc::new(ManualClock::at(now));
    Embedded::open(
        &Place::Folder(folder.to_owned()),
        clock,
        Arc::new(SeededIds::new(1)),
    )
}

fn row(line: u64) -> Row {
    Row {
        at: Instant(7),
        line,
        chunk: 0,
        kind: Kind::Buy,
        account: "Kraken".parse().unwrap(),
        id: None,
        sent: None,
        received: None,
        fee: None,
        net_worth: None,
        fee_worth: None,
        records: 1,
        tx_hash: None,
        description: None,
    }
}

fn partition(job: JobId) -> RowPartition {
    RowPartition {
        job,
        generation: Generation::FIRST,
        month: Month(0),
        bucket: 0,
    }
}

/// Leaves something in every store; answers the job and the done-set's key.
async fn fill(opened: &Embedded) -> (JobId, Key) {
    let job = opened.ids.job_id(opened.clock.now());
    let owner = LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    };
    let set = DoneSet::of_job(job, &owner, Stage::Ingest, 2);
    let key = set.key();
    let document = Change::Insert {
        key: Key::new("p", "s"),
        kind: "t",
        body: "1".to_owned(),
        expires_at: None,
    };
    opened
        .state
        .commit(&[document, Change::InsertSet(set)])
        .await
        .unwrap();
    let done = BatchOutcome::Done(RowCounts::default());
    opened
        .state
        .record(&key, Generation::FIRST, 1, done)
        .await
        .unwrap();
    opened
        .tables
        .rows
        .write(partition(job), &[row(1), row(2)])
        .await
        .unwrap();
    let message = |body: &str, delay_seconds| Outgoing {
        body: body.to_owned(),
        delay_seconds,
    };
    let messages = [
        message("done", 0),
        message("in work", 0),
        message("later", 60),
    ];
    opened.queues.send(Queue::Ingest, &messages).await.unwrap();
    let done = opened.queues.receive(LIVE, 1, 30).await.unwrap().remove(0);
    opened
        .queues
        .acknowledge(LIVE, &done.receipt)
        .await
        .unwrap();
    opened.queues.receive(LIVE, 1, 30).await.unwrap();
    (job, key)
}

#[tokio::test]
async fn after_closing_everything_is_still_there() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path(), Instant(0)).unwrap();
    let (job, key) = fill(&opened).await;
    drop(opened);
    check(folder.path(), job, &key).await;
}

/// What is in the folder while it is open is all that a crash leaves.
#[tokio::test]
async fn after_a_crash_everything_is_still_there() {
    let (folder, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let opened = open(folder.path(), Instant(0)).unwrap();
    let (job, key) = fill(&opened).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), left.path().join(entry.file_name())).unwrap();
    }
    check(left.path(), job, &key).await;
    drop(opened);
}

async fn check(folder: &Path, job: JobId, key: &Key) {
    let opened = open(folder, Instant(30_000_000)).unwrap();
    let document = opened.state.get(&Key::new("p", "s")).await.unwrap();
    assert_eq!(document.map(|stored| stored.body).as_deref(), Some("1"));
    let set = opened.state.read(key).await.unwrap().unwrap();
    assert!(set.done.contains_key(&1));
    let everything = (Instant(i64::MIN), Instant(i64::MAX));
    let rows = opened
        .tables
        .rows
        .read(partition(job), everything.0, everything.1)
        .await
        .unwrap();
    assert_eq!(rows, [row(1), row(2)]);
    let due = opened.queues.receive(LIVE, 10, 30).await.unwrap();
    let due: Vec<(&str, u32)> = due
        .iter()
        .map(|m| (m.body.as_str(), m.receive_count))
        .collect();
    assert_eq!(
        due,
        [("in work", 2)],
        "what was in work comes again, what was done does not"
    );
    assert_eq!(
        opened.queues.depth(LIVE).await.unwrap().hidden,
        2,
        "and what was delayed waits"
    );
}

#[tokio::test]
async fn a_folder_is_opened_by_one_process_at_a_time_until_its_last_store_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path(), Instant(0)).unwrap();
    assert!(matches!(
        open(folder.path(), Instant(0)),
        Err(OpenError::InUse(_))
    ));
    let store = Arc::clone(&opened.state);
    drop(opened);
    assert!(matches!(
        open(folder.path(), Instant(0)),
        Err(OpenError::InUse(_))
    ));
    drop(store);
    assert!(open(folder.path(), Instant(0)).is_ok());
}
