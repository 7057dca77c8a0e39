//! The suites find what they are there for: each of these stores breaks one promise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::Generation;
use domain::message::Queue;
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::state::{BatchOutcome, Change, DoneSet, Key, Recorded};
use domain::time::Instant;
use embedded::{Embedded, ManualClock, Place, QueueFaults, SeededIds, SqliteState};
use ports::contract::{World, queue, state, tables};
use ports::tables::Rows;
use ports::{DoneSets, PortError, StateStore, Stored};

const START: Instant = Instant(1_700_000_000_000_000);

fn open() -> (Embedded, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START));
    let ids = Arc::new(SeededIds::new(3));
    (
        Embedded::open(&Place::InMemory, Arc::clone(&clock) as _, ids).unwrap(),
        clock,
    )
}

fn world(opened: &Embedded) -> World<'_> {
    let tenant = "bites".parse().unwrap();
    World {
        tenant,
        ids: opened.ids.as_ref(),
        now: START,
    }
}

/// Commits change by change instead of all or none.
struct Piecemeal(Arc<SqliteState>);

#[async_trait]
impl StateStore for Piecemeal {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        self.0.get(key).await
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        self.0.list(partition, prefix, after, limit).await
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        for change in changes {
            self.0.commit(std::slice::from_ref(change)).await?;
        }
        Ok(())
    }
}

#[tokio::test]
#[should_panic(expected = "in spite of")]
async fn a_store_that_commits_piecemeal_is_found_out() {
    let (opened, _) = open();
    let store = Piecemeal(Arc::clone(&opened.state));
    state::run(&store, opened.state.as_ref(), &world(&opened)).await;
}

/// Reads, decides and writes without holding on to the set in between.
struct Forgetful {
    state: Arc<SqliteState>,
    /// What the first reader saw, and every one after it.
    seen: tokio::sync::OnceCell<DoneSet>,
}

#[async_trait]
impl DoneSets for Forgetful {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        self.state.read(key).await
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        let current = self.state.read(key).await?;
        let Some(current) = current else {
            return self.state.record(key, generation, batch, outcome).await;
        };
        let seen = self.seen.get_or_init(|| async { current }).await.clone();
        Ok(seen.record(generation, batch, outcome))
    }
}

#[tokio::test]
#[should_panic(expected = "each batch is added once")]
async fn a_store_that_loses_concurrent_records_is_found_out() {
    let (opened, _) = open();
    let sets = Forgetful {
        state: Arc::clone(&opened.state),
        seen: tokio::sync::OnceCell::new(),
    };
    state::run(opened.state.as_ref(), &sets, &world(&opened)).await;
}

/// Takes the end of a range as part of it.
struct Inclusive(Arc<dyn Rows>);

#[async_trait]
impl Rows for Inclusive {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        self.0.write(partition, rows).await
    }

    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError> {
        self.0.read(partition, from, to.plus_us(1)).await
    }
}

#[tokio::test]
#[should_panic(expected = "up to, not with")]
async fn a_table_that_reads_too_far_is_found_out() {
    let (opened, _) = open();
    let rows = Inclusive(opened.tables.rows.clone());
    let tried = tables::Tried {
        rows: &rows,
        rejects: opened.tables.rejects.as_ref(),
        decisions: opened.tables.decisions.as_ref(),
        transactions: opened.tables.transactions.as_ref(),
        disposals: opened.tables.disposals.as_ref(),
        summaries: opened.tables.summaries.as_ref(),
        ledger_prices: opened.tables.ledger_prices.as_ref(),
    };
    tables::run(&tried, &world(&opened)).await;
}

struct Hand(Arc<ManualClock>);

#[async_trait]
impl queue::Passing for Hand {
    async fn pass(&self, seconds: u32) {
        self.0.advance_seconds(seconds);
    }
}

#[tokio::test]
#[should_panic(expected = "comes once")]
async fn a_queue_that_always_repeats_is_found_out() {
    let (opened, clock) = open();
    let faults = QueueFaults {
        repeat_acknowledged: true,
        ..QueueFaults::default()
    };
    let tried = queue::Tried {
        queue: Queue::Ingest,
        sender: opened.queues.as_ref(),
        receiver: opened.queues.as_ref(),
        postponer: opened.queues.as_ref(),
        time: &Hand(clock),
    };
    opened.queues.set_faults(faults);
    queue::run(&tried).await;
}
