//! The chunk plan of a file and the segment plan of a turn: each one S3 object, written once by its
//! planner and read by every worker. The byte range of a chunk stands here and nowhere else.

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::ids::{Generation, JobId, TurnId};
use crate::overrides::Ruling;
use crate::rows::RowRef;
use crate::settings::ParseOptions;
use crate::time::{Instant, Month};

/// One chunk: whole records only, in file order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
    /// The line its first record starts on, from 1.
    pub first_line: u64,
    /// Its records, blank ones left out.
    pub records: u32,
}

/// The plan of a file: what `split` saw and every `ingest` worker follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkPlan {
    /// The object's key.
    pub key: String,
    /// The version that was announced; every ranged GET pins it (I9).
    pub version: String,
    /// The format's name.
    pub format: String,
    /// How the file is written.
    pub dialect: Dialect,
    /// The header record's fields, in file order.
    pub header: Vec<String>,
    /// How the user wants it read.
    pub options: ParseOptions,
    /// The chunks.
    pub chunks: Vec<Chunk>,
    /// Groups that are not read where they stand.
    pub groups: Groups,
}

/// What becomes of the groups of a file whose records cannot be read where they stand. Keys are
/// hashed: two that share a hash share the fate, and the join tells them apart by the keys themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// Groups whose records stand apart: kept by `ingest`, joined after the last chunk. Sorted.
    pub joined: Vec<u64>,
    /// Records of those groups.
    pub fragments: u32,
    /// Groups whose records stand apart, beyond what is joined: refused. Sorted.
    pub scattered: Vec<u64>,
    /// Groups that are too large: refused. Sorted.
    pub oversized: Vec<u64>,
}

/// What becomes of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupFate {
    /// Its records follow each other in one chunk.
    Together,
    /// They stand apart and are joined.
    Joined,
    /// They stand apart and are refused.
    Scattered,
    /// They are too many and are refused.
    Oversized,
}

impl Groups {
    /// The hash of a group's key. Frozen: plans in storage hold it.
    #[must_use]
    pub fn hash(key: &str) -> u64 {
        let mut short = [0; 8];
        short.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..8]);
        u64::from_le_bytes(short)
    }

    /// What becomes of the group with this hash.
    #[must_use]
    pub fn fate(&self, hash: u64) -> GroupFate {
        if self.oversized.binary_search(&hash).is_ok() {
            GroupFate::Oversized
        } else if self.joined.binary_search(&hash).is_ok() {
            GroupFate::Joined
        } else if self.scattered.binary_search(&hash).is_ok() {
            GroupFate::Scattered
        } else {
            GroupFate::Together
        }
    }
}

impl ChunkPlan {
    /// The batch of `ingest` that joins what stands apart, numbered behind the last chunk; `None` when
    /// nothing does.
    #[must_use]
    pub fn join(&self) -> Option<u32> {
        let chunks = u32::try_from(self.chunks.len()).ok()?;
        (!self.groups.joined.is_empty()).then_some(chunks)
    }

    /// Data records of the file.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.chunks
            .iter()
            .map(|chunk| u64::from(chunk.records))
            .sum()
    }
}

/// A partition of the `rows` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowPartition {
    /// The upload.
    pub job: JobId,
    /// The attempt that wrote the rows.
    pub generation: Generation,
    /// The month of the rows.
    pub month: Month,
    /// Chunk index over `limits::CHUNKS_PER_BUCKET`.
    pub bucket: u32,
}

/// A row whose (account, ID) stands earlier in the ledger's total order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepeatedId {
    /// The row that repeats.
    pub row: RowRef,
    /// The row that is kept.
    pub kept: RowRef,
}

/// A span of a ledger's time that is folded at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The turn that computed it: part of the key of everything written for it.
    pub turn: TurnId,
    /// Its number in that turn's plan.
    pub index: u32,
    /// Its first instant.
    pub from: Instant,
    /// The instant after its last.
    pub to: Instant,
    /// Its rows, duplicates included.
    pub rows: u32,
}

/// What a worker needs to load one segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentWork {
    /// The partitions that may hold its rows.
    pub partitions: Vec<RowPartition>,
    /// Its rows that repeat an (account, ID), sorted.
    pub repeats: Vec<RepeatedId>,
    /// What the user says of its rows, by time.
    pub overrides: Vec<Ruling>,
}

/// The plan of a turn. Segments before `restart` are the base revision's, untouched; those from
/// `restart` are this turn's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentPlan {
    /// Index of the first segment to compute.
    pub restart: u32,
    /// All segments of the ledger, in time order.
    pub segments: Vec<Segment>,
    /// One entry per segment from `restart`.
    pub work: Vec<SegmentWork>,
}
