//! For property tests of grouped formats: a whole file as rows, refusals and ignored records.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use csv::StringRecord;

use super::{GroupRecord, RowError, detect, reader};
use crate::dialect::Dialect;
use crate::rows::Row;
use crate::settings::ParseOptions;

/// What a file became.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Whole {
    pub(super) rows: Vec<Row>,
    pub(super) refused: Vec<(u64, RowError)>,
    pub(super) ignored: u64,
    pub(super) records: u64,
}

/// Reads a file with its groups gathered from wherever their records stand.
pub(super) fn read(text: &str, options: &ParseOptions) -> Whole {
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let records: Vec<StringRecord> = csv.records().map(Result::unwrap).collect();
    let head: Vec<Vec<String>> = records
        .iter()
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect();
    let detected = detect(&head).unwrap();
    let reader = reader(
        detected.format,
        &head[detected.header],
        Dialect::utf8(b','),
        options,
    )
    .unwrap();
    let data = &records[detected.header + 1..];
    let mut whole = Whole {
        records: data.len() as u64,
        ..Whole::default()
    };
    let mut groups: BTreeMap<usize, (String, Vec<usize>)> = BTreeMap::new();
    for (at, record) in data.iter().enumerate() {
        let cells: Vec<&[u8]> = record.iter().map(str::as_bytes).collect();
        let Some(key) = reader.groups().and_then(|groups| groups.key(&cells)) else {
            let fields: Vec<&str> = record.iter().collect();
            match reader.read(&fields, line(record), 3) {
                Ok(Some(row)) => whole.rows.push(row),
                Ok(None) => whole.ignored += 1,
                Err(error) => whole.refused.push((line(record), error)),
            }
            continue;
        };
        match groups.values_mut().find(|(of, _)| *of == key) {
            Some((_, places)) => places.push(at),
            None => drop(groups.insert(at, (key, vec![at]))),
        }
    }
    for (key, places) in groups.values() {
        let group: Vec<GroupRecord<'_>> = places
            .iter()
            .map(|at| GroupRecord {
                line: line(&data[*at]),
                fields: data[*at].iter().collect(),
            })
            .collect();
        let read = reader.groups().unwrap().read(key, &group, 3);
        let rows: u64 = read.rows.iter().map(|row| u64::from(row.records)).sum();
        assert_eq!(
            rows + read.refused.len() as u64 + u64::from(read.ignored),
            group.len() as u64,
            "{key}"
        );
        whole.rows.extend(read.rows);
        whole.refused.extend(
            read.refused
                .into_iter()
                .map(|(at, error)| (group[at].line, error)),
        );
        whole.ignored += u64::from(read.ignored);
    }
    whole.rows.sort_by_key(|row| row.line);
    assert!(
        whole.rows.windows(2).all(|two| two[0].line != two[1].line),
        "each row has its line"
    );
    whole
}

fn line(record: &StringRecord) -> u64 {
    record.position().unwrap().line()
}
