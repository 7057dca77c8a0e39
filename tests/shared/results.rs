//! What comes out of a ledger, and whether it is the same.

use std::collections::BTreeMap;

/// The files of `--out` that hold no job ids and times.
pub const RESULTS: [&str; 7] = [
    "transactions.csv",
    "disposals.csv",
    "disposals.jsonl",
    "transfers.csv",
    "issues.csv",
    "holdings.csv",
    "summary.json",
];

/// The bytes of every result.
pub type Results = BTreeMap<String, Vec<u8>>;

/// Results without the file and line columns, which stand last.
pub fn without_places(results: &Results) -> Results {
    results
        .iter()
        .map(|(name, bytes)| (name.clone(), strip(bytes)))
        .collect()
}

fn strip(bytes: &[u8]) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let Some(Ok(header)) = reader.records().next() else {
        return bytes.to_vec();
    };
    let columns: Vec<&str> = header.iter().collect();
    let [.., "file", "line"] = columns[..] else {
        return bytes.to_vec();
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut keep = |record: &csv::StringRecord| {
        writer
            .write_record(record.iter().take(record.len() - 2))
            .expect("a record");
    };
    keep(&header);
    reader
        .records()
        .for_each(|record| keep(&record.expect("a record")));
    writer.into_inner().expect("bytes")
}

/// Fails naming the first file and line that differ.
///
/// # Panics
/// They differ.
pub fn assert_same(left: &Results, right: &Results, what: &str) {
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        right.keys().collect::<Vec<_>>(),
        "{what}"
    );
    for (name, bytes) in left {
        if bytes != &right[name] {
            let (one, two) = (
                String::from_utf8_lossy(bytes),
                String::from_utf8_lossy(&right[name]),
            );
            let differ = one
                .lines()
                .zip(two.lines())
                .enumerate()
                .find(|(_, (one, two))| one != two);
            let lengths = (one.lines().count(), two.lines().count());
            panic!("{what}: {name} differs, {lengths:?} lines, first at {differ:?}");
        }
    }
}
