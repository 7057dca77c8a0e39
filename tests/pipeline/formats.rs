//! Files as exchanges write them come all the way: the fixtures of `domain::formats`, uploaded as a
//! user would, give the transactions and rejects that are written out beside each of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::world::{Setup, World};

/// Small chunks, so that even a fixture has several.
const CHUNK_ROWS: u32 = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/shared/domain/src/formats/fixtures")
}

/// The fixtures that need no options: name, bytes, and their rows as they are written out.
fn fixtures() -> Vec<(String, Vec<u8>, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("the fixtures") {
        let path = entry.expect("a fixture").path();
        let rows = match path.extension() {
            Some(extension) if extension == "rows" => {
                std::fs::read_to_string(&path).expect("its rows")
            }
            _ => continue,
        };
        if !rows.starts_with("# ") {
            let name = path.with_extension("csv");
            let bytes = std::fs::read(&name).expect("its bytes");
            let name = name
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            found.push((name, bytes, rows));
        }
    }
    found.sort();
    found
}

/// What is written out of a row, as far as `transactions.csv` has it: not of how many records it is.
fn expected(row: &str) -> String {
    let first = row.split(" | ").next().unwrap_or_default();
    let of_records = first
        .rsplit_once(", ")
        .filter(|(_, end)| end.ends_with(" records"));
    let row = match of_records {
        Some((start, _)) => row.replacen(first, start, 1),
        None => row.to_owned(),
    };
    let parts = row.split(" | ");
    let kept = parts.filter(|part| {
        let name = part.split(' ').next().unwrap_or_default();
        name.parse::<u64>().is_ok()
            || ["sent", "received", "tx"].contains(&name)
            || part.starts_with("fee ") && !part.starts_with("fee worth")
    });
    kept.collect::<Vec<_>>().join(" | ")
}

/// The rows of `transactions.csv` by file and line.
fn transactions(csv: &[u8]) -> BTreeMap<(String, u64), String> {
    let mut reader = csv::Reader::from_reader(csv);
    let rows = reader.deserialize::<BTreeMap<String, String>>();
    rows.map(|row| {
        let row = row.expect("a transaction");
        let mut text = format!(
            "{} {} {} in {}",
            row["line"], row["date"], row["type"], row["account"]
        );
        for leg in ["sent", "received", "fee"] {
            let (amount, currency) = (
                &row[&format!("{leg}_amount")],
                &row[&format!("{leg}_currency")],
            );
            if !amount.is_empty() {
                text = format!("{text} | {leg} {amount} {currency}");
            }
        }
        if !row["tx_hash"].is_empty() {
            text = format!("{text} | tx {}", row["tx_hash"]);
        }
        (
            (row["file"].clone(), row["line"].parse().expect("a line")),
            text,
        )
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fixture_gives_the_transactions_that_are_written_out_beside_it() {
    let world = World::start(Setup {
        chunk_rows: CHUNK_ROWS,
        ..Setup::default()
    })
    .await;
    let fixtures = fixtures();
    let mut jobs = Vec::new();
    for (name, bytes, _) in &fixtures {
        jobs.push(world.upload(name, bytes).await.job_id);
    }
    let mut written = BTreeMap::new();
    for ((name, _, rows), job) in fixtures.iter().zip(&jobs) {
        let end = world.end_of(job).await;
        assert!(end.succeeded(), "{name}: {end:?}");
        let (mut refused, mut lines) = (0, rows.lines());
        let ignored = lines
            .next()
            .and_then(|first| first.split(' ').nth(1))
            .expect("a count");
        for row in lines {
            let line = row
                .split(' ')
                .next()
                .and_then(|line| line.parse().ok())
                .expect("a line");
            if row.contains(" refused ") {
                refused += 1;
            } else {
                written.insert((name.clone(), line), expected(row));
            }
        }
        let counts = &end.counts;
        assert_eq!(
            (counts.rejected, counts.ignored.to_string().as_str()),
            (refused, ignored),
            "{name}"
        );
    }
    let results = world.results().await;
    assert_eq!(transactions(&results["transactions.csv"]), written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_records_of_utf_16_come_back_as_utf_8_in_their_own_delimiter() {
    let world = World::start(Setup::default()).await;
    let bytes = std::fs::read(folder().join("koinly_utf16_big_endian.csv")).expect("the fixture");
    let job = world.upload("utf16.csv", &bytes).await.job_id;
    assert_eq!(world.end_of(&job).await.counts.rejected, 1);
    let to = world.file("rejects.csv", b"");
    let path = format!("/v1/jobs/{job}/rejects");
    world
        .client
        .download("the rejects", &path, &to)
        .await
        .expect("the rejects");
    let text = std::fs::read_to_string(&to).expect("UTF-8");
    let record =
        "2020-12-01 10:00:00,x,BTC,28500,USD,,,,,,gr\u{f6}\u{df}er,0xfeed,4,malformed_amount,";
    assert!(text.lines().any(|line| line.starts_with(record)), "{text}");
}
