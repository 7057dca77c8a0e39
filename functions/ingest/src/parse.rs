//! A chunk's bytes to rows, rejects and digest. Pure: the same chunk gives the same every time.

use std::collections::{BTreeMap, BTreeSet};

use csv::{ByteRecord, StringRecord};
use domain::digest::{ChunkDigest, Identity, PriceNeed};
use domain::formats::{self, FormatError, RowError, RowReader};
use domain::limits::MAX_FIELD_BYTES;
use domain::plan::{Chunk, ChunkPlan};
use domain::quote::quote;
use domain::rows::Row;
use domain::time::{Instant, Month};
use domain::value;
use ports::tables::Reject;

use crate::records::{Place, Records};

/// What a chunk holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Its rows by month, each month sorted by (at, line).
    pub rows: BTreeMap<Month, Vec<Row>>,
    /// Its records that are no rows, in order of line.
    pub rejects: Vec<Reject>,
    /// What planning needs to know of it.
    pub digest: ChunkDigest,
}

/// A chunk could not be parsed at all. No content leads here: `split` built a reader from the same
/// header and options, and any bytes are some records.
#[derive(Debug)]
pub enum ParseError {
    /// The format's reader refuses header or options.
    Format(FormatError),
    /// The csv crate failed on bytes in memory.
    Csv(csv::Error),
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Format(error) => write!(f, "the plan's header or options are refused: {error}"),
            Self::Csv(error) => write!(f, "records could not be read: {error}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Parses chunk `index` of a plan.
///
/// # Errors
/// The plan does not fit this build; see `ParseError`.
pub fn parse(
    plan: &ChunkPlan,
    index: u32,
    chunk: &Chunk,
    bytes: &[u8],
) -> Result<Parsed, ParseError> {
    let reader = formats::reader(&plan.format, &plan.header, plan.dialect, &plan.options)
        .map_err(ParseError::Format)?;
    let text = plan.dialect.encoding.decode(bytes);
    let mut records = Records::new(&text, chunk, plan.dialect);
    let mut collected = Collected::default();
    let mut fields = ByteRecord::new();
    while let Some(place) = records.read(&mut fields).map_err(ParseError::Csv)? {
        let text = match StringRecord::from_byte_record(std::mem::take(&mut fields)) {
            Ok(text) => text,
            Err(error) => {
                let column = plan.header.get(error.utf8_error().field());
                let reason = "the text is not valid UTF-8; save the file as UTF-8";
                collected.reject(place, wrong(place, column, "not_utf8", reason));
                fields = error.into_byte_record();
                continue;
            }
        };
        match read(reader.as_ref(), &plan.header, &text, place, index) {
            Ok(Some(row)) => collected.accept(row),
            Ok(None) => collected.parsed.digest.counts.ignored += 1,
            Err(error) => collected.reject(place, error),
        }
        fields = text.into_byte_record();
    }
    Ok(collected.finish())
}

/// A record's row; `None` for one of only empty fields.
fn read(
    reader: &dyn RowReader,
    header: &[String],
    text: &StringRecord,
    place: Place,
    chunk: u32,
) -> Result<Option<Row>, RowError> {
    if let Some(long) = text.iter().position(|field| field.len() > MAX_FIELD_BYTES) {
        let reason = format!("the field is longer than {MAX_FIELD_BYTES} bytes; shorten it");
        return Err(wrong(place, header.get(long), "field_too_long", &reason));
    }
    let fields: Vec<&str> = text.iter().collect();
    reader.read(&fields, place.line, chunk)
}

/// What is wrong with a field before the format has seen it.
fn wrong(place: Place, column: Option<&String>, code: &'static str, reason: &str) -> RowError {
    let line = place.line;
    let message = match column {
        Some(name) => format!("line {line}, column {}: {reason}", quote(name)),
        None => format!("line {line}: {reason}"),
    };
    RowError {
        column: column.cloned(),
        code,
        message,
    }
}

/// What has been read so far.
#[derive(Default)]
struct Collected {
    parsed: Parsed,
    times: BTreeMap<Instant, u32>,
    needs: BTreeSet<PriceNeed>,
}

impl Collected {
    fn accept(&mut self, row: Row) {
        let digest = &mut self.parsed.digest;
        digest.counts.accepted += 1;
        *self.times.entry(row.at).or_default() += 1;
        self.needs.extend(value::needs(&row));
        if let Some(hash) = row.identity_hash() {
            let (rank, fingerprint) = (row.rank(), row.fingerprint());
            digest.identities.push(Identity {
                hash,
                at: row.at,
                rank,
                fingerprint,
                line: row.line,
            });
        }
        self.parsed
            .rows
            .entry(row.at.utc_day().month())
            .or_default()
            .push(row);
    }

    fn reject(&mut self, place: Place, error: RowError) {
        self.parsed.digest.counts.rejected += 1;
        let Place {
            line,
            offset,
            length,
        } = place;
        let (code, message) = (error.code.to_owned(), error.message);
        self.parsed.rejects.push(Reject {
            line,
            offset,
            length,
            code,
            message,
        });
    }

    fn finish(self) -> Parsed {
        let mut parsed = self.parsed;
        for rows in parsed.rows.values_mut() {
            rows.sort_by_key(|row| (row.at, row.line));
        }
        let digest = &mut parsed.digest;
        digest.times = self.times.into_iter().collect();
        digest.needs = self.needs.into_iter().collect();
        digest.months = parsed.rows.keys().copied().collect();
        digest.identities.sort_unstable();
        parsed
    }
}
