//! A chunk's bytes to rows, rejects and digest, and what all chunks left of groups that stand apart to
//! the same. Pure: the same chunk gives the same every time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use csv::{ByteRecord, StringRecord};
use domain::digest::{ChunkDigest, Identity, PriceNeed};
use domain::formats::{self, FormatError, GroupReader, GroupRecord, RowError, RowReader};
use domain::fragments::Fragment;
use domain::limits::MAX_FIELD_BYTES;
use domain::plan::{Chunk, ChunkPlan, GroupFate, Groups};
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
    /// Its records that wait for others of their group.
    pub fragments: Vec<Fragment>,
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
    /// The fragment of this line is no record of a group.
    Fragment(u64),
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Format(error) => write!(f, "the plan's header or options are refused: {error}"),
            Self::Csv(error) => write!(f, "records could not be read: {error}"),
            Self::Fragment(line) => write!(f, "line {line} was kept and is of no group"),
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
    let mut run = Run::new(reader.groups(), index);
    let mut fields = ByteRecord::new();
    while let Some(place) = records.read(&mut fields).map_err(ParseError::Csv)? {
        let key = run.key(&fields);
        let member = Member::of(place, std::mem::take(&mut fields), &plan.header);
        match key {
            Some(key) => match plan.groups.fate(Groups::hash(&key)) {
                GroupFate::Together => run.add(key, member, &mut collected),
                GroupFate::Joined => collected.keep(place, chunk, bytes),
                GroupFate::Scattered => {
                    collected.reject(place, formats::scattered_group(&key, place.line));
                }
                GroupFate::Oversized => {
                    collected.reject(place, formats::oversized_group(&key, place.line));
                }
            },
            None => fields = collected.read(reader.as_ref(), member, index),
        }
    }
    run.end(&mut collected);
    Ok(collected.finish())
}

/// Joins what the chunks left: groups whose records stand apart, as batch `index`.
///
/// # Errors
/// The plan does not fit this build, or the fragments are not those of its groups.
pub fn join(
    plan: &ChunkPlan,
    index: u32,
    mut fragments: Vec<Fragment>,
) -> Result<Parsed, ParseError> {
    let reader = formats::reader(&plan.format, &plan.header, plan.dialect, &plan.options)
        .map_err(ParseError::Format)?;
    let run = Run::new(reader.groups(), index);
    fragments.sort_unstable_by_key(|fragment| fragment.offset);
    let mut order: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(String, Vec<Member>)> = Vec::new();
    for fragment in &fragments {
        let (place, fields) = record_of(fragment, plan)?;
        let key = run
            .key(&fields)
            .ok_or(ParseError::Fragment(fragment.line))?;
        let at = *order.entry(key.clone()).or_insert(groups.len());
        if at == groups.len() {
            groups.push((key, Vec::new()));
        }
        if let Some((_, members)) = groups.get_mut(at) {
            members.push(Member::of(place, fields, &plan.header));
        }
    }
    let mut collected = Collected::default();
    for (key, members) in groups {
        run.read(&key, members, &mut collected);
    }
    Ok(collected.finish())
}

/// The one record that a fragment is.
fn record_of(fragment: &Fragment, plan: &ChunkPlan) -> Result<(Place, ByteRecord), ParseError> {
    let chunk = Chunk {
        offset: fragment.offset,
        length: fragment.bytes.len() as u64,
        first_line: fragment.line,
        records: 1,
    };
    let text = plan.dialect.encoding.decode(&fragment.bytes);
    let mut records = Records::new(&text, &chunk, plan.dialect);
    let mut fields = ByteRecord::new();
    let place = records.read(&mut fields).map_err(ParseError::Csv)?;
    let place = place.ok_or(ParseError::Fragment(fragment.line))?;
    Ok((place, fields))
}

/// A record, or what is wrong with it before its format has seen it.
struct Member {
    place: Place,
    text: Result<StringRecord, RowError>,
}

