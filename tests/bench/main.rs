//! How fast is the pipeline, stage by stage, beside the floors of the same run?
//!
//! `cargo bench -p tests --bench pipeline -- --rows 50000 [--assets 7] [--seed 1]`. A bench prints
//! and never judges: the machine's speed is part of every figure, so read them as ratios. The stores
//! are those of `millrace ingest` without `--data`: a scratch folder on disk, nothing waits for it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a bench fails by panicking, reads the clock, and computes ratios, not money"
)]

mod arguments;
mod files;
mod floors;
mod memory;
mod size;
mod stages;

use std::path::Path;
use std::time::Instant;

use embedded::Place;
use millrace::client::{Client, Endpoint, UploadRequest, fingerprint};
use millrace::stack::{Stack, StackConfig};
use millrace::tokens::TENANT;

use size::Size;
use stages::rate;

/// That of the command.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const LEDGER: &str = "main";

#[tokio::main]
async fn main() {
    let size = Size::from_arguments();
    let folder = tempfile::tempdir().expect("a folder");
    if files::made(&size) {
        return;
    }
    let (file, prices) = files::generated(&size, folder.path());
    let bytes = std::fs::metadata(&file).expect("the file").len();
    println!(
        "{} rows, {} assets, {} MB",
        size.rows,
        size.assets,
        bytes / 1_000_000
    );
    let csv = floors::csv_parse(&file);
    let sqlite = floors::sqlite_insert(&file, folder.path());
    println!(
        "{:<34}{:>12} rows/s",
        "floor: csv parse",
        rate(size.rows, csv)
    );
    println!(
        "{:<34}{:>12} rows/s",
        "floor: SQLite insert of its rows",
        rate(size.rows, sqlite)
    );
    memory::forget_peak("self");
    let total = pipeline(&size, folder.path(), &file, &prices).await;
    println!(
        "{:<34}{:>12} rows/s",
        "from end of upload to completed",
        rate(size.rows, total)
    );
    println!("{:<34}{:>12.2} x", "  of the SQLite floor", total / sqlite);
    let peak = memory::peak_mb("self");
    let (rows, seconds) = floors::sqlite_copy(&folder.path().join("data"), folder.path());
    println!(
        "{:<34}{:>12} rows/s",
        "floor: SQLite insert of all it wrote",
        rate(rows, seconds)
    );
    println!(
        "{:<34}{:>12.2} x for {rows} rows",
        "  of that floor",
        total / seconds
    );
    match peak {
        Some(peak) => println!("{:<34}{peak:>12} MB", "peak memory of the process"),
        None => println!("peak memory is not known on this system"),
    }
}

/// Runs the file through a stack on disk, as `millrace ingest` does; answers the seconds from the
/// end of the upload to the end of the job.
async fn pipeline(size: &Size, folder: &Path, file: &Path, prices: &Path) -> f64 {
    let place = Place::Scratch(folder.join("data"));
    let stack = Stack::start(StackConfig::new(place))
        .await
        .expect("the stack starts");
    let token = stack.token(TENANT).expect("a token");
    let endpoint = Endpoint::local(stack.base_url().to_owned(), token);
    let client = Client::new(endpoint).expect("a client");
    let job = client
        .put_prices(LEDGER, prices)
        .await
        .expect("prices")
        .job_id;
    client.wait(&job, |_| {}).await.expect("the prices' end");
    let began = Instant::now();
    let print = fingerprint(file).await.expect("a fingerprint");
    let request = UploadRequest {
        filename: "ledger.csv".to_owned(),
        size: print.size,
        sha256: print.sha256,
        ledger: LEDGER.to_owned(),
        ..UploadRequest::default()
    };
    let job = client
        .upload(file, &request)
        .await
        .expect("the upload")
        .job_id;
    println!(
        "{:<34}{:>12} rows/s",
        "hash and upload",
        rate(size.rows, began.elapsed().as_secs_f64())
    );
    let began = Instant::now();
    let stages = stages::watch(&client, &job).await;
    let total = began.elapsed().as_secs_f64();
    for (name, seconds) in stages {
        println!("{name:<34}{:>12} rows/s", rate(size.rows, seconds));
    }
    stack.stop().await;
    total
}
