//! How fast is the pipeline, stage by stage, beside the floors of the same run?
//!
//! `cargo bench -p tests --bench pipeline -- --rows 50000 [--assets 7] [--seed 1] [--most 8]
//! [--most-mb 400]`. The machine's speed is part of every figure, so read them as ratios. The stores
//! are those of `millrace ingest` without `--data`: a scratch folder on disk, nothing waits for it.
//!
//! Two floors are SQLite alone, with the same journal and sync mode: one inserts the file's rows as they
//! stand, the other as many rows as the run itself has written, into tables declared as they are. The
//! latter is what `--most` is a multiple of; `--most-mb` bounds the memory of the whole process.

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
mod verdict;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use embedded::Place;
use millrace::client::{Client, Endpoint, UploadRequest, fingerprint};
use millrace::stack::{Stack, StackConfig};
use millrace::tokens::TENANT;

use arguments::argument;
use size::Size;
use stages::rate;
use verdict::Verdict;

/// That of the command.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const LEDGER: &str = "main";

#[tokio::main]
async fn main() -> ExitCode {
    let size = Size::from_arguments();
    let folder = tempfile::tempdir().expect("a folder");
    if files::made(&size) {
        return ExitCode::SUCCESS;
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
        "floor: SQLite insert of as many rows",
        rate(rows, seconds)
    );
    println!(
        "{:<34}{:>12.2} x for the {rows} rows it wrote",
        "  of that floor",
        total / seconds
    );
    match peak {
        Some(peak) => println!("{:<34}{peak:>12} MB", "peak memory of the process"),
        None => println!("peak memory is not known on this system"),
    }
    judge(total / seconds, peak)
}

/// Whether so many times SQLite's time, and the process's peak, are what was promised.
fn judge(times: f64, peak: Option<u64>) -> ExitCode {
    let mut verdict = Verdict::default();
    let (most, most_mb) = (
        argument("--most", u64::MAX),
        argument("--most-mb", u64::MAX),
    );
    verdict.judge(
        times <= most as f64,
        format!("it took {times:.2} x of what SQLite alone takes for as many rows; at most {most}"),
    );
    verdict.judge(
        peak.is_none_or(|peak| peak <= most_mb),
        format!(
            "the process took {} MB at its peak; at most {most_mb}",
            peak.unwrap_or_default()
        ),
    );
    verdict.told()
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
