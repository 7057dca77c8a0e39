//! The first records of a file: how it is written, which format it has, and where its header stands.
//!
//! The delimiter is the one under which a known header is found among the first records: the file's
//! start is scanned under each of them. Counting characters would guess; a header does not.

use domain::dialect::{DecimalMark, Dialect, Encoding};
use domain::formats::{self, Detected, RowReader};
use domain::limits::{HEADER_WITHIN_RECORDS, MAX_RECORD_BYTES};
use domain::quote::quote;
use domain::settings::ParseOptions;

use crate::fault::FileFault;
use crate::scanner::{RecordSpan, Scanner};

/// Cells of an unknown header that a message shows.
const SHOWN_CELLS: usize = 16;
/// Bytes in which the first records must end: as many as they may have, so that only blank lines,
/// which are no records, can fill it.
const HEAD_BYTES: usize = (HEADER_WITHIN_RECORDS + 1) * MAX_RECORD_BYTES;

/// How a file is laid out, as its first records show it.
pub struct Layout {
    /// How it is written.
    pub dialect: Dialect,
    /// The format's name.
    pub format: &'static str,
    /// The header's cells.
    pub header: Vec<String>,
    /// The first data records: those behind the header that were read to find it.
    pub data: Vec<RecordSpan>,
    /// The file's bytes as far as they were fed.
    pub bytes: Vec<u8>,
    /// What scans the rest: it has seen as much of the file as was fed.
    pub scanner: Scanner,
    /// What reads its records.
    pub reader: Box<dyn RowReader>,
}

/// The start of a file, kept until its layout is known.
#[derive(Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    /// One per delimiter, once the encoding is known.
    readings: Vec<Reading>,
}

/// The start of a file as one delimiter divides it.
#[derive(Debug)]
struct Reading {
    dialect: Dialect,
    scanner: Scanner,
    records: Vec<RecordSpan>,
    /// Whether it has been judged and found no header.
    spent: bool,
    /// Why it cannot go on.
    fault: Option<FileFault>,
}

impl Head {
    /// Takes the next bytes of the file, small ones at a time: all of them are kept. Answers the
    /// layout as soon as there are enough records to decide.
    ///
    /// # Errors
    /// `UnknownHeader`, `OtherFormat`, `Unreadable`, and those of the scanner.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        options: &ParseOptions,
    ) -> Result<Option<Layout>, FileFault> {
        let begun = !self.readings.is_empty();
        self.bytes.extend_from_slice(bytes);
        if !begun {
            if self.bytes.len() < Encoding::MARK_BYTES {
                return Ok(None);
            }
            self.begin();
        }
        let full = self.bytes.len() > HEAD_BYTES;
        for place in 0..self.readings.len() {
            if let Some(reading) = self.readings.get_mut(place) {
                reading.feed(if begun { bytes } else { &self.bytes });
            }
            if let Some(layout) = self.judge(place, full, options)? {
                return Ok(Some(layout));
            }
        }
        if self.readings.iter().all(|reading| reading.spent) {
            return Err(self.unknown());
        }
        Ok(None)
    }

    /// The file has ended: decides with the records there are.
    ///
    /// # Errors
    /// `Empty`, and those of `feed`.
    pub fn finish(mut self, options: &ParseOptions) -> Result<Layout, FileFault> {
        if self.readings.is_empty() {
            self.begin();
            let bytes = &self.bytes;
            self.readings
                .iter_mut()
                .for_each(|reading| reading.feed(bytes));
        }
        for place in 0..self.readings.len() {
            if let Some(reading) = self.readings.get_mut(place) {
                reading.finish();
            }
            if let Some(layout) = self.judge(place, true, options)? {
                return Ok(layout);
            }
        }
        Err(self.unknown())
    }

    fn begin(&mut self) {
        let encoding = Encoding::of(&self.bytes);
        self.readings = Dialect::DELIMITERS
            .map(|delimiter| {
                let dialect = Dialect {
                    encoding,
                    ..Dialect::utf8(delimiter)
                };
                Reading {
                    dialect,
                    scanner: Scanner::new(dialect),
                    records: Vec::new(),
                    spent: false,
                    fault: None,
                }
            })
            .into();
    }

    /// Looks for a header once a reading has enough records, or will get no more. A fault behind a
    /// known header is the file's: it was read under the right delimiter.
    fn judge(
        &mut self,
        place: usize,
        ended: bool,
        options: &ParseOptions,
    ) -> Result<Option<Layout>, FileFault> {
        let Some(reading) = self.readings.get(place) else {
            return Ok(None);
        };
        let enough = reading.records.len() >= HEADER_WITHIN_RECORDS;
        if reading.spent || !(enough || ended || reading.fault.is_some()) {
            return Ok(None);
        }
        let cells = reading.cells(&self.bytes);
        let detected = formats::detect(&cells);
        let Some(reading) = self.readings.get_mut(place) else {
            return Ok(None);
        };
        match (detected, reading.fault.take()) {
            (None, fault) => {
                (reading.spent, reading.fault) = (true, fault);
                Ok(None)
            }
            (Some(_), Some(fault)) => Err(fault),
            (Some(detected), None) => {
                let reading = self.readings.swap_remove(place);
                let bytes = std::mem::take(&mut self.bytes);
                reading.layout(detected, cells, bytes, options).map(Some)
            }
        }
    }

    /// Names what was found, as the delimiter divides it that makes most of it: the widest record is
    /// what its writer most likely meant as the header.
    fn unknown(&mut self) -> FileFault {
        if let Some(fault) = self
            .readings
            .first_mut()
            .and_then(|reading| reading.fault.take())
        {
            return fault;
        }
        let mut widest: Option<(usize, u64, Vec<Vec<String>>)> = None;
        for reading in &self.readings {
            let cells = reading.cells(&self.bytes);
            for (record, span) in cells.iter().zip(&reading.records) {
                if widest
                    .as_ref()
                    .is_none_or(|(width, ..)| record.len() > *width)
                {
                    widest = Some((record.len(), span.line, cells.clone()));
                }
            }
        }
        match widest {
            None => FileFault::Empty,
            Some((width, line, cells)) => unknown_header(width, line, &cells),
        }
    }
}

