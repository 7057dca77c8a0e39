//! The segment plan of a turn.

use domain::checkpoint::Manifest;
use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use domain::plan::Segment;
use domain::revision::{Dirty, Revision, Snapshot};
use domain::segments::InstantTooLarge;
use domain::state::{ErrorClass, JobError, Turn, TurnPhase};
use domain::time::Instant;
use ports::objects::{read_json, read_whole, write_json};
use ports::state::load;
use ports::tables::Rows;
use ports::transition::apply;
use ports::turns::fail_turn;
use ports::{Objects, PortError, Sender, StateStore};

use crate::{Bounds, work};

/// Which turn is planned.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The turn.
    pub(crate) turn: TurnId,
    /// The time.
    pub(crate) now: Instant,
    /// Bounds.
    pub(crate) bounds: Bounds,
}

/// Writes the plan and starts the fold.
///
/// # Errors
/// What a port says; the plan is deterministic, so doing it again writes the same.
pub(crate) async fn plan(
    state: &dyn StateStore,
    sender: &dyn Sender,
    objects: &dyn Objects,
    rows: &dyn Rows,
    work: Work<'_>,
) -> Result<(), PortError> {
    let Some(turn) = load::<Turn>(state, &Turn::key_of(work.owner, work.turn)).await? else {
        return Ok(());
    };
    if turn.value.phase != TurnPhase::Planning {
        return Ok(());
    }
    let snapshot: Snapshot = read_json(objects, &keys::snapshot(work.owner, work.turn)).await?;
    let kept = kept_segments(objects, &turn.value, &snapshot, work.bounds).await?;
    let plan = match work::cut_behind(objects, rows, &snapshot, kept, work.bounds).await? {
        Ok(plan) => plan,
        Err(instant) => {
            let error = too_large(&instant, work.bounds);
            return fail_turn(state, sender, work.owner, work.turn, &error, work.now).await;
        }
    };
    write_json(objects, &keys::segment_plan(work.owner, work.turn), &plan).await?;
    let segments = u32::try_from(plan.segments.len())
        .map_err(|error| PortError::bug("reconcile.plan", error))?;
    tracing::info!(
        segments,
        restart = plan.restart,
        "planned the segments of a turn"
    );
    match turn.planned(plan.restart, segments, work.now)? {
        Some(transition) => apply(state, sender, transition).await,
        None => Ok(()),
    }
}

/// The base revision's segments that nothing dirty can reach.
///
/// The last of them is given up as well when it is small and something follows: a ledger that grows
/// by a few rows a day would otherwise collect a segment a day.
async fn kept_segments(
    objects: &dyn Objects,
    turn: &Turn,
    snapshot: &Snapshot,
    bounds: Bounds,
) -> Result<Vec<Segment>, PortError> {
    let Some(base) = turn.base else {
        return Ok(Vec::new());
    };
    let revision: Revision = read_json(objects, &keys::revision(&turn.owner, base)).await?;
    let mut kept: Vec<Segment> = revision
        .segments
        .into_iter()
        .map(|entry| entry.segment)
        .collect();
    match snapshot.dirty {
        Dirty::Everything => kept.clear(),
        Dirty::Nothing => {}
        Dirty::From { at } => {
            kept.retain(|segment| segment.to <= at);
            if kept
                .last()
                .is_some_and(|last| last.rows < bounds.segment_rows / 2)
            {
                kept.pop();
            }
        }
    }
    let Some(last) = kept.last() else {
        return Ok(kept);
    };
    let key = keys::metrics_checkpoint(&turn.owner, last.turn, last.index + 1);
    let bytes = read_whole(objects, &key).await?;
    let manifest = Manifest::decode(&bytes)
        .map_err(|error| PortError::invalid("reconcile.plan", format!("{key}: {error}")))?;
    if !manifest.matches(snapshot.settings.digest()) {
        kept.clear();
    }
    Ok(kept)
}

fn too_large(instant: &InstantTooLarge, bounds: Bounds) -> JobError {
    JobError {
        class: ErrorClass::Data,
        code: "instant_too_large".to_owned(),
        message: format!(
            "{} rows share the time {}; at most {} may. Give the rows the times at which they really happened.",
            instant.rows, instant.at, bounds.instant_rows
        ),
    }
}
