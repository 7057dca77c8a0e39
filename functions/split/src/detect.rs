//! The first records of a file: which format it has, and where its header stands.

use domain::formats;
use domain::limits::HEADER_WITHIN_RECORDS;
use domain::plan::Dialect;
use domain::quote::quote;
use domain::settings::ParseOptions;

use crate::fault::FileFault;
use crate::scanner::RecordSpan;

/// Cells of an unknown header that a message shows.
const SHOWN_CELLS: usize = 16;

/// How a file is laid out, as its first records show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The format's name.
    pub format: &'static str,
    /// The header's cells.
    pub header: Vec<String>,
    /// The first data records: those behind the header that were read to find it.
    pub data: Vec<RecordSpan>,
}

/// The start of a file, kept until its layout is known.
#[derive(Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    records: Vec<RecordSpan>,
}

impl Head {
    /// Keeps the next bytes of the file.
    pub fn keep(&mut self, block: &[u8]) {
        self.bytes.extend_from_slice(block);
    }

    /// Adds the next record, whose bytes are kept already. Answers whether there are enough to
    /// decide.
    pub fn add(&mut self, record: RecordSpan) -> bool {
        self.records.push(record);
        self.records.len() >= HEADER_WITHIN_RECORDS
    }

    /// Decides the layout. The header must be found, be of the format the user named if any, and
    /// be readable with the upload's options.
    ///
    /// # Errors
    /// `Empty`, `Utf16`, `UnknownHeader`, `OtherFormat`, `Unreadable`.
    pub fn decide(self, dialect: Dialect, options: &ParseOptions) -> Result<Layout, FileFault> {
        if self.bytes.starts_with(b"\xff\xfe") || self.bytes.starts_with(b"\xfe\xff") {
            return Err(FileFault::Utf16);
        }
        if self.records.is_empty() {
            return Err(FileFault::Empty);
        }
        let mut cells: Vec<Vec<String>> = self
            .records
            .iter()
            .map(|record| self.cells(record, dialect))
            .collect();
        let Some(detected) = formats::detect(&cells) else {
            return Err(self.unknown(&cells));
        };
        let place = detected.header;
        let header = cells.get_mut(place).map(std::mem::take).unwrap_or_default();
        let line = self.records.get(place).map_or(1, |record| record.line);
        check(detected.format, line, &header, options)?;
        let data = self.records.get(place + 1..).unwrap_or_default().to_vec();
        Ok(Layout {
            format: detected.format,
            header,
            data,
        })
    }

    /// The cells of one record; what is not UTF-8 is replaced, because no header has it.
    fn cells(&self, record: &RecordSpan, dialect: Dialect) -> Vec<String> {
        let range = usize::try_from(record.offset)
            .ok()
            .zip(usize::try_from(record.length).ok());
        let bytes = range
            .and_then(|(offset, length)| self.bytes.get(offset..offset + length))
            .unwrap_or_default();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .from_reader(bytes);
        let mut fields = csv::ByteRecord::new();
        match reader.read_byte_record(&mut fields) {
            Ok(_) => fields
                .iter()
                .map(|cell| String::from_utf8_lossy(cell).into_owned())
                .collect(),
            Err(_) => Vec::new(),
        }
    }

    /// Names what was found: the widest record is what its writer most likely meant as the header.
    fn unknown(&self, cells: &[Vec<String>]) -> FileFault {
        let mut widest = 0;
        for (index, record) in cells.iter().enumerate() {
            if record.len() > cells.get(widest).map_or(0, Vec::len) {
                widest = index;
            }
        }
        let header = cells.get(widest).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<String> = header
            .iter()
            .take(SHOWN_CELLS)
            .map(|cell| quote(cell))
            .collect();
        if header.len() > SHOWN_CELLS {
            found.push(format!("and {} more", header.len() - SHOWN_CELLS));
        }
        FileFault::UnknownHeader {
            line: self.records.get(widest).map_or(1, |record| record.line),
            found: found.join(", "),
            looked_at: self.records.len(),
            hint: formats::near_miss(cells)
                .map(|why| format!("Note: {why}. "))
                .unwrap_or_default(),
            known: formats::names().join(", "),
        }
    }
}

/// The header is of the format the user named, if any, and can be read with the upload's options.
fn check(
    format: &'static str,
    line: u64,
    header: &[String],
    options: &ParseOptions,
) -> Result<(), FileFault> {
    if let Some(named) = &options.format
        && named != format
    {
        return Err(FileFault::OtherFormat {
            line,
            found: format,
            named: quote(named),
        });
    }
    match formats::reader(format, header, options) {
        Ok(_) => Ok(()),
        Err(error) => Err(FileFault::Unreadable {
            line,
            format,
            error,
        }),
    }
}
