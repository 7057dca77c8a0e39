//! Files as exchanges write them, read the whole way from bytes to rows: `split` finds dialect and
//! format, `ingest` reads chunk by chunk. What each fixture becomes is written out beside it: a record
//! per line, with the file's line in front, and a first line `# key=value ...` where the upload names
//! options.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use domain::plan::ChunkPlan;
use domain::rows::{Leg, Row};
use domain::settings::ParseOptions;
use ingest::parse::{Parsed, join, parse};
use proptest::prelude::*;
use split::pass::{Pass, Scanned};

/// Records of them that are refused.
const REFUSED: usize = 86;
/// Fixtures with their rows written out.
const FIXTURES: usize = 57;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/domain/src/formats/fixtures")
}

/// The fixtures whose rows are written out: name, file, rows.
fn fixtures() -> Vec<(String, Vec<u8>, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "rows")
        {
            let file = std::fs::read(path.with_extension("csv")).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.push((name, file, std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The options that the first line of written-out rows names.
fn options(rows: &str) -> ParseOptions {
    let mut options = ParseOptions::default();
    let first = rows.lines().next().and_then(|line| line.strip_prefix("# "));
    for (key, value) in first
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter_map(|pair| pair.split_once('='))
    {
        match key {
            "account" => options.account = Some(value.parse().unwrap()),
            "timezone" => options.timezone = Some(value.to_owned()),
            "date_format" => options.date_format = Some(value.to_owned()),
            other => assert_eq!(other, "", "an option"),
        }
    }
    options
}

fn scan(file: &[u8], options: &ParseOptions, block: usize, chunk_rows: Option<u32>) -> Scanned {
    let mut pass = Pass::new(options, chunk_rows);
    for block in file.chunks(block) {
        pass.feed(block).unwrap();
    }
    pass.finish().unwrap()
}

fn plan(scanned: Scanned, options: &ParseOptions) -> ChunkPlan {
    ChunkPlan {
        key: String::new(),
        version: String::new(),
        format: scanned.format.to_owned(),
        dialect: scanned.dialect,
        header: scanned.header,
        options: options.clone(),
        chunks: scanned.chunks,
        groups: scanned.groups,
    }
}

/// Every chunk as a worker reads it, with as many records as planned, and the join of what they kept.
fn parsed(plan: &ChunkPlan, file: &[u8]) -> Vec<Parsed> {
    let chunks = plan.chunks.iter().enumerate();
    let parsed = chunks.map(|(index, chunk)| {
        let start = usize::try_from(chunk.offset).unwrap();
        let bytes = &file[start..start + usize::try_from(chunk.length).unwrap()];
        let parsed = parse(plan, u32::try_from(index).unwrap(), chunk, bytes).unwrap();
        let kept = parsed.fragments.len() as u64;
        assert_eq!(
            parsed.digest.counts.settled() + kept,
            u64::from(chunk.records)
        );
        parsed
    });
    let mut parsed: Vec<Parsed> = parsed.collect();
    if let Some(batch) = plan.join() {
        let kept = parsed.iter().flat_map(|parsed| parsed.fragments.clone());
        parsed.push(join(plan, batch, kept.collect()).unwrap());
    }
    parsed
}

/// Every record of a file in order of line, and how many were ignored.
fn read(file: &[u8], options: &ParseOptions, block: usize, chunk_rows: Option<u32>) -> Vec<String> {
    let plan = plan(scan(file, options, block, chunk_rows), options);
    let (mut lines, mut ignored) = (Vec::new(), 0);
    for parsed in parsed(&plan, file) {
        ignored += parsed.digest.counts.ignored;
        lines.extend(shown(&parsed));
    }
    lines.sort();
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    lines.insert(0, format!("{}, {ignored} ignored", plan.format));
    lines
}

fn shown(parsed: &Parsed) -> Vec<(u64, String)> {
    let rows = parsed
        .rows
        .values()
        .flatten()
        .map(|row| (row.line, shown_row(row)));
    let rejects = parsed.rejects.iter();
    let rejects = rejects.map(|reject| {
        (
            reject.line,
            format!(
                "{} refused {}: {}",
                reject.line, reject.code, reject.message
            ),
        )
    });
    rows.chain(rejects).collect()
}

fn shown_row(row: &Row) -> String {
    let mut text = format!(
        "{} {} {} in {}",
        row.line,
        row.at,
        row.kind.name(),
        row.account
    );
    if row.records != 1 {
        text = format!("{text}, {} records", row.records);
    }
    let leg = |leg: &Leg| format!("{} {}", leg.amount, leg.asset);
    for (name, value) in [
        ("sent", row.sent.as_ref().map(leg)),
        ("received", row.received.as_ref().map(leg)),
        ("fee", row.fee.as_ref().map(leg)),
        ("worth", row.net_worth.as_ref().map(leg)),
        ("fee worth", row.fee_worth.as_ref().map(leg)),
        ("id", row.id.as_deref().map(str::to_owned)),
        ("tx", row.tx_hash.as_deref().map(str::to_owned)),
        (
            "note",
            row.description.as_deref().map(|note| format!("{note:?}")),
        ),
    ] {
        if let Some(value) = value {
            text = format!("{text} | {name} {value}");
        }
    }
    text
}

#[test]
fn each_fixture_becomes_the_rows_that_are_written_out_beside_it() {
    let fixtures = fixtures();
    let mut wrong = Vec::new();
    for (name, file, rows) in &fixtures {
        let expected: Vec<&str> = rows
            .lines()
            .filter(|line| !line.starts_with("# "))
            .collect();
        let found = read(file, &options(rows), usize::MAX, None);
        if found != expected {
            wrong.push(format!("{name}.csv became\n{}\n", found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(fixtures.len(), FIXTURES);
}

#[test]
fn no_fixture_depends_on_how_it_is_cut() {
    for (name, file, rows) in fixtures() {
        let options = options(&rows);
        let whole = read(&file, &options, usize::MAX, None);
        for (block, chunk_rows) in [(1, Some(1)), (7, Some(2)), (64, Some(3))] {
            assert_eq!(read(&file, &options, block, chunk_rows), whole, "{name}");
        }
    }
}

#[test]
fn a_refused_record_stands_in_the_file_where_it_is_said_to() {
    let mut refused = 0;
    for (name, file, rows) in fixtures() {
        let options = options(&rows);
        let scanned = scan(&file, &options, usize::MAX, Some(2));
        let encoding = scanned.dialect.encoding;
        let plan = plan(scanned, &options);
        for reject in parsed(&plan, &file)
            .iter()
            .flat_map(|parsed| &parsed.rejects)
        {
            let start = usize::try_from(reject.offset).unwrap();
            let end = start + usize::try_from(reject.length).unwrap();
            let before = encoding.decode(&file[..start]);
            let record = encoding.decode(&file[start..end]);
            assert_eq!(lines_of(&before), reject.line, "{name}");
            let cells = record
                .iter()
                .filter(|byte| **byte == plan.dialect.delimiter)
                .count()
                + 1;
            assert!(
                cells >= plan.header.len() && !record.ends_with(b"\n"),
                "{name}"
            );
            refused += 1;
        }
    }
    assert_eq!(refused, REFUSED);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_damaged_file_is_refused_whole_or_each_of_its_records_becomes_something(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..6),
    ) {
        let fixtures = fixtures();
        let (name, mut file, rows) = fixtures[which.index(fixtures.len())].clone();
        for (place, byte) in damage {
            let place = place.index(file.len());
            match byte {
                Some(byte) => file[place] = byte,
                None => drop(file.remove(place)),
            }
        }
        let options = options(&rows);
        let mut pass = Pass::new(&options, None);
        if pass.feed(&file).is_ok() && pass.finish().is_ok() {
            let whole = read(&file, &options, usize::MAX, None);
            prop_assert_eq!(read(&file, &options, 5, Some(1)), whole, "{}", name);
        }
    }
}

/// A byte to write, or none to take one away.
fn damage() -> impl Strategy<Value = Option<u8>> {
    let telling = prop::sample::select(b",;\t\"\n\r.-0\0\xff".to_vec());
    prop_oneof![3 => telling.prop_map(Some), 1 => any::<u8>().prop_map(Some), 1 => Just(None)]
}

/// The line that begins or goes on behind a text.
fn lines_of(text: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(text)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    1 + u64::try_from(text.matches('\n').count()).unwrap()
}
