//! Files nobody would send on purpose, given to the command as a process of its own: what it says,
//! the code it ends with, what it writes, how much memory and time it takes.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod child;

use std::fs;
use std::io::Write;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use child::{Ended, Folder};
use millrace::generate::HEADER;

/// A data row of the header's columns: a reward of `amount` BTC.
fn reward(amount: &str, description: &str) -> String {
    let cell = |name: &&str| match *name {
        "Date" => "2024-01-01 00:00:00 UTC",
        "Received Amount" => amount,
        "Received Currency" => "BTC",
        "Label" => "reward",
        "Description" => description,
        _ => "",
    };
    HEADER.iter().map(cell).collect::<Vec<_>>().join(",")
}

fn file(rows: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut text = HEADER.join(",") + "\n";
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text.into_bytes()
}

/// The whole file is refused: exit code 1, the file and these words on standard error, and nothing in
/// the output folder but what is known of the job.
fn refused(name: &str, bytes: &[u8], words: &[&str]) -> Ended {
    let folder = Folder::new();
    fs::write(folder.path(name), bytes).unwrap();
    let ended = folder.ingest(&[name, "--out", "out"]);
    assert_eq!(ended.code, Some(1), "{name}: {}", ended.stderr);
    for word in [&[name][..], words].concat() {
        assert!(ended.stderr.contains(word), "{word:?}: {}", ended.stderr);
    }
    assert_eq!(folder.names("out"), ["job.json"], "{name}");
    let job = folder.job();
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(job["error"]["class"], "data", "{job}");
    ended
}

/// Single rows are refused: exit code 0, a warning with their number, and a line of rejects for each
/// with these codes; the other rows count.
fn rejected(name: &str, bytes: &[u8], accepted: u64, codes: &[&str]) -> Vec<csv::StringRecord> {
    let folder = Folder::new();
    fs::write(folder.path(name), bytes).unwrap();
    let ended = folder.ingest(&[name, "--out", "out"]);
    assert_eq!(ended.code, Some(0), "{name}: {}", ended.stderr);
    let refused = codes.len();
    let warned = format!(
        "{refused} of {} records were refused",
        accepted + refused as u64
    );
    assert!(ended.stderr.contains(&warned), "{warned}: {}", ended.stderr);
    let job = folder.job();
    assert_eq!(job["state"], "completed_with_warnings", "{job}");
    assert_eq!(job["counts"]["accepted"], accepted, "{job}");
    assert_eq!(job["counts"]["pending"], 0, "{job}");
    let rejects = folder.records("out/rejects.csv");
    let found: Vec<&str> = rejects.iter().map(|row| &row[HEADER.len() + 1]).collect();
    assert_eq!(found, codes, "{name}");
    for row in &rejects {
        let (line, message) = (&row[HEADER.len()], &row[HEADER.len() + 2]);
        assert!(message.contains(&format!("line {line}")), "{message}");
    }
    rejects
}

#[test]
fn a_file_without_records_is_empty_whatever_stands_in_it() {
    refused("empty.csv", b"", &["empty", "Export it again"]);
    refused("blank.csv", &b"\r\n".repeat(100_000), &["empty"]);
}

