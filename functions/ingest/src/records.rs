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
