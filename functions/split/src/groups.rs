//! Groups of records that belong together, in the one pass: which records follow their group, so that
//! no chunk ends between them, and which groups stand apart.
//!
//! What becomes of a group follows from the file alone, never from how it is cut into chunks: whether
//! it is too large, whether its records stand apart, and whether they are among the first
//! `MAX_FRAGMENTS` records, in order of the groups, that are joined.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use domain::dialect::Dialect;
use domain::formats::RowReader;
use domain::limits::{
    MAX_COLUMNS, MAX_FRAGMENT_BYTES, MAX_FRAGMENTS, MAX_GROUP_BYTES, MAX_GROUP_RECORDS,
};
use domain::plan::Groups;

use crate::chunker::Bond;
use crate::scanner::RecordSpan;

/// What is known of one group: 24 bytes with its hash, of at most `MAX_FILE_ROWS` groups.
#[derive(Debug)]
struct Seen {
    /// Its place among the groups of the file.
    order: u32,
    records: u32,
    bytes: u32,
    /// Whether a record of another group, or a lone one, stands between two of its own.
    apart: bool,
}

impl Seen {
    fn is_oversized(&self) -> bool {
        self.records > MAX_GROUP_RECORDS || u64::from(self.bytes) > MAX_GROUP_BYTES
    }
}

/// Follows the groups of a file of a grouped format.
pub struct Grouper {
    reader: Box<dyn RowReader>,
    dialect: Dialect,
    cells: Cells,
    seen: HashMap<u64, Seen>,
    /// The group of the record before.
    last: Option<u64>,
    /// Where the record before ends.
    end: u64,
}

impl Grouper {
    /// One for the records that `reader` reads, before the first of them.
    #[must_use]
    pub fn new(reader: Box<dyn RowReader>, dialect: Dialect) -> Self {
        Self {
            reader,
            dialect,
            cells: Cells::new(dialect),
            seen: HashMap::new(),
            last: None,
            end: 0,
        }
    }

    /// Follows the next record with its bytes. A group that is too large is cut like any other
    /// records: it is refused anyway.
    pub fn bond(&mut self, record: RecordSpan, bytes: &[u8]) -> Bond {
        let before = std::mem::replace(&mut self.end, record.offset + record.length);
        let groups = self.reader.groups();
        let text = self.dialect.encoding.decode(bytes);
        let key = groups.and_then(|groups| groups.key(&self.cells.of(&text)));
        let Some(hash) = key.map(|key| Groups::hash(&key)) else {
            self.last = None;
            return Bond::None;
        };
        let follows = self.last.replace(hash) == Some(hash);
        // Blank lines inside of a group are held with it.
        let from = if follows { before } else { record.offset };
        let bytes = u32::try_from(self.end - from).unwrap_or(u32::MAX);
        let order = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        match self.seen.entry(hash) {
            Entry::Vacant(new) => {
                new.insert(Seen {
                    order,
                    records: 1,
                    bytes,
                    apart: false,
                });
                Bond::Begins
            }
            Entry::Occupied(mut known) => {
                let seen = known.get_mut();
                seen.records = seen.records.saturating_add(1);
                seen.bytes = seen.bytes.saturating_add(bytes);
                seen.apart |= !follows;
                match follows {
                    true if seen.is_oversized() => Bond::None,
                    true => Bond::Continues,
                    false => Bond::Begins,
                }
            }
        }
    }

    /// The file has ended: what becomes of its groups.
    #[must_use]
    pub fn finish(self) -> Groups {
        let mut groups = Groups::default();
        let mut apart = Vec::new();
        for (hash, seen) in self.seen {
            if seen.is_oversized() {
                groups.oversized.push(hash);
            } else if seen.apart {
                apart.push((seen.order, hash, seen));
            }
        }
        apart.sort_unstable_by_key(|(order, ..)| *order);
        let mut bytes = 0;
        let mut room = true;
        for (_, hash, seen) in apart {
            bytes += u64::from(seen.bytes);
            room &= groups.fragments + seen.records <= MAX_FRAGMENTS && bytes <= MAX_FRAGMENT_BYTES;
            if room {
                groups.fragments += seen.records;
                groups.joined.push(hash);
            } else {
                groups.scattered.push(hash);
            }
        }
        groups.joined.sort_unstable();
        groups.scattered.sort_unstable();
        groups.oversized.sort_unstable();
        groups
    }
}

/// The cells of one record after another, found as `ingest` finds them.
struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    fn new(dialect: Dialect) -> Self {
        let mut cells = Self {
            reader: ReaderBuilder::new().delimiter(dialect.delimiter).build(),
            text: Vec::new(),
            ends: vec![0; MAX_COLUMNS + 1],
        };
        // No record is the start of a file, where the tokenizer would skip a byte order mark.
        cells.reader.read_record(b"\n", &mut [], &mut []);
        cells
    }

    /// The cells of a record without its line end; none when it is no record, which no span is.
    fn of(&mut self, record: &[u8]) -> Vec<&[u8]> {
        self.text.resize(record.len() + 1, 0);
        let (mut written, mut fields) = (0, 0);
        for part in [record, b"\n"] {
            let text = self.text.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (result, _, more, found) = self.reader.read_record(part, text, ends);
            written += more;
            fields += found;
            if result == ReadRecordResult::Record {
                break;
            }
        }
        let mut from = 0;
        let ends = self.ends.get(..fields).unwrap_or_default();
        let cells = ends.iter().map(|end| {
            let cell = self.text.get(from..*end).unwrap_or_default();
            from = *end;
            cell
        });
        cells.collect()
    }
}

#[cfg(test)]
mod tests;
