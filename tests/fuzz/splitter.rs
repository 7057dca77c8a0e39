//! `split` and `ingest` see the records that a naive reading sees, in blocks of any size, and in UTF-16
//! the same ones at twice the places.

use csv::ByteRecord;
use domain::dialect::{Dialect, Encoding};
use domain::limits::MAX_COLUMNS;
use domain::plan::Chunk;
use ingest::records::Records;
use split::fault::FileFault;
use split::scanner::{RecordSpan, Scanner};

use crate::engine::{fuzz, outcome};
use crate::naive;

#[test]
fn the_splitter_sees_what_a_naive_reading_sees() {
    let seeds = [
        &b"\x00\x07a,b\n1,\"2\"\n"[..],
        b"\x01\x01\xef\xbb\xbf\"a;\";b\r\n\"x\"\"y\";\r\r\n\"\n\"",
        b"\x02\x03a\tb\r1\t2\r\"un\tclosed",
        b"\x00\x40\n\n a,b,\n\"q\"text,\"\"\"\",x\"y\n",
    ];
    fuzz("splitter", seeds.map(<[u8]>::to_vec).to_vec(), check);
}

/// The first byte is the delimiter's number, the second the bytes of a block.
fn check(input: &[u8]) -> u64 {
    let [which, block, file @ ..] = input else {
        return 0;
    };
    let dialect = Dialect::utf8(Dialect::DELIMITERS[usize::from(*which) % 3]);
    let block = usize::from(*block).max(1);
    let scanned = scan(file, dialect, block);
    let naive = naive::records(file, dialect.delimiter);
    let wide = |records: &[(RecordSpan, u64)]| {
        records
            .iter()
            .any(|(_, columns)| *columns > MAX_COLUMNS as u64)
    };
    match (&scanned, naive) {
        (Ok(spans), Some(records)) if !wide(&records) => {
            let expected: Vec<RecordSpan> = records.iter().map(|(span, _)| *span).collect();
            assert_eq!(*spans, expected);
            assert_eq!(read(file, spans, dialect), expected);
            in_utf16(file, &expected, dialect, block);
        }
        (Err(FileFault::UnclosedQuote { .. } | FileFault::TooManyColumns { .. }), None) => {}
        (Err(FileFault::TooManyColumns { .. }), Some(records)) if wide(&records) => {}
        (scanned, naive) => panic!("{scanned:?} is not {naive:?}"),
    }
    match scanned {
        Ok(spans) => outcome((
            spans.len().min(40),
            spans.last().map(|span| span.line.min(40)),
        )),
        Err(fault) => outcome(fault.code()),
    }
}

/// The same file with two bytes for each of its own, behind a mark.
fn in_utf16(file: &[u8], expected: &[RecordSpan], dialect: Dialect, block: usize) {
    if file.starts_with(b"\xef\xbb\xbf") {
        return; // In UTF-16 these three are characters.
    }
    let dialect = Dialect {
        encoding: Encoding::Utf16Be,
        ..dialect
    };
    let units = file.iter().flat_map(|byte| [0, *byte]);
    let wide: Vec<u8> = [0xfe, 0xff].into_iter().chain(units).collect();
    let doubled = expected.iter().map(|span| RecordSpan {
        offset: 2 + 2 * span.offset,
        length: 2 * span.length,
        line: span.line,
    });
    let doubled: Vec<RecordSpan> = doubled.collect();
    assert_eq!(scan(&wide, dialect, block).unwrap(), doubled);
    assert_eq!(read(&wide, &doubled, dialect), doubled);
}

fn scan(file: &[u8], dialect: Dialect, block: usize) -> Result<Vec<RecordSpan>, FileFault> {
    let mut scanner = Scanner::new(dialect);
    let mut spans = Vec::new();
    let mut found = |span| {
        spans.push(span);
        Ok(())
    };
    for block in file.chunks(block) {
        scanner.feed(block, &mut found)?;
    }
    scanner.finish(&mut found)?;
    Ok(spans)
}

/// The records of one chunk from the first record to the end, as `ingest` places them.
fn read(file: &[u8], spans: &[RecordSpan], dialect: Dialect) -> Vec<RecordSpan> {
    let Some(first) = spans.first() else {
        return Vec::new();
    };
    let bytes = &file[usize::try_from(first.offset).unwrap()..];
    let chunk = Chunk {
        offset: first.offset,
        length: bytes.len() as u64,
        first_line: first.line,
        records: u32::try_from(spans.len()).unwrap(),
    };
    let text = dialect.encoding.decode(bytes);
    let mut records = Records::new(&text, &chunk, dialect);
    let (mut places, mut fields) = (Vec::new(), ByteRecord::new());
    while let Some(place) = records.read(&mut fields).unwrap() {
        places.push(RecordSpan {
            offset: place.offset,
            length: place.length,
            line: place.line,
        });
    }
    places
}
