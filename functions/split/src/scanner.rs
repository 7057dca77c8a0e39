//! Record boundaries of a CSV, found in byte blocks of any size.
//!
//! The rules are those of `csv-core` with its defaults, so that what is cut here is parsed the same
//! in `ingest`: a quote opens a quoted field only as the first byte of a field; inside, two quotes
//! are one; LF, CRLF and a lone CR end a record outside of quotes; blank lines are no records; a
//! UTF-8 byte order mark at the start of the file is skipped. Line numbers are physical: a line ends
//! with LF, CRLF or a lone CR, inside quotes as well.
//!
//! UTF-16 is scanned by its units: each becomes one byte, what is not ASCII a byte that decides
//! nothing, and places are counted in the units and told in bytes.
//!
//! Only quotes and line ends decide anything, so the scanner jumps from one to the next with
//! `memchr3`; delimiters are only counted, in bulk, and looked at behind a quote.

use std::borrow::Cow;

use domain::dialect::{Dialect, Encoding};
use domain::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};

use crate::fault::FileFault;

const QUOTE: u8 = b'"';
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Stands for a unit that is not ASCII.
const NEUTRAL: u8 = 0x80;

/// One record of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSpan {
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its bytes, line end left out.
    pub length: u64,
    /// The line it starts on, from 1.
    pub line: u64,
}

/// Receives records in file order; an error ends the scan.
pub type Found<'a> = &'a mut dyn FnMut(RecordSpan) -> Result<(), FileFault>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a record.
    Between,
    /// In a record, outside of quotes.
    Plain,
    /// In a quoted field.
    Quoted,
    /// Behind a quote in a quoted field: it closed the field, or the next one makes it a literal.
    QuoteSeen,
}

/// The scanner: constant memory, whatever the file.
#[derive(Debug)]
pub struct Scanner {
    delimiter: u8,
    encoding: Encoding,
    state: State,
    /// Units of the file that were scanned.
    offset: u64,
    /// The byte before `offset`.
    previous: u8,
    /// The line `offset` is on.
    line: u64,
    /// The record that is open: where it starts, its delimiters so far, the line of its last quote.
    start: u64,
    start_line: u64,
    delimiters: u64,
    quote_line: u64,
    /// Bytes of the mark that were seen, while the file may still begin with one.
    mark: Option<usize>,
    /// The first byte of a unit that the last block cut.
    half: Option<u8>,
}

