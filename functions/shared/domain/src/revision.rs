//! A revision: one immutable manifest of everything a published turn shows (I7).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::identity::RowIdentity;
use crate::ids::{Account, Generation, JobId, LedgerRef, TurnId};
use crate::plan::Segment;
use crate::read_rows::{IssueCode, RowName};
use crate::rows::Kind;
use crate::section_104::DayDisposal;
use crate::settings::Settings;
use crate::time::{Day, Instant, Month};

/// An upload that is part of a ledger, with what a planner needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadEntry {
    /// The job.
    pub job: JobId,
    /// The file's name, for the reader.
    pub filename: String,
    /// For each chunk the generation that completed it.
    pub chunks: Vec<Generation>,
    /// Its earliest row; absent when it has none.
    pub earliest: Option<Instant>,
    /// Rows it brought, duplicates included.
    pub rows: u64,
}

/// What of a ledger must be computed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "dirty", rename_all = "snake_case")]
pub enum Dirty {
    /// Nothing: no row, price or setting changed.
    Nothing,
    /// Nothing before this instant can come out differently.
    From {
        /// The instant; look-backs are already taken off.
        at: Instant,
    },
    /// Everything.
    Everything,
}

impl Dirty {
    /// What is dirty by either.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Nothing, dirty) | (dirty, Self::Nothing) => dirty,
            (Self::From { at: one }, Self::From { at: two }) => Self::From { at: one.min(two) },
        }
    }
}

/// What a turn computes over: the base revision's jobs, less those undone, plus those admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The ledger.
    pub ledger: LedgerRef,
    /// The turn.
    pub turn: TurnId,
    /// The settings in force.
    pub settings: Settings,
    /// The uploads, sorted by job id.
    pub uploads: Vec<UploadEntry>,
    /// Jobs that brought the user's own prices, oldest first: a later one wins.
    pub prices: Vec<PricesEntry>,
    /// The turn that stored the overrides in force; absent when there is none.
    pub overrides: Option<TurnId>,
    /// Turns whose price pins are visible, oldest first, this one last: a later one wins.
    pub pins: Vec<TurnId>,
    /// What can come out differently than in the base revision.
    pub dirty: Dirty,
}

/// A job that brought the user's own prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricesEntry {
    /// The job.
    pub job: JobId,
    /// The national currencies it prices assets other than money in, sorted.
    pub quotes: Vec<Asset>,
}

impl Snapshot {
    /// The name of the file an upload of this snapshot came as.
    #[must_use]
    pub fn filename(&self, job: JobId) -> Option<&str> {
        let found = self
            .uploads
            .binary_search_by_key(&job, |upload| upload.job)
            .ok()?;
        self.uploads
            .get(found)
            .map(|upload| upload.filename.as_str())
    }

    /// A row's name for the reader: its ID where there is one, else `file:line`.
    #[must_use]
    pub fn name_of(&self, name: &RowName) -> Option<String> {
        match &name.id {
            Some(id) => Some(id.to_string()),
            None => Some(format!(
                "{}:{}",
                self.filename(name.row.job)?,
                name.row.line
            )),
        }
    }
}

/// One segment of a revision with the directory a reader skips by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// The segment.
    pub segment: Segment,
    /// What is in it.
    pub facts: SegmentFacts,
}

/// The directory of a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// Assets, sorted.
    pub assets: Vec<Asset>,
    /// Accounts, sorted.
    pub accounts: Vec<Account>,
    /// Kinds, sorted.
    pub kinds: Vec<Kind>,
    /// Months of UTC, sorted.
    pub months: Vec<Month>,
    /// Issues by code, sorted.
    pub issues: Vec<(IssueCode, u64)>,
    /// Accepted and duplicate records by job, sorted.
    pub jobs: Vec<(JobId, u64, u64)>,
    /// Its rows of the table `disposals`.
    pub days: DayFacts,
    /// Rows the user says something of that, in part or whole, comes to nothing: there is no such
    /// row, or it repeats another, or has other legs now. Sorted.
    pub unapplied: Vec<RowIdentity>,
}

/// What section 104 decided in a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFacts {
    /// Rows of the table `disposals`.
    pub rows: u32,
    /// The first and the last tax day among them.
    pub span: Option<(Day, Day)>,
    /// Their assets, sorted.
    pub assets: Vec<Asset>,
}

impl DayFacts {
    /// The facts of disposals, sorted by day.
    #[must_use]
    pub fn of(disposals: &[DayDisposal]) -> Self {
        let assets: BTreeSet<&Asset> = disposals.iter().map(|row| &row.key.asset).collect();
        let ends = disposals.first().zip(disposals.last());
        Self {
            rows: u32::try_from(disposals.len()).unwrap_or(u32::MAX),
            span: ends.map(|(first, last)| (first.key.day, last.key.day)),
            assets: assets.into_iter().cloned().collect(),
        }
    }
}

/// A published revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// What it was computed over.
    pub snapshot: Snapshot,
    /// Its segments in time order.
    pub segments: Vec<SegmentEntry>,
    /// With section 104 what was open at the ledger's end and decided for this revision alone: an
    /// entry behind the segments that has no row, only disposals.
    pub closing: Option<SegmentEntry>,
    /// How many of them this turn computed; the rest are shared with the revision before.
    pub recomputed: u32,
}

impl Revision {
    /// The entry at a place: a segment, or behind them what was decided at the end.
    #[must_use]
    pub fn entry(&self, place: usize) -> Option<&SegmentEntry> {
        let closing = || {
            let end = place == self.segments.len();
            self.closing.as_ref().filter(|_| end)
        };
        self.segments.get(place).or_else(closing)
    }

    /// All entries in order.
    pub fn entries(&self) -> impl Iterator<Item = &SegmentEntry> {
        self.segments.iter().chain(&self.closing)
    }
}
