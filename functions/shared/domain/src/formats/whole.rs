//! For tests of grouped formats: a whole file as rows, refusals and ignored records, shown one a line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use csv::StringRecord;

use super::{GroupRecord, RowError, detect, reader};
use crate::rows::{Leg, Row};
use crate::settings::ParseOptions;

/// What a file became: a line for each row and refusal, in order of line, and how many records were
/// ignored.
pub(super) fn shown(text: &str) -> String {
    shown_with(text, &ParseOptions::default())
}

pub(super) fn shown_with(text: &str, options: &ParseOptions) -> String {
    let read = read(text, options);
    let mut lines: Vec<(u64, String)> = read
        .rows
        .iter()
        .map(|row| (row.line, row_shown(row)))
        .collect();
    lines.extend(
        read.refused
            .iter()
            .map(|(line, error)| (*line, error.message.clone())),
    );
    lines.sort_by_key(|(line, _)| *line);
    let mut text: String = lines.into_iter().map(|(_, line)| line + "\n").collect();
    if read.ignored > 0 {
        text.push_str(&format!("ignored: {}\n", read.ignored));
    }
    text
}

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
    let reader = reader(detected.format, &head[detected.header], options).unwrap();
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

fn row_shown(row: &Row) -> String {
    let leg = |leg: &Option<Leg>| {
        leg.as_ref().map_or("-".to_owned(), |leg| {
            format!("{} {}", leg.amount, leg.asset)
        })
    };
    let mut shown = format!(
        "line {}: {} {}: {} | {} | {}; {} {}",
        row.line,
        row.at,
        row.kind.name(),
        leg(&row.sent),
        leg(&row.received),
        leg(&row.fee),
        row.account.as_str(),
        row.id.as_deref().unwrap_or("-"),
    );
    if row.records != 1 {
        shown.push_str(&format!("; {} records", row.records));
    }
    for (name, worth) in [("worth", &row.net_worth), ("fee worth", &row.fee_worth)] {
        if worth.is_some() {
            shown.push_str(&format!("; {name} {}", leg(worth)));
        }
    }
    shown
}