impl Reading {
    fn feed(&mut self, bytes: &[u8]) {
        if self.spent || self.fault.is_some() {
            return;
        }
        let records = &mut self.records;
        let fed = self.scanner.feed(bytes, &mut |record| {
            records.push(record);
            Ok(())
        });
        self.fault = fed.err();
    }

    fn finish(&mut self) {
        if self.spent || self.fault.is_some() {
            return;
        }
        let records = &mut self.records;
        let finished = self.scanner.finish(&mut |record| {
            records.push(record);
            Ok(())
        });
        self.fault = finished.err();
    }

    /// The cells of the first records.
    fn cells(&self, bytes: &[u8]) -> Vec<Vec<String>> {
        let first = self.records.iter().take(HEADER_WITHIN_RECORDS);
        first
            .map(|record| cells(bytes, record, self.dialect))
            .collect()
    }

    /// The layout that a header means. The header must be of the format the user named, if any, and
    /// be readable with the upload's options.
    fn layout(
        self,
        detected: Detected,
        mut cells: Vec<Vec<String>>,
        bytes: Vec<u8>,
        options: &ParseOptions,
    ) -> Result<Layout, FileFault> {
        let data = cells.split_off((detected.header + 1).min(cells.len()));
        let dialect = Dialect {
            decimal: decimal_mark(self.dialect.delimiter, &data),
            ..self.dialect
        };
        let header = cells.pop().unwrap_or_default();
        let line = self
            .records
            .get(detected.header)
            .map_or(1, |record| record.line);
        let reader = reader(detected.format, line, &header, dialect, options)?;
        Ok(Layout {
            dialect,
            format: detected.format,
            header,
            data: self
                .records
                .get(detected.header + 1..)
                .unwrap_or_default()
                .to_vec(),
            bytes,
            scanner: self.scanner,
            reader,
        })
    }
}

/// The mark before decimals, as far as the first data records say it. Where a comma divides fields
/// the mark is a point, and commas that say otherwise only make what could be both unreadable.
fn decimal_mark(delimiter: u8, data: &[Vec<String>]) -> DecimalMark {
    let (mut point, mut comma) = (false, false);
    for cell in data.iter().flatten() {
        match formats::decimal_mark(cell) {
            DecimalMark::Point => point = true,
            DecimalMark::Comma => comma = true,
            DecimalMark::Unsaid => {}
        }
    }
    match (delimiter == b',', point, comma) {
        (true, true, _) | (true, false, false) | (false, true, false) => DecimalMark::Point,
        (false, false, true) => DecimalMark::Comma,
        (true, false, true) | (false, true, true) | (false, false, false) => DecimalMark::Unsaid,
    }
}

/// The cells of one record; what is not text is replaced, because no header has it.
fn cells(bytes: &[u8], record: &RecordSpan, dialect: Dialect) -> Vec<String> {
    let range = usize::try_from(record.offset)
        .ok()
        .zip(usize::try_from(record.length).ok());
    let bytes = range
        .and_then(|(offset, length)| bytes.get(offset..offset + length))
        .unwrap_or_default();
    let text = dialect.encoding.decode(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .from_reader(&text[..]);
    let mut fields = csv::ByteRecord::new();
    match reader.read_byte_record(&mut fields) {
        Ok(_) => fields
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect(),
        Err(_) => Vec::new(),
    }
}

fn unknown_header(width: usize, line: u64, cells: &[Vec<String>]) -> FileFault {
    let header = cells.iter().find(|record| record.len() == width);
    let header = header.map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<String> = header
        .iter()
        .take(SHOWN_CELLS)
        .map(|cell| quote(cell))
        .collect();
    if header.len() > SHOWN_CELLS {
        found.push(format!("and {} more", header.len() - SHOWN_CELLS));
    }
    FileFault::UnknownHeader {
        line,
        found: found.join(", "),
        looked_at: cells.len(),
        hint: formats::near_miss(cells)
            .map(|why| format!("Note: {why}. "))
            .unwrap_or_default(),
        known: formats::names().join(", "),
    }
}

/// What reads the file: its header is of the format the user named, if any, and can be read with the
/// upload's options.
fn reader(
    format: &'static str,
    line: u64,
    header: &[String],
    dialect: Dialect,
    options: &ParseOptions,
) -> Result<Box<dyn RowReader>, FileFault> {
    if let Some(named) = &options.format
        && named != format
    {
        return Err(FileFault::OtherFormat {
            line,
            found: format,
            named: quote(named),
        });
    }
    formats::reader(format, header, dialect, options).map_err(|error| FileFault::Unreadable {
        line,
        format,
        error,
    })
}
