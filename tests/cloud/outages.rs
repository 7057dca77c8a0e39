//! Cassandra goes away in the middle of an ingest and comes back: the job completes, and no row is
//! lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::time::Instant;
use libtest_mimic::Trial;
use millrace::generate::Ledger;
use millrace::stack::Sizes;
use ports::PortError;
use ports::tables::Rows;
use tests::cloud::{Cloud, Real};
use tests::results::assert_same;
use tokio::sync::watch;

use crate::embedded::Case;
use crate::{Servers, trial};

const ROWS: usize = 20_000;
/// Rows that are written before the outage.
const ROWS_BEFORE: usize = ROWS / 3;
/// A write that takes longer has waited for a server that is away.
const LONG: Duration = Duration::from_secs(1);
/// How long a frozen server is frozen: longer than a statement waits for its answer.
const FROZEN: Duration = Duration::from_secs(8);

pub(crate) fn trials(real: &Servers) -> Vec<Trial> {
    vec![
        trial("outages::killed_and_started_again", real, async |real| {
            let real = real.get().expect("servers");
            through(real, |real| {
                let mut cassandra = real.cassandra.lock().expect("Cassandra");
                cassandra.kill();
                cassandra.start_again().expect("Cassandra comes back");
            })
            .await;
        }),
        trial("outages::frozen_and_thawed", real, async |real| {
            let real = real.get().expect("servers");
            through(real, |real| {
                let cassandra = real.cassandra.lock().expect("Cassandra");
                cassandra.freeze().expect("frozen");
                std::thread::sleep(FROZEN);
                cassandra.thaw().expect("thawed");
            })
            .await;
        }),
    ]
}

/// Ingests a file and lets the outage begin in the middle.
async fn through(real: &Real, outage: impl FnOnce(&Real)) {
    let ledger = Ledger::new(9, ROWS, 5);
    let case = Case {
        method: "fifo",
        prices: ledger.prices_csv(),
        file: ledger.csv(),
    };
    let sizes = Sizes {
        chunk_rows: Some(500),
        ..Sizes::default()
    };
    let mut parts = Cloud::parts(real).await;
    let watched = Arc::new(Watched::new(parts.outside.rows));
    parts.outside.rows = watched.clone();
    let cloud = Cloud::over(parts, &sizes).await;
    let ((job, results), ()) = tokio::join!(case.outcome(&cloud), async {
        watched.middle().await;
        tokio::task::block_in_place(|| outage(real));
    });
    cloud.assembly.stop().await;
    let met = watched.met.load(Ordering::SeqCst);
    assert!(met > 0, "no write met the outage");
    let counts = &job.counts;
    let none = counts.duplicate + counts.rejected + counts.ignored + counts.failed;
    let whole = (counts.accepted as usize, none) == (ROWS, 0);
    assert!(whole, "{counts:?} after {met} writes met the outage");
    assert_same(&case.embedded(&sizes).await, &results, "after the outage");
}

/// Rows that tell when the middle of the ingest is reached, and count the writes that met the outage.
struct Watched {
    rows: Arc<dyn Rows>,
    written: AtomicUsize,
    met: AtomicUsize,
    middle: watch::Sender<bool>,
}

impl Watched {
    fn new(rows: Arc<dyn Rows>) -> Self {
        Self {
            rows,
            written: AtomicUsize::new(0),
            met: AtomicUsize::new(0),
            middle: watch::Sender::new(false),
        }
    }

    async fn middle(&self) {
        let mut reached = self.middle.subscribe();
        let reached = reached.wait_for(|middle| *middle).await;
        assert!(reached.is_ok(), "the ingest has a middle");
    }
}

#[async_trait]
impl Rows for Watched {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        let before = self.written.fetch_add(rows.len(), Ordering::SeqCst);
        if before >= ROWS_BEFORE {
            self.middle.send_replace(true);
        }
        let begun = std::time::Instant::now();
        let written = self.rows.write(partition, rows).await;
        if written.is_err() || begun.elapsed() > LONG {
            self.met.fetch_add(1, Ordering::SeqCst);
        }
        written
    }

    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError> {
        self.rows.read(partition, from, to).await
    }
}
