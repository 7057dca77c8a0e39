//! What a fault hits, and what it leaves alone.

use std::sync::Arc;

use domain::ids::Generation;
use domain::message::Queue;
use domain::plan::RowPartition;
use domain::state::{Change, Key};
use domain::time::{Instant, Month};
use ports::tables::Rows;
use ports::{Outgoing, PortErrorKind, QueueName, Sender, StateStore};

use super::*;
use crate::{Embedded, ManualClock, Place, SeededIds};

fn open() -> Embedded {
    let clock = Arc::new(ManualClock::at(Instant(0)));
    Embedded::open(&Place::InMemory, clock, Arc::new(SeededIds::new(1))).unwrap()
}

#[tokio::test]
async fn reading_the_rows_of_one_job_fails_each_time_and_no_other_job_notices() {
    let opened = open();
    let faults = Arc::new(Faults::default());
    let rows = FaultyRows {
        inner: opened.tables.rows.clone(),
        faults: Arc::clone(&faults),
    };
    let partition = || RowPartition {
        job: opened.ids.job_id(Instant(0)),
        generation: Generation::FIRST,
        month: Month(1),
        bucket: 0,
    };
    let (struck, spared) = (partition(), partition());
    faults.add(Fault::before("rows.read").about(struck.job));
    let everything = (Instant(i64::MIN), Instant(i64::MAX));
    for _ in 0..3 {
        let failed = rows.read(struck, everything.0, everything.1).await;
        assert_eq!(failed.unwrap_err().kind, PortErrorKind::Retry);
        assert_eq!(
            rows.read(spared, everything.0, everything.1).await.unwrap(),
            []
        );
        rows.write(struck, &[]).await.unwrap();
    }
    assert_eq!(faults.struck(), 3);
    faults.clear();
    assert!(rows.read(struck, everything.0, everything.1).await.is_ok());
}

#[tokio::test]
async fn a_fault_after_the_effect_hides_what_was_done() {
    let opened = open();
    let faults = Arc::new(Faults::default());
    let state = FaultyState {
        documents: opened.state.clone(),
        done_sets: opened.state.clone(),
        faults: Arc::clone(&faults),
    };
    faults.add(Fault::after("state.commit").about("one").times(1));
    let key = Key::new("p", "one");
    let insert = [Change::Insert {
        key: key.clone(),
        kind: "t",
        body: "1".to_owned(),
        expires_at: None,
    }];
    assert_eq!(
        state.commit(&insert).await.unwrap_err().kind,
        PortErrorKind::Retry
    );
    assert!(
        state.get(&key).await.unwrap().is_some(),
        "it was applied all the same"
    );
    assert_eq!(
        state.commit(&insert).await.unwrap_err().kind,
        PortErrorKind::Conflict
    );
}

#[tokio::test]
async fn a_fault_before_the_effect_sends_nothing() {
    let opened = open();
    let faults = Arc::new(Faults::default());
    let sender = FaultySender {
        inner: opened.queues.clone(),
        faults: Arc::clone(&faults),
    };
    faults.add(
        Fault::before("queue.send")
            .about("\"batch\":7")
            .kind(PortErrorKind::Reject),
    );
    let message = |body: &str| {
        [Outgoing {
            body: body.to_owned(),
            delay_seconds: 0,
        }]
    };
    let failed = sender.send(Queue::Ingest, &message("{\"batch\":7}")).await;
    assert_eq!(failed.unwrap_err().kind, PortErrorKind::Reject);
    sender
        .send(Queue::Ingest, &message("{\"batch\":8}"))
        .await
        .unwrap();
    assert_eq!(
        opened
            .queues
            .depth(QueueName::live(Queue::Ingest))
            .await
            .unwrap()
            .visible,
        1
    );
}
