//! The records of a chunk, each with its place in the file.
//!
//! The csv crate finds the fields. Where a record stands is counted here, because the crate counts
//! only LF as a line end and starts a record before the blank lines in front of it; `split` counts
//! LF, CRLF and a lone CR, inside quotes as well, and a record starts at its first byte.

use std::io::{Chain, Read};

use csv::ByteRecord;
use domain::plan::{Chunk, Dialect};

/// Stands before the chunk's bytes. A chunk is no start of a file, and behind a line end the crate
/// does not take its first bytes for a byte order mark.
const BEFORE: &[u8] = b"\n";
/// Bytes the crate reads at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its bytes, line end left out.
    pub length: u64,
}

/// Reads the records of a chunk.
pub struct Records<'a> {
    reader: csv::Reader<Chain<&'static [u8], &'a [u8]>>,
    bytes: &'a [u8],
    /// Offset of the chunk in the file.
    origin: u64,
    /// Bytes of the chunk whose lines are counted.
    counted: usize,
    /// The line `counted` is on.
    line: u64,
}

impl<'a> Records<'a> {
    /// The records of a chunk with these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8], chunk: &Chunk, dialect: Dialect) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(BEFORE.chain(bytes));
        Self {
            reader,
            bytes,
            origin: chunk.offset,
            counted: 0,
            line: chunk.first_line,
        }
    }

    /// Reads the next record; `None` behind the last one.
    ///
    /// # Errors
    /// None is known: the bytes are in memory, and any bytes are some records.
    pub fn read(&mut self, record: &mut ByteRecord) -> Result<Option<Place>, csv::Error> {
        let from = self.position();
        if !self.reader.read_byte_record(record)? {
            return Ok(None);
        }
        let to = self.position();
        let text = self.bytes.get(from..to).unwrap_or_default();
        let blank = text.iter().take_while(|byte| is_line_end(**byte)).count();
        let end = text
            .iter()
            .rev()
            .take_while(|byte| is_line_end(**byte))
            .count();
        self.count_to(from + blank);
        Ok(Some(Place {
            line: self.line,
            offset: self.origin + (from + blank) as u64,
            length: text.len().saturating_sub(blank + end) as u64,
        }))
    }

    /// Bytes of the chunk that the crate has taken.
    fn position(&self) -> usize {
        let taken = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        taken.saturating_sub(BEFORE.len()).min(self.bytes.len())
    }

    /// Counts the line ends before `at`. The LF of a CRLF belongs to its CR.
    fn count_to(&mut self, at: usize) {
        let mut previous = self
            .counted
            .checked_sub(1)
            .and_then(|before| self.bytes.get(before))
            .copied();
        for &byte in self.bytes.get(self.counted..at).unwrap_or_default() {
            if byte == b'\r' || (byte == b'\n' && previous != Some(b'\r')) {
                self.line += 1;
            }
            previous = Some(byte);
        }
        self.counted = at;
    }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;
    use split::chunker::{ChunkSize, Chunker};
    use split::scanner::{RecordSpan, Scanner};

    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',' };

    /// The records of a file as `split` finds them; `None` when a quote stays open.
    fn spans(file: &[u8]) -> Option<Vec<RecordSpan>> {
        let (mut scanner, mut spans) = (Scanner::new(b','), Vec::new());
        let mut found = |span| {
            spans.push(span);
            Ok(())
        };
        scanner.feed(file, &mut found).ok()?;
        scanner.finish(&mut found).ok()?;
        Some(spans)
    }

    /// The places of a chunk's records as `ingest` finds them.
    fn places(file: &[u8], chunk: &Chunk) -> Vec<Place> {
        let start = usize::try_from(chunk.offset).unwrap();
        let bytes = &file[start..start + usize::try_from(chunk.length).unwrap()];
        let (mut records, mut fields, mut places) = (
            Records::new(bytes, chunk, COMMA),
            ByteRecord::new(),
            Vec::new(),
        );
        while let Some(place) = records.read(&mut fields).unwrap() {
            places.push(place);
        }
        places
    }

    fn agree(file: &[u8], rows: u32) {
        let Some(spans) = spans(file) else { return };
        let mut chunker = Chunker::new(ChunkSize::of(3, Some(rows)));
        for span in &spans {
            chunker.add(*span).unwrap();
        }
        let chunks = chunker.finish(file.len() as u64);
        let found: Vec<Place> = chunks
            .iter()
            .flat_map(|chunk| places(file, chunk))
            .collect();
        let expected = spans.iter().map(
            |&RecordSpan {
                 offset,
                 length,
                 line,
             }| Place {
                line,
                offset,
                length,
            },
        );
        assert_eq!(
            found,
            expected.collect::<Vec<_>>(),
            "{:?}",
            String::from_utf8_lossy(file)
        );
    }

    #[test]
    fn lines_are_counted_through_every_line_end_and_inside_of_quotes() {
        agree(b"a\r\n\r\nb,\"x\ry\r\nz\n\"\rc\n\n\nd\r\r\ne", 1);
        agree(b"a\r\n\r\nb,\"x\ry\r\nz\n\"\rc\n\n\nd\r\r\ne", 100);
    }

    #[test]
    fn a_chunk_that_begins_like_a_byte_order_mark_keeps_its_first_bytes() {
        let chunk = Chunk {
            offset: 0,
            length: 6,
            first_line: 9,
            records: 1,
        };
        let mut records = Records::new(b"\xef\xbb\xbfa,b", &chunk, COMMA);
        let mut fields = ByteRecord::new();
        assert!(
            records
                .read(&mut fields)
                .unwrap()
                .is_some_and(|place| place.length == 6)
        );
        assert_eq!(fields.get(0), Some(&b"\xef\xbb\xbfa"[..]));
    }

    #[test]
    fn records_longer_than_the_buffer_keep_their_places() {
        let long = format!("\"{}\r\n\",x\r\n", "y\n".repeat(BUFFER_BYTES));
        agree(format!("a\r\n{long}b\n{long}{long}c").as_bytes(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_have_the_places_that_split_planned(
            file in prop::collection::vec(prop::sample::select(b"ab,\"\n\r\xc3".to_vec()), 0..80),
            rows in 1_u32..6,
        ) {
            agree(&file, rows);
        }
    }
}
