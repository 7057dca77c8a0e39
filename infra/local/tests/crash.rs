//! kill -9 at random moments of an ingest, and the same command again on the same folder: the results
//! are byte for byte those of a run that nobody disturbed (I2, I11).
//!
//! `MILLRACE_LONG` asks for 50 rounds instead of 5, `MILLRACE_SEED` for the moments of an earlier run.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use millrace::generate::Ledger;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const ROWS: usize = 20_000;
const BASE: [&str; 9] = [
    "ingest",
    "a.csv",
    "--prices",
    "prices.csv",
    "--base",
    "USD",
    "--method",
    "fifo",
    "--json",
];

/// The command on `data` and `out`, in pieces small enough that a kill falls between many of them.
fn start(folder: &Path, data: &str, out: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_millrace"))
        .args(BASE)
        .args(["--data", data, "--out", out])
        .current_dir(folder)
        .env("MILLRACE_SEGMENT_ROWS", "2500")
        .env("MILLRACE_CHUNK_ROWS", "1000")
        .env_remove("MILLRACE_LOG")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs")
}

fn completes(folder: &Path, data: &str, out: &str) {
    let output = start(folder, data, out).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

/// The results that have been written so far, without `job.json`, whose ids and times are the run's.
fn results(folder: &Path, out: &str) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder.join(out)) else {
        return BTreeMap::new();
    };
    let files = entries.map(|entry| entry.unwrap());
    let named = files.map(|entry| {
        let bytes = fs::read(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), bytes)
    });
    named.filter(|(name, _)| name != "job.json").collect()
}

#[expect(clippy::disallowed_methods, reason = "a kill falls at a moment")]
fn measured(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Kills the command after `delay` and answers whether it was still at work.
#[expect(clippy::disallowed_methods, reason = "a kill falls at a moment")]
fn killed(folder: &Path, data: &str, out: &str, delay: Duration) -> bool {
    let mut child = start(folder, data, out);
    std::thread::sleep(delay);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

fn seed() -> u64 {
    match std::env::var("MILLRACE_SEED") {
        Ok(seed) => seed.parse().expect("MILLRACE_SEED is a number"),
        Err(_) => RandomState::new().hash_one("seed"),
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_goes_on_to_the_same_bytes() {
    let seed = seed();
    println!("MILLRACE_SEED={seed}");
    let (root, mut rng) = (
        tempfile::tempdir().unwrap(),
        ChaCha8Rng::seed_from_u64(seed),
    );
    let (folder, ledger) = (root.path(), Ledger::new(20, ROWS, 7));
    fs::write(folder.join("a.csv"), ledger.csv()).unwrap();
    fs::write(folder.join("prices.csv"), ledger.prices_csv()).unwrap();
    let length = measured(|| completes(folder, "undisturbed", "expected"));
    let expected = results(folder, "expected");
    assert_eq!(expected.len(), 8, "{:?}", expected.keys());
    let long = std::env::var_os("MILLRACE_LONG").is_some();
    let mut cut_off = 0;
    for round in 0..if long { 50 } else { 5 } {
        let (data, out) = (format!("data{round}"), format!("out{round}"));
        for _ in 0..2 {
            let delay = length * (rng.next_u32() >> 20) / (1 << 12);
            let cut = killed(folder, &data, &out, delay);
            cut_off += u32::from(cut);
            println!("round {round}: killed after {delay:?} of {length:?}, at work: {cut}");
            for (name, bytes) in results(folder, &out) {
                let whole = expected.get(&name).is_some_and(|whole| *whole == bytes);
                assert!(whole || name.ends_with(".part"), "{name} is half-written");
            }
        }
        completes(folder, &data, &out);
        let found = results(folder, &out);
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>()
        );
        for (name, bytes) in found {
            assert!(bytes == expected[&name], "{name} differs in round {round}");
        }
        fs::remove_dir_all(folder.join(data)).unwrap();
    }
    assert!(cut_off > 0, "no kill found the command at work");
}

/// The command goes on serving until it is killed, so the folder is locked while the other one asks.
#[test]
fn a_folder_in_use_is_refused_by_name_until_its_user_is_killed() {
    use std::io::Read;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    fs::write(folder.join("a.csv"), Ledger::new(4, 80, 5).csv()).unwrap();
    let mut holder = Command::new(env!("CARGO_BIN_EXE_millrace"))
        .args(["dev", "--port", "0", "--data", "data"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    holder
        .stdout
        .take()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let ingest = || {
        Command::new(env!("CARGO_BIN_EXE_millrace"))
            .args(["ingest", "a.csv", "--data", "data", "--out", "out"])
            .current_dir(folder)
            .output()
            .unwrap()
    };
    let refused = ingest();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for words in [
        "data folder data",
        "in use by another process",
        "choose another",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(results(folder, "out").len(), 0);
    holder.kill().unwrap();
    holder.wait().unwrap();
    let output = ingest();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}