impl Scanner {
    /// A scanner at the start of a file.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            delimiter: dialect.delimiter,
            encoding: dialect.encoding,
            state: State::Between,
            offset: 0,
            previous: 0,
            line: 1,
            start: 0,
            start_line: 1,
            delimiters: 0,
            quote_line: 1,
            mark: Some(0),
            half: None,
        }
    }

    /// Bytes of the file that were scanned.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.bytes(self.offset)
    }

    /// Offset of the first byte that a record to come may hold: earlier ones are not needed again.
    #[must_use]
    pub fn open_from(&self) -> u64 {
        match (self.state, self.mark) {
            (_, Some(_)) => 0,
            (State::Between, None) => self.bytes(self.offset),
            (_, None) => self.bytes(self.start),
        }
    }

    /// Scans the next bytes of the file and hands on every record that ends in them.
    ///
    /// # Errors
    /// `RecordTooLong`, `TooManyColumns`, and what `found` answers. Which one does not depend on
    /// how the file is cut into blocks.
    pub fn feed(&mut self, block: &[u8], found: Found<'_>) -> Result<(), FileFault> {
        let units = self.units(block);
        let rest = match self.encoding {
            Encoding::Utf8 => self.skip_mark(&units, found)?,
            Encoding::Utf16Le | Encoding::Utf16Be => self.skip_mark_unit(&units),
        };
        self.scan(rest, found)
    }

    /// The units of the next bytes, one byte each. A unit that a block's end cuts comes with the next
    /// block.
    fn units<'b>(&mut self, block: &'b [u8]) -> Cow<'b, [u8]> {
        if self.encoding == Encoding::Utf8 {
            return Cow::Borrowed(block);
        }
        let encoding = self.encoding;
        let narrow =
            |pair| u8::try_from(encoding.unit(pair)).map_or(NEUTRAL, |byte| byte.min(NEUTRAL));
        let mut units = Vec::with_capacity(block.len() / 2 + 1);
        let mut rest = block;
        if let (Some(first), Some((second, behind))) = (self.half, block.split_first()) {
            units.push(narrow([first, *second]));
            self.half = None;
            rest = behind;
        }
        let (pairs, half) = rest.as_chunks::<2>();
        units.extend(pairs.iter().copied().map(narrow));
        self.half = half.first().copied().or(self.half);
        Cow::Owned(units)
    }

    /// Leaves out the mark that every file of UTF-16 begins with: the mark is what told its encoding.
    fn skip_mark_unit<'b>(&mut self, units: &'b [u8]) -> &'b [u8] {
        match units.split_first() {
            Some((_, rest)) if self.mark.take().is_some() => {
                self.offset = 1;
                rest
            }
            _ => units,
        }
    }

    /// The file has ended: hands on the record that no line end closed.
    ///
    /// # Errors
    /// `UnclosedQuote`, `HalfUnit`, and those of `feed`.
    pub fn finish(&mut self, found: Found<'_>) -> Result<(), FileFault> {
        if self.half.is_some() {
            return Err(FileFault::HalfUnit);
        }
        if self.encoding == Encoding::Utf8 {
            self.give_up_mark(found)?;
        }
        match self.state {
            State::Between => Ok(()),
            State::Quoted => Err(FileFault::UnclosedQuote {
                line: self.quote_line,
            }),
            State::Plain | State::QuoteSeen => self.end_record(self.offset, found),
        }
    }

    /// Leaves a byte order mark out, even one that is cut by a block's end.
    fn skip_mark<'b>(
        &mut self,
        mut block: &'b [u8],
        found: Found<'_>,
    ) -> Result<&'b [u8], FileFault> {
        while let (Some(seen), Some((&byte, rest))) = (self.mark, block.split_first()) {
            if BOM.get(seen) != Some(&byte) {
                self.give_up_mark(found)?;
                break;
            }
            block = rest;
            self.mark = Some(seen + 1);
            if seen + 1 == BOM.len() {
                self.mark = None;
                self.offset = BOM.len() as u64;
            }
        }
        Ok(block)
    }

    /// The file does not begin with a mark: bytes that looked like one are content.
    fn give_up_mark(&mut self, found: Found<'_>) -> Result<(), FileFault> {
        match self.mark.take() {
            Some(seen) => self.scan(BOM.get(..seen).unwrap_or_default(), found),
            None => Ok(()),
        }
    }

    fn scan(&mut self, block: &[u8], found: Found<'_>) -> Result<(), FileFault> {
        let base = self.offset;
        let mut at = 0;
        while let Some(rest) = block.get(at..)
            && let Some(plain) = memchr::memchr3(QUOTE, b'\n', b'\r', rest)
        {
            self.pass(base + at as u64, rest.get(..plain).unwrap_or_default());
            let special = base + (at + plain) as u64;
            at += plain + 1;
            match rest.get(plain..) {
                Some([QUOTE, between, QUOTE, ..]) if self.is_next_field(*between) => {
                    self.quote_line = self.line;
                    self.delimiters += 1;
                    self.previous = QUOTE;
                    at += 2;
                }
                Some([QUOTE, ..]) => self.quote(special),
                Some([end, ..]) => self.line_end(*end, special, found)?,
                Some([]) | None => {}
            }
        }
        self.pass(base + at as u64, block.get(at..).unwrap_or_default());
        self.offset = base + block.len() as u64;
        if self.state == State::Between {
            Ok(())
        } else {
            self.check_length(self.offset)
        }
    }

    /// Whether a byte between two quotes ends a quoted field and the next one is quoted too. Taking
    /// the three at once makes files that quote every field twice as fast to scan.
    fn is_next_field(&self, between: u8) -> bool {
        self.state == State::Quoted && between == self.delimiter
    }

    /// Passes over bytes that are neither quote nor line end.
    fn pass(&mut self, offset: u64, plain: &[u8]) {
        let Some(&last) = plain.last() else {
            return;
        };
        match self.state {
            State::Between => self.begin(offset, State::Plain),
            State::QuoteSeen => self.state = State::Plain,
            State::Plain | State::Quoted => {}
        }
        if self.state == State::Plain {
            self.delimiters += memchr::memchr_iter(self.delimiter, plain).count() as u64;
        }
        self.previous = last;
    }

    fn quote(&mut self, offset: u64) {
        match self.state {
            State::Between => {
                self.begin(offset, State::Quoted);
                self.quote_line = self.line;
            }
            State::Plain if self.previous == self.delimiter => {
                self.state = State::Quoted;
                self.quote_line = self.line;
            }
            State::Plain => {}
            State::Quoted => self.state = State::QuoteSeen,
            State::QuoteSeen => self.state = State::Quoted,
        }
        self.previous = QUOTE;
    }

    fn line_end(&mut self, end: u8, offset: u64, found: Found<'_>) -> Result<(), FileFault> {
        match self.state {
            State::Plain | State::QuoteSeen => {
                self.end_record(offset, found)?;
                self.state = State::Between;
            }
            State::Between | State::Quoted => {}
        }
        if end == b'\r' || self.previous != b'\r' {
            self.line += 1;
        }
        self.previous = end;
        Ok(())
    }

    fn begin(&mut self, offset: u64, state: State) {
        self.state = state;
        self.start = offset;
        self.start_line = self.line;
        self.delimiters = 0;
    }

    fn end_record(&mut self, end: u64, found: Found<'_>) -> Result<(), FileFault> {
        self.check_length(end)?;
        let columns = self.delimiters + 1;
        if columns > MAX_COLUMNS as u64 {
            return Err(FileFault::TooManyColumns {
                line: self.start_line,
                columns,
            });
        }
        found(RecordSpan {
            offset: self.bytes(self.start),
            length: self.bytes(end - self.start),
            line: self.start_line,
        })
    }

    /// Bounds a record while it is still open too, so that a quote left open is noticed early.
    fn check_length(&self, end: u64) -> Result<(), FileFault> {
        if self.bytes(end - self.start) > MAX_RECORD_BYTES as u64 {
            return Err(FileFault::RecordTooLong {
                line: self.start_line,
            });
        }
        Ok(())
    }

    /// Bytes of so many units.
    fn bytes(&self, units: u64) -> u64 {
        units * self.encoding.unit_bytes() as u64
    }
}

#[cfg(test)]
mod tests;
