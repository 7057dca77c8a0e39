#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use domain::dialect::{Dialect, Encoding};
use domain::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};
use proptest::prelude::*;

use super::{RecordSpan, Scanner};
use crate::fault::FileFault;

const COMMA: Dialect = Dialect::utf8(b',');

/// Scans a file in blocks of the given sizes, taken round and round.
fn scan_in(file: &[u8], sizes: &[usize]) -> Result<Vec<RecordSpan>, FileFault> {
    scan_as(file, sizes, COMMA)
}

fn scan_as(file: &[u8], sizes: &[usize], dialect: Dialect) -> Result<Vec<RecordSpan>, FileFault> {
    let mut scanner = Scanner::new(dialect);
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

/// The same rules, unit by unit and without any cleverness; `None` when a quote stays open.
fn naive(units: &[u16], mark: usize, delimiter: u16) -> Option<Vec<RecordSpan>> {
    let mut spans = Vec::new();
    let mut at = mark;
    while at < units.len() {
        if is_end(units[at]) {
            at += 1;
            continue;
        }
        let end = naive_end(units, at, delimiter)?;
        let before = &units[..at];
        let ends = before
            .iter()
            .enumerate()
            .filter(|&(i, &unit)| unit == CR || (unit == LF && (i == 0 || before[i - 1] != CR)));
        spans.push(RecordSpan {
            offset: at as u64,
            length: (end - at) as u64,
            line: 1 + ends.count() as u64,
        });
        at = end;
    }
    Some(spans)
}

/// The naive reading of a file of UTF-8.
fn naive_bytes(file: &[u8], delimiter: u8) -> Option<Vec<RecordSpan>> {
    let units: Vec<u16> = file.iter().copied().map(u16::from).collect();
    let mark = if file.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    naive(&units, mark, delimiter.into())
}

const CR: u16 = b'\r' as u16;
const LF: u16 = b'\n' as u16;
const DOUBLE_QUOTE: u16 = b'"' as u16;

fn is_end(unit: u16) -> bool {
    unit == LF || unit == CR
}

/// Where the record that starts at `at` ends: field by field.
fn naive_end(units: &[u16], mut at: usize, delimiter: u16) -> Option<usize> {
    loop {
        if units.get(at) == Some(&DOUBLE_QUOTE) {
            at += 1;
            loop {
                match (units.get(at)?, units.get(at + 1)) {
                    (&DOUBLE_QUOTE, Some(&DOUBLE_QUOTE)) => at += 2,
                    (&DOUBLE_QUOTE, _) => break,
                    _ => at += 1,
                }
            }
            at += 1;
        }
        while units
            .get(at)
            .is_some_and(|&unit| unit != delimiter && !is_end(unit))
        {
            at += 1;
        }
        match units.get(at) {
            Some(&unit) if unit == delimiter => at += 1,
            _ => return Some(at),
        }
    }
}

/// The fields csv-core sees in a file.
fn csv_core_fields(file: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
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
    let byte = prop::sample::select(b"a,;\t\"\n\r\xc3".to_vec());
    (any::<bool>(), prop::collection::vec(byte, 0..60)).prop_map(|(mark, mut bytes)| {
        if mark {
            bytes.splice(0..0, *b"\xef\xbb\xbf");
        }
        bytes
    })
}

/// Units that decide something, and some whose bytes look as if they did.
fn units() -> impl Strategy<Value = Vec<u16>> {
    let ascii = prop::sample::select(b"a,;\t\"\n\r".to_vec()).prop_map(u16::from);
    let look_alike = prop::sample::select(vec![0x0a0a, 0x0d0d, 0x2222, 0x220a, 0x2c2c, 0x0d00]);
    let unit = prop_oneof![6 => ascii, 1 => look_alike, 1 => any::<u16>()];
    prop::collection::vec(unit, 0..60)
}

/// A file of these units behind a mark.
fn stored(units: &[u16], encoding: Encoding) -> Vec<u8> {
    let all = std::iter::once(&0xfeff).chain(units);
    let bytes = |unit: &u16| match encoding {
        Encoding::Utf16Be => unit.to_be_bytes(),
        _ => unit.to_le_bytes(),
    };
    all.flat_map(bytes).collect()
}

#[test]
fn utf_16_is_scanned_by_its_units_and_told_in_bytes() {
    let text: Vec<u16> = "a,\u{20ac}\r\n\"x\n\",b\n".encode_utf16().collect();
    for encoding in [Encoding::Utf16Le, Encoding::Utf16Be] {
        let dialect = Dialect { encoding, ..COMMA };
        let file = stored(&text, encoding);
        let span = |offset, length, line| RecordSpan {
            offset,
            length,
            line,
        };
        assert_eq!(
            scan_as(&file, &[usize::MAX], dialect).unwrap(),
            [span(2, 6, 1), span(12, 12, 2)]
        );
        let cut = scan_as(&file[..file.len() - 1], &[3], dialect);
        assert_eq!(cut.unwrap_err(), FileFault::HalfUnit);
    }
}

proptest! {
    #[test]
    fn any_bytes_give_the_records_of_the_naive_reading(file in bytes()) {
        for delimiter in Dialect::DELIMITERS {
            let scanned = scan_as(&file, &[usize::MAX], Dialect::utf8(delimiter));
            match (scanned, naive_bytes(&file, delimiter)) {
                (Ok(spans), Some(expected)) => prop_assert_eq!(spans, expected),
                (Err(FileFault::UnclosedQuote { .. }), None) => {}
                (scanned, expected) => prop_assert!(false, "{scanned:?} but {expected:?}"),
            }
        }
    }

    #[test]
    fn any_units_give_the_records_of_the_naive_reading(units in units(), size in 1_usize..9) {
        let marked: Vec<u16> = std::iter::once(0xfeff).chain(units.iter().copied()).collect();
        for delimiter in Dialect::DELIMITERS {
            for encoding in [Encoding::Utf16Le, Encoding::Utf16Be] {
                let dialect = Dialect { encoding, ..Dialect::utf8(delimiter) };
                match (scan_as(&stored(&units, encoding), &[size], dialect), naive(&marked, 1, delimiter.into())) {
                    (Ok(spans), Some(expected)) => {
                        let in_bytes = expected.into_iter().map(|span| RecordSpan {
                            offset: span.offset * 2,
                            length: span.length * 2,
                            ..span
                        });
                        prop_assert_eq!(spans, in_bytes.collect::<Vec<_>>());
                    }
                    (Err(FileFault::UnclosedQuote { .. }), None) => {}
                    (scanned, expected) => prop_assert!(false, "{scanned:?} but {expected:?}"),
                }
            }
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
        for delimiter in Dialect::DELIMITERS {
            if let Ok(spans) = scan_as(&file, &[usize::MAX], Dialect::utf8(delimiter)) {
                let alone: Vec<_> = spans
                    .iter()
                    .flat_map(|span| csv_core_fields(&file[range(span)], delimiter))
                    .collect();
                prop_assert_eq!(alone.len(), spans.len());
                prop_assert_eq!(alone, csv_core_fields(&file, delimiter));
            }
        }
    }
}