impl Member {
    fn of(place: Place, fields: ByteRecord, header: &[String]) -> Self {
        let text = StringRecord::from_byte_record(fields).map_err(|error| {
            let column = header.get(error.utf8_error().field());
            let reason = "the text is not valid UTF-8; save the file as UTF-8";
            wrong(place, column, "not_utf8", reason)
        });
        let text = text.and_then(|text| {
            let long = text.iter().position(|field| field.len() > MAX_FIELD_BYTES);
            let Some(long) = long else { return Ok(text) };
            let reason = format!("the field is longer than {MAX_FIELD_BYTES} bytes; shorten it");
            Err(wrong(place, header.get(long), "field_too_long", &reason))
        });
        Self { place, text }
    }
}

/// The records of one group that follow each other, until another record ends it.
struct Run<'a> {
    groups: Option<&'a dyn GroupReader>,
    chunk: u32,
    open: Option<(String, Vec<Member>)>,
}

impl<'a> Run<'a> {
    fn new(groups: Option<&'a dyn GroupReader>, chunk: u32) -> Self {
        Self {
            groups,
            chunk,
            open: None,
        }
    }

    fn key(&self, fields: &ByteRecord) -> Option<String> {
        let cells: Vec<&[u8]> = self.groups.map(|_| fields.iter().collect())?;
        self.groups?.key(&cells)
    }

    fn add(&mut self, key: String, member: Member, collected: &mut Collected) {
        match &mut self.open {
            Some((open, members)) if *open == key => members.push(member),
            _ => {
                self.end(collected);
                self.open = Some((key, vec![member]));
            }
        }
    }

    fn end(&mut self, collected: &mut Collected) {
        if let Some((key, members)) = self.open.take() {
            self.read(&key, members, collected);
        }
    }

    /// Reads a group that is whole. When a record of it is no text, none becomes a row.
    fn read(&self, key: &str, members: Vec<Member>, collected: &mut Collected) {
        let broken = members.iter().find(|member| member.text.is_err());
        if let Some(line) = broken.map(|member| member.place.line) {
            for Member { place, text } in members {
                let other = |_| formats::broken_group(key, place.line, line);
                collected.reject(place, text.map_or_else(|own| own, other));
            }
            return;
        }
        let texts = members
            .iter()
            .filter_map(|member| Some((member.place, member.text.as_ref().ok()?)));
        let records: Vec<GroupRecord<'_>> = texts
            .map(|(place, text)| GroupRecord {
                line: place.line,
                fields: text.iter().collect(),
            })
            .collect();
        let Some(groups) = self.groups else { return };
        let read = groups.read(key, &records, self.chunk);
        read.rows.into_iter().for_each(|row| collected.accept(row));
        for (at, error) in read.refused {
            if let Some(member) = members.get(at) {
                collected.reject(member.place, error);
            }
        }
        collected.parsed.digest.counts.ignored += u64::from(read.ignored);
    }
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
    /// Reads a record that stands alone; answers its buffer.
    fn read(&mut self, reader: &dyn RowReader, member: Member, chunk: u32) -> ByteRecord {
        let Member { place, text } = member;
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                self.reject(place, error);
                return ByteRecord::new();
            }
        };
        let fields: Vec<&str> = text.iter().collect();
        match reader.read(&fields, place.line, chunk) {
            Ok(Some(row)) => self.accept(row),
            Ok(None) => self.parsed.digest.counts.ignored += 1,
            Err(error) => self.reject(place, error),
        }
        text.into_byte_record()
    }

    /// Keeps a record for the join.
    fn keep(&mut self, place: Place, chunk: &Chunk, bytes: &[u8]) {
        let from = usize::try_from(place.offset - chunk.offset).unwrap_or(usize::MAX);
        let length = usize::try_from(place.length).unwrap_or(usize::MAX);
        let record = bytes.get(from..from.saturating_add(length));
        self.parsed.fragments.push(Fragment {
            line: place.line,
            offset: place.offset,
            bytes: record.unwrap_or_default().to_vec(),
        });
    }

    fn accept(&mut self, row: Row) {
        let digest = &mut self.parsed.digest;
        digest.counts.accepted += u64::from(row.records);
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
        parsed.rejects.sort_by_key(|reject| reject.line);
        parsed
    }
}
