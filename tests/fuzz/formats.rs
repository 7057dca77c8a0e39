//! Every format's reader behind `split`: a file is refused by name and line, or each of its records is
//! a row, a reject that says where it stands, or nothing; and the same however it is cut.

use std::path::Path;

use domain::formats;
use domain::plan::{Chunk, ChunkPlan};
use domain::settings::ParseOptions;
use ingest::parse::{Parsed, join, parse};
use split::fault::FileFault;
use split::pass::{Pass, Scanned};

use crate::engine::{fuzz, outcome};

/// Characters of a message at most: it shows clipped pieces of the file, never whole fields.
const MAX_MESSAGE: usize = 2_000;

/// All at the same time, each in the time of a target: a format that is added is among them, and has a
/// fixture.
#[test]
fn every_format_takes_or_refuses_any_file_by_line() {
    let fixtures = fixtures(Path::new("../functions/shared/domain/src/formats/fixtures"));
    std::thread::scope(|scope| {
        for name in formats::names() {
            let is_of = |file: &&Vec<u8>| scan(file).is_ok_and(|file| file.format == name);
            let seeds: Vec<Vec<u8>> = fixtures.iter().filter(is_of).cloned().collect();
            assert!(!seeds.is_empty(), "no fixture has the format {name}");
            scope.spawn(move || fuzz(name, seeds, check));
        }
    });
}

fn fixtures(folder: &Path) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(fixtures(&path));
        } else if path.extension().is_some_and(|end| end == "csv") {
            files.push(std::fs::read(path).unwrap());
        }
    }
    files
}

/// In chunks of a few rows, so that an input has several.
fn scan(file: &[u8]) -> Result<Scanned, FileFault> {
    let options = ParseOptions::default();
    let mut pass = Pass::new(&options, Some(3));
    for block in file.chunks(500) {
        pass.feed(block)?;
    }
    pass.finish()
}

fn check(file: &[u8]) -> u64 {
    let scanned = match scan(file) {
        Ok(scanned) => scanned,
        Err(fault) => {
            said(&fault.to_string());
            return outcome(fault.code());
        }
    };
    let format = scanned.format;
    let whole = parsed(file, scanned);
    let mut codes: Vec<String> = Vec::new();
    for part in &whole {
        for reject in &part.rejects {
            said(&reject.message);
            let named = format!("line {}", reject.line);
            assert!(reject.message.contains(&named), "{}", reject.message);
            codes.push(reject.code.clone());
        }
    }
    codes.sort();
    codes.dedup();
    let rows: u64 = whole.iter().map(|part| part.digest.counts.accepted).sum();
    outcome((format, codes, rows.min(20)))
}

/// Each chunk of a file and the join of what they left, with their counts: every record is counted
/// once (I3).
fn parsed(file: &[u8], scanned: Scanned) -> Vec<Parsed> {
    let plan = ChunkPlan {
        key: String::new(),
        version: String::new(),
        format: scanned.format.to_owned(),
        dialect: scanned.dialect,
        header: scanned.header,
        options: ParseOptions::default(),
        chunks: scanned.chunks,
        groups: scanned.groups,
    };
    let (mut all, mut fragments) = (Vec::new(), Vec::new());
    for (index, chunk) in (0..).zip(&plan.chunks) {
        let mut part = parse(&plan, index, chunk, bytes_of(file, chunk)).unwrap();
        let kept = part.fragments.len() as u64;
        assert_eq!(counted(&part) + kept, u64::from(chunk.records));
        fragments.append(&mut part.fragments);
        all.push(part);
    }
    assert_eq!(fragments.len(), plan.groups.fragments as usize);
    if let Some(index) = plan.join() {
        let kept = fragments.len() as u64;
        let joined = join(&plan, index, fragments).unwrap();
        assert_eq!(counted(&joined), kept);
        all.push(joined);
    }
    all
}

fn counted(part: &Parsed) -> u64 {
    let counts = &part.digest.counts;
    assert_eq!(counts.rejected, part.rejects.len() as u64);
    let rows: usize = part.rows.values().map(Vec::len).sum();
    // The records of a group are one row.
    assert!(counts.accepted >= rows as u64, "{counts:?}, {rows} rows");
    counts.settled()
}

fn bytes_of<'a>(file: &'a [u8], chunk: &Chunk) -> &'a [u8] {
    let from = usize::try_from(chunk.offset).unwrap();
    &file[from..from + usize::try_from(chunk.length).unwrap()]
}

/// A message is short, and no terminal acts on what it shows of the file.
fn said(message: &str) {
    assert!(message.len() < MAX_MESSAGE, "{} bytes", message.len());
    assert!(!message.contains(char::is_control), "{message:?}");
}
