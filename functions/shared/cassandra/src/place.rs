//! Numbers of keys, and how rows spread over partitions.
//!
//! Keyspaces takes 1,000 writes a second in one partition, so what is written in one go must not lie
//! in one. Rows that are numbered without gaps are cut by their number (`bucket`); rows that are not
//! are dealt out by a number of theirs (`shard`) and read from all shards at once.

use ports::PortError;

/// Numbered rows of one partition. Frozen: rows lie where it says.
pub(crate) const BUCKET_ROWS: u32 = 2_048;
/// Partitions that unnumbered rows are dealt to: four times a partition's 1,000 writes a second is
/// what a new Keyspaces table takes in all. Frozen: rows lie where it says.
pub(crate) const SHARDS: i32 = 4;

/// The shard of a row, by a number that is the row's own.
pub(crate) fn shard(number: u64) -> i32 {
    // A remainder of 4 fits any integer.
    i32::try_from(number % u64::from(SHARDS.unsigned_abs())).unwrap_or(0)
}

/// The bucket of a row's number.
pub(crate) fn bucket(number: u32) -> u32 {
    number / BUCKET_ROWS
}

/// A count as CQL's `int`; no count of ours comes near the bound.
pub(crate) fn int(op: &'static str, value: u32) -> Result<i32, PortError> {
    i32::try_from(value).map_err(|error| PortError::bug(op, error))
}

/// A count as CQL's `bigint`; no count of ours comes near the bound.
pub(crate) fn bigint(op: &'static str, value: u64) -> Result<i64, PortError> {
    i64::try_from(value).map_err(|error| PortError::bug(op, error))
}
