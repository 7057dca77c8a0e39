//! The command as a person calls it: what it prints, what it writes, the code it ends with.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output};

use millrace::generate::{HEADER, Ledger, file_of};

fn millrace(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_millrace"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("MILLRACE_LOG")
        .output()
        .expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn failed(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn a_good_file_ends_with_0_and_writes_every_result() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::new(1, 150, 5);
    fs::write(folder.path().join("a.csv"), ledger.csv()).unwrap();
    fs::write(folder.path().join("prices.csv"), ledger.prices_csv()).unwrap();
    let output = millrace(
        folder.path(),
        &[
            "ingest",
            "a.csv",
            "--prices",
            "prices.csv",
            "--base",
            "USD",
            "--out",
            "out",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("150 rows accepted"),
        "{}",
        text(&output.stdout)
    );
    let lines = |name: &str| {
        fs::read_to_string(folder.path().join("out").join(name))
            .unwrap()
            .lines()
            .count()
    };
    let file = csv::Reader::from_path(folder.path().join("out/transactions.csv")).unwrap();
    assert_eq!(file.into_records().count(), 150);
    for name in [
        "disposals.csv",
        "disposals.jsonl",
        "transfers.csv",
        "issues.csv",
        "holdings.csv",
    ] {
        assert!(lines(name) > 1, "{name}");
    }
    for name in ["summary.json", "job.json"] {
        let json = fs::read(folder.path().join("out").join(name)).unwrap();
        serde_json::from_slice::<serde_json::Value>(&json).expect(name);
    }
    assert_eq!(lines("rejects.csv"), 1, "a header and no rejects");
}

#[test]
fn the_same_run_twice_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), Ledger::new(2, 100, 5).csv()).unwrap();
    for out in ["one", "two"] {
        let output = millrace(folder.path(), &["ingest", "a.csv", "--out", out, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let json: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("one JSON document");
        assert_eq!(json["counts"]["accepted"], 100);
    }
    for entry in fs::read_dir(folder.path().join("one")).unwrap() {
        let name = entry.unwrap().file_name();
        if name != "job.json" {
            let bytes = |out: &str| fs::read(folder.path().join(out).join(&name)).unwrap();
            assert_eq!(bytes("one"), bytes("two"), "{}", name.display());
        }
    }
}

#[test]
fn bad_files_end_with_1_and_say_what_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let header = HEADER.join(",");
    fs::write(folder.path().join("empty.csv"), "").unwrap();
    fs::write(folder.path().join("strange.csv"), "foo,bar\n1,2\n").unwrap();
    fs::write(
        folder.path().join("unclosed.csv"),
        format!("{header}\na,\"b\n"),
    )
    .unwrap();
    failed(
        &millrace(folder.path(), &["ingest", "empty.csv"]),
        &["empty.csv", "empty"],
    );
    failed(
        &millrace(folder.path(), &["ingest", "strange.csv"]),
        &["strange.csv", "foo"],
    );
    failed(
        &millrace(folder.path(), &["ingest", "unclosed.csv"]),
        &["unclosed.csv", "Line 2", "quote"],
    );
}

