//! The same files give the same results, byte for byte, whatever the functions stand on.

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::Trial;
use millrace::generate::Ledger;
use millrace::stack::Sizes;
use tests::cloud::{Cloud, Twice};
use tests::ledgers;
use tests::results::assert_same;

use crate::embedded::Case;
use crate::{Servers, trial};

pub(crate) fn trials(real: &Servers) -> Vec<Trial> {
    let on_the_servers = |name, case: Case| {
        trial(name, real, async move |real| {
            let sizes = Sizes::default();
            let cloud = Cloud::start(real.get().expect("servers"), &sizes).await;
            let results = case.results(&cloud).await;
            cloud.assembly.stop().await;
            assert_same(&case.embedded(&sizes).await, &results, name);
        })
    };
    vec![
        on_the_servers("same_bytes::small_us_fifo", small_us("fifo")),
        on_the_servers("same_bytes::small_us_average", small_us("average")),
        on_the_servers("same_bytes::fifty_thousand_rows", generated(50_000)),
        trial("same_bytes::everything_delivered_twice", real, twice),
    ]
}

fn small_us(method: &'static str) -> Case {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/small_us");
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    Case {
        method,
        prices: read("prices.csv"),
        file: read("transactions.csv"),
    }
}

fn generated(rows: usize) -> Case {
    let ledger = Ledger::new(7, rows, 7);
    Case {
        method: "fifo",
        prices: ledger.prices_csv(),
        file: ledger.csv(),
    }
}

/// Rows that repeat others among them, in small chunks and segments, so that there is much to repeat.
async fn twice(real: Servers) {
    let ledger = ledgers::ledger(8, 2_000);
    let case = Case {
        method: "fifo",
        prices: ledger.prices_csv(),
        file: ledger.csv(),
    };
    let sizes = Sizes {
        chunk_rows: Some(200),
        segment_rows: 500,
        ..Sizes::default()
    };
    let mut parts = Cloud::parts(real.get().expect("servers")).await;
    let twice = Arc::new(Twice::new(Arc::clone(&parts.queues)));
    parts.receiver = twice.clone();
    let cloud = Cloud::over(parts, &sizes).await;
    let results = case.results(&cloud).await;
    cloud.assembly.stop().await;
    assert!(twice.repeated() > 20, "{} messages", twice.repeated());
    assert_same(&case.embedded(&sizes).await, &results, "delivered twice");
}
