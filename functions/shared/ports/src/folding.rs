//! The protocol of a fold, the same for `reconcile` and `metrics`: who may fold a segment, who moves
//! the cursor, who ends the stage.
//!
//! A message for segment n may arrive twice, late, or both at once. Folding is deterministic, so
//! every copy may fold; but only the copy that moves the turn's cursor from n sends the message for
//! n + 1, and rows are written only while n is not in the done-set (I2).

use domain::counts::RowCounts;
use domain::ids::{Generation, LedgerRef, Stage, TurnId};
use domain::keys;
use domain::plan::{Segment, SegmentPlan, SegmentWork};
use domain::revision::Snapshot;
use domain::state::{BatchOutcome, DoneSet, Recorded, Turn, Versioned};
use domain::time::Instant;

use crate::objects::read_json;
use crate::state::load;
use crate::transition::carry_out;
use crate::{DoneSets, Objects, PortError, Sender, StateStore};

/// Which segment is folded for which stage.
#[derive(Debug, Clone, Copy)]
pub struct Fold<'a> {
    /// The ledger.
    pub owner: &'a LedgerRef,
    /// The turn.
    pub turn: TurnId,
    /// `Reconcile` or `Metrics`.
    pub stage: Stage,
    /// The segment's index.
    pub index: u32,
    /// The time.
    pub now: Instant,
}

/// What a fold works on.
#[derive(Debug)]
pub struct Folding {
    /// What the turn computes over.
    pub snapshot: Snapshot,
    /// The plan.
    pub plan: SegmentPlan,
}

impl Folding {
    /// The segment with what is needed to load it.
    ///
    /// # Errors
    /// `Invalid` when the plan has no such segment.
    pub fn segment(&self, index: u32) -> Result<(&Segment, &SegmentWork), PortError> {
        let work = index
            .checked_sub(self.plan.restart)
            .and_then(|place| self.plan.work.get(place as usize));
        match (self.plan.segments.get(index as usize), work) {
            (Some(segment), Some(work)) => Ok((segment, work)),
            _ => Err(PortError::invalid(
                "folding.segment",
                format!("the plan has no segment {index}"),
            )),
        }
    }

    /// Whether no segment follows.
    #[must_use]
    pub fn is_last(&self, index: u32) -> bool {
        index as usize + 1 == self.plan.segments.len()
    }

    /// The turn and index the state before a segment is stored under: that of the segment before
    /// it, which may belong to an earlier turn; nothing before the first.
    #[must_use]
    pub fn checkpoint_before(&self, index: u32) -> Option<(TurnId, u32)> {
        let before = self.plan.segments.get(index.checked_sub(1)? as usize)?;
        Some((before.turn, before.index + 1))
    }
}

/// What to fold, or `None` when the turn is past this segment or has failed. A stage whose last
/// worker died between its last two steps is ended here.
///
/// # Errors
/// What a port says.
pub async fn start(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    objects: &dyn Objects,
    fold: Fold<'_>,
) -> Result<Option<Folding>, PortError> {
    let Some(turn) = load::<Turn>(state, &Turn::key_of(fold.owner, fold.turn)).await? else {
        return Ok(None);
    };
    if turn.value.folding() != Some(fold.stage) {
        return Ok(None);
    }
    if cursor(&turn, fold.stage) < fold.index {
        // The message is sent after the cursor moved: whoever does not see that reads too early.
        return Err(PortError::retry(
            "folding.start",
            "the fold before this one has not ended",
        ));
    }
    let key = DoneSet::turn_key(fold.turn, fold.owner, fold.stage);
    let missing = || PortError::invalid("folding.start", "the stage has no done-set");
    let set = done_sets.read(&key).await?.ok_or_else(missing)?;
    if set.done.contains_key(&fold.index) {
        end_stage(state, sender, &set, fold).await?;
        return Ok(None);
    }
    let snapshot = read_json(objects, &keys::snapshot(fold.owner, fold.turn)).await?;
    let plan = read_json(objects, &keys::segment_plan(fold.owner, fold.turn)).await?;
    Ok(Some(Folding { snapshot, plan }))
}

fn cursor(turn: &Versioned<Turn>, stage: Stage) -> u32 {
    if stage == Stage::Reconcile {
        turn.value.reconcile_cursor
    } else {
        turn.value.metrics_cursor
    }
}

/// The checkpoint behind the segment is stored: moves the cursor if no other copy has, and then
/// sends the next segment's message, so that writing this segment overlaps folding the next.
///
/// # Errors
/// What a port says.
pub async fn advance(
    state: &dyn StateStore,
    sender: &dyn Sender,
    fold: Fold<'_>,
) -> Result<(), PortError> {
    let key = Turn::key_of(fold.owner, fold.turn);
    carry_out(state, sender, &key, |turn: &Versioned<Turn>| {
        turn.folded(fold.stage, fold.index, fold.now)
    })
    .await
}

/// Everything of the segment is written: adds it to the done-set, and ends the stage when that is
/// full.
///
/// # Errors
/// What a port says.
pub async fn finish(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    fold: Fold<'_>,
) -> Result<(), PortError> {
    let key = DoneSet::turn_key(fold.turn, fold.owner, fold.stage);
    let done = BatchOutcome::Done(RowCounts::default());
    match done_sets
        .record(&key, Generation::FIRST, fold.index, done)
        .await?
    {
        Recorded::Added(set) | Recorded::Already(set) => end_stage(state, sender, &set, fold).await,
        Recorded::Stale => Ok(()),
    }
}

async fn end_stage(
    state: &dyn StateStore,
    sender: &dyn Sender,
    set: &DoneSet,
    fold: Fold<'_>,
) -> Result<(), PortError> {
    let key = Turn::key_of(fold.owner, fold.turn);
    carry_out(state, sender, &key, |turn: &Versioned<Turn>| {
        turn.stage_done(set, fold.now)
    })
    .await
}
