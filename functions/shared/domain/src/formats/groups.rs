//! Formats in which records belong together: an exchange that writes a trade as one record per asset,
//! under one reference or in one second.
//!
//! `split` asks for the key of each record and never cuts between neighbours of one key; `ingest`
//! hands the records of a key over together, wherever they stand in the file. A group is read whole or
//! refused whole: if one of its records cannot be read, none becomes a row.

use std::collections::BTreeMap;

use crate::limits::{MAX_FRAGMENTS, MAX_GROUP_BYTES, MAX_GROUP_RECORDS};
use crate::quote::quote;
use crate::rows::Row;

use super::error::{RowError, Wrong};

/// One record of a group.
#[derive(Debug, Clone)]
pub struct GroupRecord<'a> {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Its fields.
    pub fields: Vec<&'a str>,
}

/// What the records of a group became. Every record ends in exactly one of the three:
/// `rows`' records + `refused` + `ignored` = records of the group (I3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupRead {
    /// The rows. No two have the same line.
    pub rows: Vec<Row>,
    /// Records that are refused, by their place in the group.
    pub refused: Vec<(usize, RowError)>,
    /// Records that carry nothing.
    pub ignored: u32,
}

/// Reads records that belong together.
pub trait GroupReader: Send + Sync {
    /// The group that a record, given as the bytes of its fields, belongs to, in the words that a
    /// message names it with, such as `refid "LX7"`. `None`: it stands alone, and `RowReader::read`
    /// reads it.
    fn key(&self, record: &[&[u8]]) -> Option<String>;

    /// What the records of `key`, in the order of the file, become; rows stand in `chunk`. The same
    /// records give the same whatever stood around them.
    fn read(&self, key: &str, group: &[GroupRecord<'_>], chunk: u32) -> GroupRead;
}

impl GroupRead {
    /// Adds a row, if there is one.
    pub(super) fn keep(&mut self, row: Option<Row>) {
        self.rows.extend(row);
    }

    /// Refuses one record for a reason that is the group's.
    pub(super) fn refuse(&mut self, key: &str, place: usize, line: u64, wrong: &Wrong) {
        self.refused.push((place, of_group(key, wrong, line)));
    }

    /// Of the group's records those that are in no row and not refused carry nothing.
    pub(super) fn of_records(mut self, records: usize) -> Self {
        let used: usize = self.rows.iter().map(|row| row.records as usize).sum();
        let ignored = records.saturating_sub(used + self.refused.len());
        self.ignored = u32::try_from(ignored).unwrap_or(u32::MAX);
        self
    }

    /// The whole group is refused for one reason.
    pub(super) fn refused(key: &str, group: &[GroupRecord<'_>], wrong: &Wrong) -> Self {
        let refused = group.iter().enumerate();
        let refused = refused.map(|(place, record)| (place, of_group(key, wrong, record.line)));
        Self {
            refused: refused.collect(),
            ..Self::default()
        }
    }

    /// Some records of the group cannot be read, so the others are refused as well.
    pub(super) fn broken(
        key: &str,
        group: &[GroupRecord<'_>],
        mut errors: BTreeMap<usize, RowError>,
    ) -> Self {
        let broken = errors.keys().next();
        let line = broken
            .and_then(|place| group.get(*place))
            .map_or(0, |record| record.line);
        let refused = group.iter().enumerate();
        let refused = refused.map(|(place, record)| {
            let own = errors.remove(&place);
            (
                place,
                own.unwrap_or_else(|| broken_group(key, record.line, line)),
            )
        });
        Self {
            refused: refused.collect(),
            ..Self::default()
        }
    }
}

/// A field in the words of a key: quoted like in any message, and where that does not show all of it,
/// followed by a hash, so that no two fields are one group.
pub(super) fn named(field: &str) -> String {
    let shown = quote(field);
    if shown
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        == Some(field)
    {
        return shown;
    }
    let hash = blake3::hash(field.as_bytes()).to_hex();
    format!("{shown} #{}", hash.as_str().get(..16).unwrap_or_default())
}

fn of_group(key: &str, wrong: &Wrong, line: u64) -> RowError {
    Wrong::new(wrong.code, format!("{key}: {}", wrong.reason)).at(line, None)
}

/// A record is refused because the one on `broken`, of the same group, is.
#[must_use]
pub fn broken_group(key: &str, line: u64, broken: u64) -> RowError {
    let reason = format!(
        "line {broken} belongs to it and is refused, and a part is not read without the others; correct that line and upload the lines of the group together"
    );
    of_group(key, &Wrong::new("incomplete_group", reason), line)
}

/// A record is refused because its group stands apart in the file, behind more such groups than are
/// joined.
#[must_use]
pub fn scattered_group(key: &str, line: u64) -> RowError {
    let reason = format!(
        "its records stand apart in the file, and so do those of so many other groups that they are more than {MAX_FRAGMENTS} records; sort the file so that the records of each group follow each other and upload it again"
    );
    of_group(key, &Wrong::new("scattered_group", reason), line)
}

/// A record is refused because its group is larger than any an exchange writes.
#[must_use]
pub fn oversized_group(key: &str, line: u64) -> RowError {
    let reason = format!(
        "it has more than {MAX_GROUP_RECORDS} records or {MAX_GROUP_BYTES} bytes; check what was exported, and look for one reference that stands in many lines"
    );
    of_group(key, &Wrong::new("group_too_large", reason), line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_shown_alike_are_named_apart() {
        assert_eq!(named("TX-1"), "\"TX-1\"");
        let long = "x".repeat(60);
        for (one, other) in [
            (format!("{long}1"), format!("{long}2")),
            ("a\nb".to_owned(), "a?b".to_owned()),
        ] {
            assert_ne!(named(&one), named(&other));
            assert!(named(&one).len() < 80, "{}", named(&one));
        }
    }
}
