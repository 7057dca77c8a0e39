//! How much memory does each step hold at its peak, and does that grow with the file?
//!
//! `cargo bench -p tests --bench steps -- --rows 600000 [--against 50000] [--assets 300] [--seed 1]`.
//! Every message is one step, as every invocation is in the cloud; they are done one after the other on
//! stores on disk, under an allocator that counts. The lots that are open, which a method must hold, are
//! printed and left out of the comparison. A ratio near 1 says that a step's memory does not follow the
//! file; one above 1.25 fails the bench.
//!
//! What a step reads ahead depends on the disk, so the small file goes several times, and the most that
//! a step held counts.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "a bench fails by panicking, and computes ratios, not money"
)]

mod arguments;
mod files;
mod open_lots;
mod size;

use std::collections::BTreeMap;
use std::path::Path;

use domain::message::Queue;
use embedded::Place;
use millrace::stack::{Pumping, Stack, StackConfig};
use peak_alloc::PeakAlloc;
use ports::QueueName;
use tests::user::{LEDGER, User};

use arguments::argument;
use size::Size;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// A step may hold this much of what it holds for the small file.
const MOST: f64 = 1.25;
/// Times the small file goes.
const SMALL_RUNS: usize = 3;

/// Peak live bytes by step, and those of the lots that were open at the end.
struct Peaks {
    steps: BTreeMap<&'static str, usize>,
    open_lots: usize,
}

#[tokio::main]
async fn main() {
    let large = Size {
        rows: usize::try_from(argument("--rows", 600_000)).expect("a size"),
        assets: usize::try_from(argument("--assets", 300)).expect("a size"),
        ..Size::from_arguments()
    };
    let small = Size {
        rows: usize::try_from(argument("--against", 50_000)).expect("a size"),
        ..large
    };
    if files::made(&large) {
        return;
    }
    let mut before = peaks(&small).await;
    for _ in 1..SMALL_RUNS {
        before.join(peaks(&small).await);
    }
    let after = peaks(&large).await;
    let mut worst: f64 = 0.0;
    println!(
        "{:<12}{:>14}{:>14}{:>8}",
        "step", small.rows, large.rows, ""
    );
    for (step, bytes) in &after.steps {
        let small = *before.steps.get(step).expect("the same steps");
        let ratio = *bytes as f64 / small as f64;
        println!("{step:<12}{small:>14}{bytes:>14}{ratio:>8.2}");
        worst = worst.max(ratio);
    }
    println!(
        "{:<12}{:>14}{:>14}",
        "open lots", before.open_lots, after.open_lots
    );
    assert!(
        worst <= MOST,
        "a step's memory follows the file: {worst:.2}"
    );
}

impl Peaks {
    /// The most of two runs.
    fn join(&mut self, other: Self) {
        for (step, bytes) in other.steps {
            let most = self.steps.entry(step).or_default();
            *most = bytes.max(*most);
        }
        self.open_lots = self.open_lots.max(other.open_lots);
    }
}

/// Takes a file of this size all the way, step by step.
async fn peaks(size: &Size) -> Peaks {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, prices) = files::generated(size, folder.path());
    let config = StackConfig {
        pumping: Pumping::ByHand,
        ..StackConfig::new(Place::Scratch(folder.path().join("data")))
    };
    let stack = Stack::start(config).await.expect("the stack starts");
    let user = User::of(&stack);
    user.client
        .put_prices(LEDGER, &prices)
        .await
        .expect("prices");
    stack.settle(1).await.expect("the prices' end");
    let job = upload(&user, &file).await;
    let mut peaks = Peaks {
        steps: BTreeMap::new(),
        open_lots: 0,
    };
    while round(&stack, &mut peaks).await > 0 {}
    let end = user.client.job(&job).await.expect("the job");
    assert!(end.succeeded(), "{end:?}");
    peaks.open_lots =
        open_lots::bytes(stack.objects().as_ref(), &|| ALLOCATOR.current_usage()).await;
    stack.stop().await;
    peaks
}

async fn upload(user: &User, file: &Path) -> String {
    let print = millrace::client::fingerprint(file)
        .await
        .expect("a fingerprint");
    let request = millrace::client::UploadRequest {
        filename: "ledger.csv".to_owned(),
        size: print.size,
        sha256: print.sha256,
        ledger: LEDGER.to_owned(),
        ..millrace::client::UploadRequest::default()
    };
    let uploaded = user.client.upload(file, &request).await;
    uploaded.expect("the upload").job_id
}

/// One message of each queue that has one; answers how many there were.
async fn round(stack: &Stack, peaks: &mut Peaks) -> usize {
    let mut messages = 0;
    for queue in Queue::ALL {
        let mut held = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let seen = stack
            .pump_once(QueueName::live(queue))
            .await
            .expect("a round");
        if seen > 0 {
            if queue == Queue::Metrics {
                // It keeps its open lots for the next segment: more or fewer than it found.
                held = held.max(ALLOCATOR.current_usage());
            }
            let peak = ALLOCATOR.peak_usage().saturating_sub(held);
            let most = peaks.steps.entry(queue.name()).or_default();
            *most = peak.max(*most);
        }
        messages += seen;
    }
    messages
}
