//! How fast is the pipeline on the real servers, what does it ask of them, and what would the same
//! writes cost by themselves?
//!
//! `cargo bench -p tests --features servers --bench cloud -- --rows 50000 [--assets 7] [--seed 1]`.
//! Servers, functions and client share this machine, so read the figures as ratios.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a bench fails by panicking, reads the clock, and computes ratios, not money"
)]

mod arguments;
mod scylla_floor;
mod size;
mod stages;

use std::sync::Arc;
use std::time::Instant;

use millrace::generate::Ledger;
use millrace::stack::Sizes;
use tests::cloud::{Cloud, Counted, Counts, Real};

use size::Size;
use stages::rate;

/// Rows of the file before the one that counts.
const WARM_ROWS: usize = 20_000;

fn main() {
    let size = Size::from_arguments();
    let real = Real::start();
    let runtime = real.runtime().clone();
    runtime.block_on(async {
        warm(&size, &real).await;
        run(&size, &real).await;
    });
}

async fn run(size: &Size, real: &Real) {
    let counts = Arc::new(Counts::default());
    let mut parts = Cloud::parts(real).await;
    parts.outside = counts.in_front_of(parts.outside);
    let cloud = Cloud::over(parts, &Sizes::default()).await;
    let ledger = Ledger::new(size.seed, size.rows, size.assets);
    cloud.price(&ledger.prices_csv()).await;
    println!(
        "{} rows, {} assets, on the real servers",
        size.rows, size.assets
    );
    let began = Instant::now();
    let file = ledger.csv();
    counts.take();
    let job = cloud.upload("ledger.csv", &file).await.job_id;
    tell("hash and upload", size, began.elapsed().as_secs_f64());
    let began = Instant::now();
    for (stage, seconds) in stages::watch(&cloud.client, &job).await {
        tell(&stage, size, seconds);
    }
    let total = began.elapsed().as_secs_f64();
    tell("from end of upload to completed", size, total);
    // What is sent after the end, to tell it, is small and belongs to the run.
    cloud.assembly.stop().await;
    asked(size, &counts.take(), total, real).await;
}

/// Takes a smaller ledger all the way first: a Java server is slow while it compiles itself.
async fn warm(size: &Size, real: &Real) {
    let cloud = Cloud::start(real, &Sizes::default()).await;
    let ledger = Ledger::new(size.seed, WARM_ROWS, size.assets);
    cloud.price(&ledger.prices_csv()).await;
    cloud.ingest("ledger.csv", &ledger.csv()).await;
    cloud.assembly.stop().await;
}

/// What the run asked of the servers, and the floor of its writes.
async fn asked(size: &Size, counted: &Counted, total: f64, real: &Real) {
    let per_row = |many: u64| many as f64 / size.rows as f64;
    println!(
        "{:<34}{:>12.2}   rows {:.2}, decisions {:.2}, transactions {:.2}, others {:.2}",
        "written rows per input row",
        per_row(counted.written()),
        per_row(counted.rows),
        per_row(counted.decisions),
        per_row(counted.transactions),
        per_row(counted.others),
    );
    println!("{:<34}{:>12}", "messages sent", counted.messages);
    println!(
        "{:<34}{:>12}",
        "items written in the state table", counted.items
    );
    let written = usize::try_from(counted.written()).expect("a count");
    let floor = scylla_floor::write(written, &real.settings("floor")).await;
    println!(
        "{:<34}{:>12} rows/s",
        "floor: scylla, batches of 30",
        rate(written, floor)
    );
    println!("{:<34}{:>12.2} x", "  the whole of it", total / floor);
}

fn tell(what: &str, size: &Size, seconds: f64) {
    println!("{what:<34}{:>12} rows/s", rate(size.rows, seconds));
}
