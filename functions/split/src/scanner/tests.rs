#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use domain::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};
use proptest::prelude::*;

use super::{RecordSpan, Scanner};
use crate::fault::FileFault;

/// Scans a file in blocks of the given sizes, taken round and round.
fn scan_in(file: &[u8], sizes: &[usize]) -> Result<Vec<RecordSpan>, FileFault> {
    let mut scanner = Scanner::new(b',');
    let mut spans = Vec::new();
    let mut rest = file;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (block, tail) = rest.split_at(size.min(rest.len()));
        rest = tail;
        scanner.feed(block, &mut |span| {
            spans.push(span);
            Ok(())
        })?;
    }
    scanner.finish(&mut |span| {
        spans.push(span);
        Ok(())
    })?;
    assert_eq!(scanner.offset(), file.len() as u64);
    Ok(spans)
}

fn scan(file: &[u8]) -> Result<Vec<RecordSpan>, FileFault> {
    scan_in(file, &[usize::MAX])
}

/// The records' texts with their lines.
fn records(file: &str) -> Vec<(u64, &str)> {
    let spans = scan(file.as_bytes()).unwrap();
    spans
        .iter()
        .map(|span| (span.line, &file[range(span)]))
        .collect()
}

fn range(span: &RecordSpan) -> std::ops::Range<usize> {
    let start = usize::try_from(span.offset).unwrap();
    start..start + usize::try_from(span.length).unwrap()
}

#[test]
fn every_line_end_ends_a_record_and_a_line() {
    assert_eq!(
        records("a\nb\r\nc\rd"),
        [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    );
}

#[test]
fn blank_lines_are_lines_but_no_records() {
    assert_eq!(records("\r\n\na\n\n\r\rb\n"), [(3, "a"), (7, "b")]);
}

#[test]
fn a_quoted_newline_does_not_end_a_record_but_is_a_line() {
    let file = "x,\"a\nb\r\nc\rd\"\ny";
    assert_eq!(records(file), [(1, "x,\"a\nb\r\nc\rd\""), (5, "y")]);
}

#[test]
fn a_doubled_quote_stays_in_its_field() {
    assert_eq!(
        records("\"a\"\"\n\",b\nc"),
        [(1, "\"a\"\"\n\",b"), (3, "c")]
    );
    assert_eq!(records("\"\"\nc"), [(1, "\"\""), (2, "c")]);
}

#[test]
fn a_quote_inside_of_a_field_is_text() {
    assert_eq!(records("5\" disk,b\nc"), [(1, "5\" disk,b"), (2, "c")]);
    assert_eq!(records("\"a\"b\"\nc"), [(1, "\"a\"b\""), (2, "c")]);
}

#[test]
fn a_byte_order_mark_is_no_content_and_does_not_hide_a_quote() {
    assert_eq!(records("\u{feff}\"a\n\"\nb"), [(1, "\"a\n\""), (3, "b")]);
    assert_eq!(records("\u{feff}"), []);
    let half = scan_in(b"\xef\xbbx\n", &[1]).unwrap();
    assert_eq!(
        half,
        [RecordSpan {
            offset: 0,
            length: 3,
            line: 1
        }]
    );
    assert_eq!(scan_in(b"\xef", &[1]).unwrap().len(), 1);
}

#[test]
fn an_open_quote_names_the_line_it_stands_on() {
    let fault = scan(b"a,b\n1,\"x\ny\",\"z\n2,3\n").unwrap_err();
    assert_eq!(fault, FileFault::UnclosedQuote { line: 3 });
}

#[test]
fn a_record_may_be_as_long_as_the_limit_and_no_longer() {
    let mut file = vec![b'a'; MAX_RECORD_BYTES];
    assert_eq!(scan(&file).unwrap().len(), 1);
    file.push(b'b');
    let fault = FileFault::RecordTooLong { line: 1 };
    assert_eq!(scan(&file).unwrap_err(), fault);
    assert_eq!(scan_in(&file, &[4096]).unwrap_err(), fault);
}

#[test]
fn an_open_quote_in_a_large_file_is_a_long_record_in_blocks_of_any_size() {
    let mut file = b"a,b\n1,\"x\n".to_vec();
    file.extend(std::iter::repeat_n(b"2,3\n", MAX_RECORD_BYTES).flatten());
    let fault = FileFault::RecordTooLong { line: 2 };
    assert_eq!(scan(&file).unwrap_err(), fault);
    assert_eq!(scan_in(&file, &[65_536]).unwrap_err(), fault);
}

#[test]
fn a_record_may_have_as_many_columns_as_the_limit_and_no_more() {
    let widest = format!("a\n{}\n", ",".repeat(MAX_COLUMNS - 1));
    assert_eq!(scan(widest.as_bytes()).unwrap().len(), 2);
    let wider = format!("a\n{}\n", ",".repeat(MAX_COLUMNS));
    let columns = MAX_COLUMNS as u64 + 1;
    assert_eq!(
        scan(wider.as_bytes()).unwrap_err(),
        FileFault::TooManyColumns { line: 2, columns }
    );
    let quoted = format!("\"{}\"\n", ",".repeat(MAX_COLUMNS));
    assert_eq!(scan(quoted.as_bytes()).unwrap().len(), 1);
}

/// The same rules, byte by byte and without any cleverness; `None` when a quote stays open.
fn naive(file: &[u8]) -> Option<Vec<RecordSpan>> {
    let mut spans = Vec::new();
    let mut at = if file.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    while at < file.len() {
        if is_end(file[at]) {
            at += 1;
            continue;
        }
        let end = naive_end(file, at)?;
        let before = &file[..at];
        let ends = before
            .iter()
            .enumerate()
            .filter(|&(i, &b)| b == b'\r' || (b == b'\n' && (i == 0 || before[i - 1] != b'\r')));
        spans.push(RecordSpan {
            offset: at as u64,
            length: (end - at) as u64,
            line: 1 + ends.count() as u64,
        });
        at = end;
    }
    Some(spans)
}

fn is_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Where the record that starts at `at` ends: field by field.
fn naive_end(file: &[u8], mut at: usize) -> Option<usize> {
    loop {
        if file.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (file.get(at)?, file.get(at + 1)) {
                    (b'"', Some(b'"')) => at += 2,
                    (b'"', _) => break,
                    _ => at += 1,
                }
            }
            at += 1;
        }
        while file.get(at).is_some_and(|&b| b != b',' && !is_end(b)) {
            at += 1;
        }
        match file.get(at) {
            Some(b',') => at += 1,
            _ => return Some(at),
        }
    }
}

