//! The embedded stores keep the promises of the ports, in memory and in a folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use async_trait::async_trait;
use domain::message::Queue;
use domain::time::Instant;
use embedded::{Embedded, ManualClock, Place, SeededIds};
use ports::contract::{World, queue, state, tables};

const START: Instant = Instant(1_700_000_000_000_000);

struct Hand(Arc<ManualClock>);

#[async_trait]
impl queue::Passing for Hand {
    async fn pass(&self, seconds: u32) {
        self.0.advance_seconds(seconds);
    }
}

async fn every_suite(place: &Place) {
    let clock = Arc::new(ManualClock::at(START));
    let ids = Arc::new(SeededIds::new(3));
    let opened = Embedded::open(place, Arc::clone(&clock) as _, ids).expect("open");
    let tenant = "contract".parse().expect("a tenant's name");
    let world = World {
        tenant,
        ids: opened.ids.as_ref(),
        now: START,
    };

    state::run(opened.state.as_ref(), opened.state.as_ref(), &world).await;
    for queue in [Queue::Ingest, Queue::Export] {
        let tried = queue::Tried {
            queue,
            sender: opened.queues.as_ref(),
            receiver: opened.queues.as_ref(),
            postponer: opened.queues.as_ref(),
            time: &Hand(Arc::clone(&clock)),
        };
        queue::run(&tried).await;
    }
    let tried = tables::Tried {
        rows: opened.tables.rows.as_ref(),
        rejects: opened.tables.rejects.as_ref(),
        decisions: opened.tables.decisions.as_ref(),
        transactions: opened.tables.transactions.as_ref(),
        disposals: opened.tables.disposals.as_ref(),
        summaries: opened.tables.summaries.as_ref(),
        ledger_prices: opened.tables.ledger_prices.as_ref(),
    };
    tables::run(&tried, &world).await;
}

#[tokio::test]
async fn in_memory() {
    every_suite(&Place::InMemory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    every_suite(&Place::Folder(folder.path().to_owned())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_scratch_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    every_suite(&Place::Scratch(folder.path().to_owned())).await;
}
