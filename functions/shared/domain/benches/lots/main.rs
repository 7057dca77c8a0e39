//! Does a leg cost the same however many lots are open? The lot engine alone, without checkpoints.
//!
//! `cargo bench -p domain --bench lots -- [--legs 5000000] [--beside 50000] [--case hifo]`. Every case
//! runs over both numbers of legs; a leg of the many may take at most 3 times as long as one of the
//! few (log n, and lots that no cache holds), else the bench fails. It judges ratios within one run
//! and never nanoseconds, which are the machine's.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a bench fails by panicking, reads the clock, and computes ratios, not money"
)]

mod cases;
mod courses;
mod draw;
mod engine;
mod stopwatch;

use std::process::ExitCode;

use cases::{CASES, Case};

/// How many times as long a leg of the many may take.
const BOUND: f64 = 3.0;
/// Runs over the many legs that a case gets to stay under the bound.
const LARGE_RUNS: u32 = 3;

fn main() -> ExitCode {
    let (legs, beside) = (number("--legs", 5_000_000), number("--beside", 50_000));
    let wanted = option("--case").unwrap_or_default();
    println!(
        "{:<24}{:>16}{:>16}{:>8}{:>14}",
        "nanoseconds per leg", beside, legs, "ratio", "lots at end"
    );
    let mut slow = 0;
    for case in CASES.iter().filter(|case| case.name.contains(&wanted)) {
        let small = few(case, beside, legs);
        slow += u32::from(!within_bound(case, legs, small));
    }
    match slow {
        0 => ExitCode::SUCCESS,
        slow => {
            println!("{slow} cases are slower than {BOUND} times");
            ExitCode::FAILURE
        }
    }
}

/// Nanoseconds of a leg of the few, over as many runs as come to the same number of legs.
fn few(case: &Case, beside: u64, legs: u64) -> f64 {
    let runs = (legs / beside).max(1);
    let took: f64 = (0..runs).map(|_| case.run(beside).nanoseconds).sum();
    took / runs as f64
}

/// Runs the many legs until a run is within the bound, and prints the fastest.
fn within_bound(case: &Case, legs: u64, small: f64) -> bool {
    let mut best = f64::MAX;
    let mut lots = 0;
    for _ in 0..LARGE_RUNS {
        let ran = case.run(legs);
        (best, lots) = (best.min(ran.nanoseconds), ran.lots);
        if best <= BOUND * small {
            break;
        }
    }
    let ratio = best / small;
    println!(
        "{:<24}{small:>16.0}{best:>16.0}{ratio:>8.2}{lots:>14}",
        case.name
    );
    ratio <= BOUND
}

fn number(name: &str, default: u64) -> u64 {
    option(name).map_or(default, |text| {
        text.parse().expect("a number behind the option")
    })
}

/// The argument behind `name`; `cargo bench` adds `--bench`, which means nothing here.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}