#[test]
fn a_header_alone_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("header.csv"),
        format!("{}\n", HEADER.join(",")),
    )
    .unwrap();
    let output = millrace(folder.path(), &["ingest", "header.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_bad_row_is_a_warning_that_is_named_and_a_line_of_rejects() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Ledger::new(3, 120, 5).rows().to_vec();
    let date = HEADER.iter().position(|name| *name == "Date").unwrap();
    let bad = rows[60].iter().enumerate();
    let bad = bad.map(|(n, field)| if n == date { "03/04/2021" } else { field });
    rows[60] = bad.collect();
    fs::write(folder.path().join("a.csv"), file_of(&HEADER, &rows)).unwrap();
    let output = millrace(folder.path(), &["ingest", "a.csv", "--out", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("warning:"),
        "{}",
        text(&output.stderr)
    );
    let rejects = fs::read_to_string(folder.path().join("out/rejects.csv")).unwrap();
    assert!(
        rejects.contains("ambiguous_date") && rejects.contains("03/04/2021"),
        "{rejects}"
    );
    assert_eq!(
        csv::Reader::from_reader(rejects.as_bytes())
            .into_records()
            .count(),
        1
    );
}

#[test]
fn asking_wrongly_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "x\n").unwrap();
    let wrong: [&[&str]; 6] = [
        &[],
        &["ingest"],
        &["ingest", "no/such.csv"],
        &["ingest", "a.csv", "--method", "guess"],
        &["ingest", "a.csv", "--timezone", "Mars/Olympus"],
        &["ingest", "a.csv", "--endpoint", "ftp://x"],
    ];
    for arguments in wrong {
        let output = millrace(folder.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    let missing = millrace(folder.path(), &["ingest", "no/such.csv"]);
    assert!(text(&missing.stderr).contains("no/such.csv"));
}

#[test]
fn with_data_a_later_run_adds_to_the_ledger_and_knows_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), Ledger::new(4, 80, 5).csv()).unwrap();
    let ingest = ["ingest", "a.csv", "--data", "data", "--json"];
    for known in [false, true] {
        let output = millrace(folder.path(), &ingest);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["files"][0]["known_before"], known, "{json}");
    }
}

/// A stack that serves until it is dropped: its address, and the token that is printed behind it.
struct Served {
    process: std::process::Child,
    url: String,
    token: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_millrace"))
            .args(["dev", "--port", "0", "--data", "data"])
            .current_dir(folder)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the command runs");
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let printed = said.map(Result::unwrap);
        let page = printed.map(|line| line.trim().to_owned());
        let mut pages = page.filter(|line| line.starts_with("http://127.0.0.1:"));
        let (url, token) = pages
            .next()
            .and_then(|page| {
                let (url, token) = page.split_once("/#token=")?;
                Some((url.to_owned(), token.to_owned()))
            })
            .expect("an address with a token");
        Self {
            process,
            url,
            token,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_served_stack_takes_the_token_it_printed_and_no_request_without() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), Ledger::new(4, 80, 5).csv()).unwrap();
    let ingest = |url: &str, token: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
        command
            .args([
                "ingest",
                "a.csv",
                "--endpoint",
                url,
                "--ledger",
                "main",
                "--json",
            ])
            .current_dir(folder.path())
            .env_remove("MILLRACE_TOKEN");
        if let Some(token) = token {
            command.env("MILLRACE_TOKEN", token);
        }
        command.output().unwrap()
    };
    let first = Served::start(folder.path());
    let none = ingest(&first.url, None);
    assert_eq!(none.status.code(), Some(2), "{}", text(&none.stderr));
    assert!(text(&none.stderr).contains("MILLRACE_TOKEN"));
    let another = ingest(&first.url, Some("of.another.stack"));
    failed(&another, &["send a valid token"]);
    let output = ingest(&first.url, Some(&first.token));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // The data folder keeps the secret: what was signed before is good after a new start.
    let token = first.token.clone();
    drop(first);
    let second = Served::start(folder.path());
    let output = ingest(&second.url, Some(&token));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_token_in_the_environment_is_no_reason_to_need_an_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), Ledger::new(4, 20, 5).csv()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_millrace"))
        .args(["ingest", "a.csv", "--json"])
        .current_dir(folder.path())
        .env("MILLRACE_TOKEN", "a.b.c")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn generate_gives_the_same_bytes_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let generate = ["generate", "--rows", "300", "--seed", "9"];
    let (one, two) = (
        millrace(folder.path(), &generate),
        millrace(folder.path(), &generate),
    );
    assert_eq!(one.status.code(), Some(0));
    assert_eq!(one.stdout, two.stdout);
    let records = csv::Reader::from_reader(one.stdout.as_slice())
        .into_records()
        .count();
    assert_eq!(records, 300);
}