#[test]
fn a_header_alone_completes_with_a_warning_and_results_without_rows() {
    let folder = Folder::new();
    fs::write(folder.path("header.csv"), file([])).unwrap();
    let ended = folder.ingest(&["header.csv", "--out", "out"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("no records"), "{}", ended.stderr);
    assert_eq!(folder.records("out/transactions.csv").len(), 0);
    assert_eq!(folder.names("out").len(), 9);
}

#[test]
fn bytes_that_are_no_text_are_refused_as_no_known_header() {
    let mut state = 7_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(900_000)
    .collect();
    // A quote may open anywhere in noise; either way the file is refused by name and line.
    refused("noise.csv", &noise, &["ine "]);
    refused("nul.csv", &vec![0; 900_000], &["Line 1", "Known formats"]);
    refused(
        "picture.csv",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        &["Line 1", "Known formats"],
    );
}

#[test]
fn one_field_or_record_that_would_fill_the_memory_ends_the_file() {
    let long = "x".repeat(10 * 1024 * 1024);
    let more_than = ["longer than 1048576 bytes", "shorten"];
    let words = [&["Line 3"][..], &more_than].concat();
    refused(
        "long.csv",
        &file([reward("1", ""), reward("1", &long)]),
        &words,
    );
    refused(
        "long-header.csv",
        long.as_bytes(),
        &[&["Line 1"][..], &more_than].concat(),
    );
}

#[test]
fn a_hundred_thousand_columns_end_the_file_in_the_header_and_behind_it() {
    let wide = ",".repeat(99_999);
    let words = ["100000 columns", "more than the 512", "Remove the columns"];
    refused(
        "wide.csv",
        &file([wide.clone()]),
        &[&["Line 2"][..], &words].concat(),
    );
    refused(
        "wide-header.csv",
        wide.as_bytes(),
        &[&["Line 1"][..], &words].concat(),
    );
}

#[test]
fn numbers_that_are_none_or_too_large_are_rejects_that_name_the_bound() {
    let amounts = [
        "1".repeat(39),
        "1e999999".into(),
        "1e-999999".into(),
        "NaN".into(),
        "inf".into(),
        "1\0".into(),
    ];
    let rows = amounts.iter().map(|amount| reward(amount, ""));
    let bytes = file(rows.chain([reward(&"1".repeat(38), "")]));
    let (range, malformed) = ("amount_out_of_range", "malformed_amount");
    let codes = [
        "too_many_digits",
        range,
        range,
        malformed,
        malformed,
        malformed,
    ];
    let rejects = rejected("amounts.csv", &bytes, 1, &codes);
    for (row, words) in rejects.iter().zip(["at most 38 digits", "38 after it"]) {
        let message = &row[HEADER.len() + 2];
        assert!(message.contains("column \"Received Amount\""), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn rows_of_another_width_encoding_or_length_are_rejects() {
    let short = "2024-01-01 00:00:00 UTC,1".to_owned();
    let surplus = reward("1", "") + ",1,2,3";
    let mut bytes = file([reward("1", ""), short, surplus]);
    // Latin-1 has the first 256 characters at their numbers.
    let latin_1 = reward("1", "caf\u{e9}");
    bytes.extend(latin_1.chars().map(|c| u8::try_from(u32::from(c)).unwrap()));
    bytes.extend(format!("\n{}\n", reward("1", &"x".repeat(64 * 1024 + 1))).bytes());
    bytes.extend(format!("{}\n", reward("1", &"x".repeat(64 * 1024))).bytes());
    let rejects = rejected(
        "odd.csv",
        &bytes,
        2,
        &[
            "wrong_field_count",
            "wrong_field_count",
            "not_utf8",
            "field_too_long",
        ],
    );
    assert!(rejects[2][HEADER.len() + 2].contains("save the file as UTF-8"));
    assert!(rejects[3][HEADER.len() + 2].contains("longer than 65536 bytes"));
}

#[test]
fn a_file_of_bad_rows_alone_publishes_an_empty_ledger_and_every_reject() {
    let bytes = file((0..3_000).map(|n| reward(&format!("{n}x"), "")));
    let rejects = rejected("bad.csv", &bytes, 0, &["malformed_amount"; 3_000]);
    assert_eq!(&rejects[2_999][HEADER.len()], "3001");
}

/// One more than the bound: nothing is published, and what was refused can still be read.
#[test]
fn a_file_of_more_bad_rows_than_the_bound_fails_and_keeps_their_reasons() {
    let folder = Folder::new();
    let bad = std::iter::repeat_n(reward("1x", ""), 100_001);
    fs::write(folder.path("bad.csv"), file(bad)).unwrap();
    let ended = folder.ingest(&["bad.csv", "--out", "out"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for words in [
        "bad.csv: 100001 of 100001 records were refused",
        "more than the 100000",
        "out/rejects.csv",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert_eq!(folder.names("out"), ["job.json", "rejects.csv"]);
    assert_eq!(folder.job()["error"]["code"], "too_many_rejects");
    assert_eq!(folder.records("out/rejects.csv").len(), 100_001);
}

#[test]
fn cells_a_spreadsheet_would_compute_are_text_in_every_file_that_is_written() {
    let folder = Folder::new();
    let formulas = [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-1-1",
        "@SUM(A1)",
        "\"\t=1\"",
        "\"\r=1\"",
    ];
    let good = formulas.iter().map(|cell| reward("1", cell));
    let bad = formulas.iter().map(|cell| reward("1x", cell));
    fs::write(folder.path("a.csv"), file(good.chain(bad))).unwrap();
    let ended = folder.ingest(&["a.csv", "--out", "out"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut seen = 0;
    for name in folder
        .names("out")
        .iter()
        .filter(|name| name.ends_with(".csv"))
    {
        let records = folder.records(&format!("out/{name}"));
        for cell in records.iter().flatten() {
            let computed = cell.starts_with(['=', '+', '@', '\t', '\r']) || cell.starts_with("-1-");
            assert!(!computed, "{name}: {cell:?}");
            seen += usize::from(cell.starts_with('\''));
        }
    }
    assert!(seen >= 2 * formulas.len(), "{seen} cells were escaped");
}

#[test]
fn a_quote_left_open_in_a_hundred_megabytes_names_its_line_wherever_it_stands() {
    let wide = reward("1", &"x".repeat(500));
    let mut bytes = file(std::iter::repeat_n(wide, 220_000));
    assert!(bytes.len() > 100_000_000);
    bytes.extend(reward("1", "\"never closed").bytes());
    let at_the_end = refused("end.csv", &bytes, &["Line 220002", "quote", "never closed"]);
    let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes[second] = b'"';
    let at_the_start = refused("start.csv", &bytes, &["Line 2", "quote that is opened"]);
    for ended in [at_the_end, at_the_start] {
        ended.took_less_than(120, 200);
    }
}

/// Another process appends to the file all the time, from before it is looked at.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "another process writes meanwhile"
)]
fn a_file_that_grows_while_it_is_read_is_told_and_nothing_of_it_is_published() {
    let folder = Folder::new();
    let path = folder.path("growing.csv");
    // Large enough that no pause of the writer lasts from the first look to the last.
    let wide = reward("1", &"x".repeat(500)) + "\n";
    fs::write(&path, file([wide.repeat(100_000)])).unwrap();
    let (writing, begun) = (AtomicBool::new(true), Barrier::new(2));
    let ended = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(wide.as_bytes()).unwrap();
            begun.wait();
            while writing.load(Ordering::SeqCst) {
                file.write_all(b"x").unwrap();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        begun.wait();
        let ended = folder.ingest(&["growing.csv", "--out", "out"]);
        writing.store(false, Ordering::SeqCst);
        writer.join().unwrap();
        ended
    });
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    for words in ["growing.csv changed", "Wait until nothing writes"] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert_eq!(folder.names("out"), [""; 0]);
}
