//! The fold of `reconcile`: duplicates and transfers, segment by segment in the total order.
//!
//! The checkpoint between two segments holds the ends of possible transfers that are in sight or
//! open (`matching::window`) with the segment each lies in, and nothing else: its size is bounded by
//! the rows of the longest window. A row's decision is given once, when nothing later can change it,
//! under the row's own segment; a row of which nothing is to be said gets none. What is decided does
//! not depend on where the ledger is cut, nor on the order rows are loaded in (I11).
//!
//! What the user says of a row comes with the plan. The partner of a linked row stands there too: the
//! two may be years and segments apart, so the planner has found both, and each is decided at once.
//!
//! A fold that restarts at a border decides rows before the border again, from the checkpoint, under
//! the segments they lie in. If the border is at least `look_back_us` before the first row that
//! changed, those decisions are what they were and are in storage already: the caller drops them.

use std::collections::BTreeMap;
use std::io;

use lz4_flex::block;
use serde::{Deserialize, Serialize};

use crate::duplicates::judge;
use crate::matching::{Decided, End, OpenEnd, Window};
use crate::order::{LedgerRow, Placed, instants, place_rows};
use crate::overrides::Rulings;
use crate::plan::RepeatedId;
use crate::read_rows::Decision;
use crate::rows::RowRef;
use crate::settings::Settings;
use crate::time::{HOUR_US, Instant};

/// The layout `encode` writes, its first byte.
const VERSION: u8 = 2;
/// LZ4 cannot make a byte stand for more than this many: a larger length is not believed.
const MOST_BYTES_PER_BYTE: usize = 255;

/// The checkpoint between two segments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileState {
    ends: Vec<OpenEnd>,
}

/// The bytes are no checkpoint this build can read: the turn ends, and a new one starts from
/// nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Another build wrote it.
    #[error("the reconcile checkpoint has version {0}; this build reads 2")]
    UnknownVersion(u8),
    /// Cut off or damaged.
    #[error("the reconcile checkpoint is damaged: {0}")]
    Damaged(#[source] io::Error),
}

/// What the fold of one segment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The checkpoint for the next segment.
    pub state: ReconcileState,
    /// What was decided, by segment of the row, each list sorted by time, job and line.
    pub decisions: BTreeMap<u32, Vec<Decision>>,
}

impl ReconcileState {
    /// How many rows it carries.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// The checkpoint's bytes: a version, then LZ4 over postcard. Equal states have equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Plain data always encodes; bytes of nothing would be refused by `decode`.
        let plain = postcard::to_stdvec(self).unwrap_or_default();
        let mut bytes = vec![VERSION];
        bytes.extend(block::compress_prepend_size(&plain));
        bytes
    }

    /// Reads a checkpoint's bytes.
    ///
    /// # Errors
    /// `UnknownVersion`, `Damaged`.
    pub fn decode(bytes: &[u8]) -> Result<Self, CheckpointError> {
        match bytes.split_first() {
            None => Err(damaged("it is empty")),
            Some((&VERSION, packed)) => {
                let (length, _) = block::uncompressed_size(packed).map_err(damaged)?;
                if length > packed.len().saturating_mul(MOST_BYTES_PER_BYTE) {
                    return Err(damaged("its length is not believable"));
                }
                let plain = block::decompress_size_prepended(packed).map_err(damaged)?;
                postcard::from_bytes(&plain).map_err(damaged)
            }
            Some((version, _)) => Err(CheckpointError::UnknownVersion(*version)),
        }
    }
}

fn damaged(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CheckpointError {
    CheckpointError::Damaged(io::Error::new(io::ErrorKind::InvalidData, cause))
}

/// How far before a row that comes or goes decisions can change, in microseconds.
#[must_use]
pub fn look_back_us(settings: &Settings) -> i64 {
    let hours = settings
        .matching
        .reason_hours
        .max(settings.matching.window_hours);
    i64::from(hours).saturating_mul(HOUR_US)
}

/// Folds one segment. `rows` are all its rows, in any order; `repeats` are its rows that repeat an
/// (account, ID), and `rulings` what the user says of its rows, as its plan lists them; `segment` is its
/// number. `closes` is the instant after its
/// last, `Segment::to`; without it this is the ledger's last segment and everything is decided.
#[must_use]
pub fn reconcile(
    state: ReconcileState,
    rows: Vec<LedgerRow>,
    repeats: &[RepeatedId],
    rulings: &Rulings<'_>,
    segment: u32,
    closes: Option<Instant>,
    settings: &Settings,
) -> Reconciled {
    let placed = place_rows(rows);
    let repeats = repeats
        .iter()
        .map(|repeat| (repeat.row, repeat.kept))
        .collect();
    let known = Known {
        repeats,
        rulings,
        segment,
    };
    let mut window = Window::resume(state.ends, &settings.matching);
    let mut decided = Vec::new();
    for (at, instant) in instants(&placed) {
        window.pass(Some(at));
        window.arrive(known.ends_of(instant, &mut decided));
    }
    window.pass(closes);
    let (ends, by_window) = window.leave();
    decided.extend(by_window);
    Reconciled {
        state: ReconcileState { ends },
        decisions: by_segment(decided),
    }
}

/// What a segment's plan says of its rows.
struct Known<'a> {
    repeats: BTreeMap<RowRef, RowRef>,
    rulings: &'a Rulings<'a>,
    segment: u32,
}

impl Known<'_> {
    /// Judges the rows of an instant: those that may be an end of a transfer are given back with what
    /// their decision must say besides, of the others the decision is made.
    fn ends_of(&self, instant: &[Placed], decided: &mut Vec<Decided>) -> Vec<End> {
        let mut ends = Vec::new();
        let verdicts = judge(instant, &self.repeats, self.rulings);
        for ((placed, verdict), nth) in instant.iter().zip(verdicts).zip(0..) {
            let counts = verdict.duplicate_of.is_none();
            let ruling = counts.then(|| self.rulings.on(placed)).flatten();
            let end = End::of(placed, ruling, nth, self.segment).filter(|_| counts);
            if let Some(end) = end {
                ends.push(End {
                    same_content: verdict.same_content,
                    ..end
                });
                continue;
            }
            let decision = Decision {
                row: placed.row.row_ref(),
                at: placed.row.row.at,
                duplicate_of: verdict.duplicate_of,
                partner: ruling.and_then(|ruling| ruling.partner.clone()),
                unmatched: None,
                same_content: verdict.same_content,
            };
            decided.extend(self.said(decision));
        }
        ends
    }

    /// A decision, unless it says nothing.
    fn said(&self, decision: Decision) -> Option<Decided> {
        let says = decision.duplicate_of.is_some()
            || decision.partner.is_some()
            || decision.same_content.is_some();
        says.then_some(Decided {
            segment: self.segment,
            decision,
        })
    }
}

fn by_segment(decided: Vec<Decided>) -> BTreeMap<u32, Vec<Decision>> {
    let mut decisions: BTreeMap<u32, Vec<Decision>> = BTreeMap::new();
    for Decided { segment, decision } in decided {
        decisions.entry(segment).or_default().push(decision);
    }
    for of_segment in decisions.values_mut() {
        of_segment.sort_by_key(|decision| (decision.at, decision.row));
    }
    decisions
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