/// The fields csv-core sees in a file.
fn csv_core_fields(file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv_core::Reader::new();
    let (mut output, mut ends) = (vec![0; file.len() + 1], vec![0; file.len() + 2]);
    let (mut at, mut written, mut fields, mut records) = (0, 0, 0, Vec::new());
    loop {
        let (result, read, wrote, ended) =
            reader.read_record(&file[at..], &mut output[written..], &mut ends[fields..]);
        (at, written, fields) = (at + read, written + wrote, fields + ended);
        match result {
            csv_core::ReadRecordResult::Record => {
                let mut start = 0;
                let record = ends[..fields].iter().map(|&end| {
                    let field = output[start..end].to_vec();
                    start = end;
                    field
                });
                records.push(record.collect());
                (written, fields) = (0, 0);
            }
            csv_core::ReadRecordResult::InputEmpty => {}
            csv_core::ReadRecordResult::End => return records,
            other => panic!("the buffers are large enough: {other:?}"),
        }
    }
}

/// Bytes that decide something, and some that do not.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(b"a,\"\n\r\xc3".to_vec());
    (any::<bool>(), prop::collection::vec(byte, 0..60)).prop_map(|(mark, mut bytes)| {
        if mark {
            bytes.splice(0..0, *b"\xef\xbb\xbf");
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_give_the_records_of_the_naive_reading(file in bytes()) {
        match (scan(&file), naive(&file)) {
            (Ok(spans), Some(expected)) => prop_assert_eq!(spans, expected),
            (Err(FileFault::UnclosedQuote { .. }), None) => {}
            (scanned, expected) => prop_assert!(false, "{scanned:?} but {expected:?}"),
        }
    }

    #[test]
    fn the_size_of_the_blocks_does_not_matter(
        file in bytes(),
        sizes in prop::collection::vec(1_usize..7, 1..5),
    ) {
        prop_assert_eq!(scan_in(&file, &sizes), scan(&file));
    }

    #[test]
    fn csv_core_sees_the_same_records(file in bytes()) {
        if let Ok(spans) = scan(&file) {
            let alone: Vec<_> = spans.iter().flat_map(|span| csv_core_fields(&file[range(span)])).collect();
            prop_assert_eq!(alone.len(), spans.len());
            prop_assert_eq!(alone, csv_core_fields(&file));
        }
    }
}
