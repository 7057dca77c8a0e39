//! The records of a chunk, each with its place in the file.
//!
//! The csv crate finds the fields. Where a record stands is counted here, because the crate counts
//! only LF as a line end and starts a record before the blank lines in front of it; `split` counts
//! LF, CRLF and a lone CR, inside quotes as well, and a record starts at its first byte. Places are
//! those of the file's own bytes, which in UTF-16 are not those of the text that is read.

use std::io::{Chain, Read};

use csv::ByteRecord;
use domain::dialect::{Dialect, Encoding};
use domain::plan::Chunk;

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
    text: &'a [u8],
    encoding: Encoding,
    /// Bytes of the text whose lines and source are counted.
    counted: usize,
    /// The line `counted` is on.
    line: u64,
    /// Where `counted` is in the file.
    offset: u64,
}

impl<'a> Records<'a> {
    /// The records of a chunk with this text, decoded already.
    #[must_use]
    pub fn new(text: &'a [u8], chunk: &Chunk, dialect: Dialect) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(BEFORE.chain(text));
        Self {
            reader,
            text,
            encoding: dialect.encoding,
            counted: 0,
            line: chunk.first_line,
            offset: chunk.offset,
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
        let text = self.text.get(from..to).unwrap_or_default();
        let blank = text.iter().take_while(|byte| is_line_end(**byte)).count();
        let end = text
            .iter()
            .rev()
            .take_while(|byte| is_line_end(**byte))
            .count();
        self.count_to(from + blank);
        let content = text
            .get(blank..text.len().saturating_sub(end))
            .unwrap_or_default();
        Ok(Some(Place {
            line: self.line,
            offset: self.offset,
            length: self.encoding.source_bytes(content) as u64,
        }))
    }

    /// Bytes of the text that the crate has taken.
    fn position(&self) -> usize {
        let taken = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        taken.saturating_sub(BEFORE.len()).min(self.text.len())
    }

    /// Counts the line ends before `at`, and the file's bytes. The LF of a CRLF belongs to its CR.
    fn count_to(&mut self, at: usize) {
        let mut previous = self
            .counted
            .checked_sub(1)
            .and_then(|before| self.text.get(before))
            .copied();
        let passed = self.text.get(self.counted..at).unwrap_or_default();
        for &byte in passed {
            if byte == b'\r' || (byte == b'\n' && previous != Some(b'\r')) {
                self.line += 1;
            }
            previous = Some(byte);
        }
        self.offset += self.encoding.source_bytes(passed) as u64;
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

    /// Every way a file may be written.
    fn dialects() -> impl Iterator<Item = Dialect> {
        let encodings = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be];
        Dialect::DELIMITERS.into_iter().flat_map(move |delimiter| {
            encodings.map(|encoding| Dialect {
                encoding,
                ..Dialect::utf8(delimiter)
            })
        })
    }

    /// A text as a file of an encoding has it; UTF-16 begins with its mark.
    fn stored(text: &str, encoding: Encoding) -> Vec<u8> {
        let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        match encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => units.flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => units.flat_map(u16::to_be_bytes).collect(),
        }
    }

    /// The records of a file as `split` finds them; `None` when a quote stays open.
    fn spans(file: &[u8], dialect: Dialect) -> Option<Vec<RecordSpan>> {
        let (mut scanner, mut spans) = (Scanner::new(dialect), Vec::new());
        let mut found = |span| {
            spans.push(span);
            Ok(())
        };
        scanner.feed(file, &mut found).ok()?;
        scanner.finish(&mut found).ok()?;
        Some(spans)
    }

    /// The places of a chunk's records as `ingest` finds them.
    fn places(file: &[u8], chunk: &Chunk, dialect: Dialect) -> Vec<Place> {
        let start = usize::try_from(chunk.offset).unwrap();
        let bytes = &file[start..start + usize::try_from(chunk.length).unwrap()];
        let text = dialect.encoding.decode(bytes);
        let (mut records, mut fields, mut places) = (
            Records::new(&text, chunk, dialect),
            ByteRecord::new(),
            Vec::new(),
        );
        while let Some(place) = records.read(&mut fields).unwrap() {
            places.push(place);
        }
        places
    }

    /// The same text in every dialect.
    fn agree(text: &str, rows: u32) {
        for dialect in dialects() {
            agree_on(&stored(text, dialect.encoding), rows, dialect);
        }
    }

    fn agree_on(file: &[u8], rows: u32, dialect: Dialect) {
        let Some(spans) = spans(file, dialect) else {
            return;
        };
        let mut chunker = Chunker::new(ChunkSize::of(3, Some(rows)));
        for span in &spans {
            chunker.add(*span).unwrap();
        }
        let chunks = chunker.finish(file.len() as u64);
        let found: Vec<Place> = chunks
            .iter()
            .flat_map(|chunk| places(file, chunk, dialect))
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
            "{dialect:?} {:?}",
            String::from_utf8_lossy(file)
        );
    }

    #[test]
    fn lines_are_counted_through_every_line_end_and_inside_of_quotes() {
        for delimiter in [',', ';', '\t'] {
            let text = format!("a\r\n\r\nb{delimiter}\"x\ry\r\nz\n\"\rc\n\n\nd\r\r\ne");
            agree(&text, 1);
            agree(&text, 100);
        }
    }

    #[test]
    fn a_chunk_that_begins_like_a_byte_order_mark_keeps_its_first_bytes() {
        let chunk = Chunk {
            offset: 0,
            length: 6,
            first_line: 9,
            records: 1,
        };
        let mut records = Records::new(b"\xef\xbb\xbfa,b", &chunk, Dialect::utf8(b','));
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
        agree(&format!("a\r\n{long}b\n{long}{long}c"), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_have_the_places_that_split_planned(
            file in prop::collection::vec(prop::sample::select(b"ab,;\t\"\n\r\xc3".to_vec()), 0..80),
            rows in 1_u32..6,
        ) {
            for delimiter in Dialect::DELIMITERS {
                agree_on(&file, rows, Dialect::utf8(delimiter));
            }
        }

        #[test]
        fn any_text_has_them_in_every_encoding(text in "[ab,;\t\"\n\r\u{e9}\u{20ac}\u{1f600}]{0,80}", rows in 1_u32..6) {
            agree(&text, rows);
        }

        #[test]
        fn any_units_have_them(units in prop::collection::vec(unit(), 0..80), rows in 1_u32..6) {
            for encoding in [Encoding::Utf16Le, Encoding::Utf16Be] {
                let mut file = stored("", encoding);
                file.extend(units.iter().flat_map(|unit| match encoding {
                    Encoding::Utf16Be => unit.to_be_bytes(),
                    _ => unit.to_le_bytes(),
                }));
                for delimiter in Dialect::DELIMITERS {
                    agree_on(&file, rows, Dialect { encoding, ..Dialect::utf8(delimiter) });
                }
            }
        }
    }

    /// Units that decide something, some whose bytes look like those, and halves of pairs.
    fn unit() -> impl Strategy<Value = u16> {
        let ascii = prop::sample::select(b"a,;\t\"\n\r".to_vec()).prop_map(u16::from);
        let look_alike = prop::sample::select(vec![0x0a0a, 0x0d0d, 0x2222, 0x220a, 0x2c2c, 0x0a22]);
        prop_oneof![4 => ascii, 1 => look_alike, 1 => 0xd800_u16..0xe000, 1 => any::<u16>()]
    }
}
