//! When a job is expected to be complete, and so when it is worth asking again.
//!
//! An estimate is made of what is stored: when the stage at work last moved, how fast its segments have
//! gone by, and how long stages take on a laptop. So it stays the same between two changes of the job,
//! and with it the resource and its entity tag. Only an estimate that has passed is made anew, by
//! multiplying what was expected: that is as many times as the logarithm of the delay. By four and not by
//! two: what waits in a line behind others would change more often by its estimate than by its work.

use domain::ids::Stage;
use domain::state::{StageTime, Turn, TurnPhase};
use domain::time::Instant;

use crate::progress::current_stage;
use crate::view::View;

/// Microseconds in a second.
const SECOND_US: i64 = 1_000_000;
/// Bytes `split` reads in a second.
const SPLIT_BYTES_PER_SECOND: i64 = 50_000_000;
/// Records `ingest` takes in a second, all its workers together.
const INGEST_RECORDS_PER_SECOND: i64 = 10_000;
/// A request to a price source, the global limit included.
const PRICE_REQUEST_US: i64 = 2 * SECOND_US;
/// A segment of 20,000 rows in `reconcile`.
const RECONCILE_SEGMENT_US: i64 = SECOND_US;
/// A segment of 20,000 rows in `metrics`.
const METRICS_SEGMENT_US: i64 = 2 * SECOND_US;
/// By how much longer than was expected a job is taken to need once that has passed.
const LONGER: i64 = 4;
/// The messages a stage takes whatever there is to do.
const STAGE_US: i64 = SECOND_US / 2;

/// When a job is expected to be complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The instant, on a whole second; never before the one it was asked at.
    pub at: Instant,
    /// The stage whose speed it is taken from: the one at work.
    pub stage: Stage,
    /// What was expected to be left when that stage last moved, in microseconds.
    pub left_us: i64,
}

impl Estimate {
    /// The estimate for a job at work; `None` for one that waits for its file or has ended.
    #[must_use]
    pub fn of(view: &View, now: Instant) -> Option<Self> {
        let standing = view.job.value.standing(view.turn.as_ref());
        if standing.is_terminal() {
            return None;
        }
        let stage = current_stage(view)?;
        let (since, mut left_us) = left_of(view, stage);
        for later in Stage::ALL.into_iter().filter(|later| *later > stage) {
            left_us = left_us.saturating_add(usual(view, later));
        }
        while left_us < i64::MAX && since.plus_us(left_us) < now {
            left_us = left_us.saturating_mul(LONGER);
        }
        let at = since.plus_us(left_us);
        Some(Self {
            at: at.plus_us((-at.0).rem_euclid(SECOND_US)),
            stage,
            left_us,
        })
    }
}

/// When it is worth asking again, in seconds; `None` when the job has ended. Nobody watches the last of
/// something long by the second: 2 when less than a minute was left, 10 up to ten minutes, then 30.
/// While the file is awaited, its age counts.
#[must_use]
pub fn poll_after(view: &View, estimate: Option<Estimate>, now: Instant) -> Option<u32> {
    let job = &view.job.value;
    let age = now.0.saturating_sub(job.created_at.0);
    if job.standing(view.turn.as_ref()).is_terminal() {
        return None;
    }
    let span = estimate.map_or(age, |estimate| estimate.left_us);
    Some(match span / SECOND_US {
        ..60 => 2,
        60..600 => 10,
        600.. => 30,
    })
}

/// When the stage at work last moved, and what was left of it then.
fn left_of(view: &View, stage: Stage) -> (Instant, i64) {
    let usual = usual(view, stage);
    let turn = turn_in_force(view);
    if let Some((moved_at, left_us)) = turn.and_then(|turn| measured(turn, stage)) {
        return (moved_at, left_us);
    }
    let since = time_of(view, stage).map_or(view.job.value.updated_at, |time| time.started_at);
    (since, usual)
}

/// What is left of a fold by how fast its segments have gone by, once one has.
fn measured(turn: &Turn, stage: Stage) -> Option<(Instant, i64)> {
    let cursor = match turn.folding()? {
        Stage::Reconcile => turn.reconcile_cursor,
        _ => turn.metrics_cursor,
    };
    let folded = i64::from(cursor.checked_sub(turn.restart)?);
    if folded == 0 || turn.folding() != Some(stage) {
        return None;
    }
    let took_us = turn.updated_at.0 - turn.times.of(stage)?.started_at.0;
    let left = i64::from(turn.segments?.saturating_sub(cursor));
    let left_us = took_us.max(1).saturating_mul(left) / folded;
    Some((turn.updated_at, left_us.saturating_add(STAGE_US)))
}

/// How long a stage takes on what there is to do, in microseconds.
fn usual(view: &View, stage: Stage) -> i64 {
    let upload = view.job.value.upload();
    let size = upload.map_or(0, |upload| i64::try_from(upload.size).unwrap_or(i64::MAX));
    let records = upload.and_then(|upload| upload.records);
    // Until the records are counted, a record is taken for 100 bytes long.
    let records = records.map_or(size / 100, |records| {
        i64::try_from(records).unwrap_or(i64::MAX)
    });
    let segments = turn_in_force(view).and_then(|turn| turn.segments?.checked_sub(turn.restart));
    let segments = segments.map_or(1 + records / 20_000, i64::from);
    let requests = view.price.as_ref().map_or(1, |set| i64::from(set.total));
    let work = match stage {
        Stage::Split => size.saturating_mul(SECOND_US) / SPLIT_BYTES_PER_SECOND,
        Stage::Ingest => records.saturating_mul(SECOND_US) / INGEST_RECORDS_PER_SECOND,
        Stage::Price => requests.saturating_mul(PRICE_REQUEST_US),
        Stage::Reconcile => segments.saturating_mul(RECONCILE_SEGMENT_US),
        Stage::Metrics => segments.saturating_mul(METRICS_SEGMENT_US),
    };
    work.saturating_add(STAGE_US)
}

/// When a stage of the job was at work; of a turn that failed and left its jobs to others, nothing.
#[must_use]
pub fn time_of(view: &View, stage: Stage) -> Option<StageTime> {
    match stage {
        Stage::Split | Stage::Ingest => view.job.value.times.of(stage),
        Stage::Price | Stage::Reconcile | Stage::Metrics => turn_in_force(view)?.times.of(stage),
    }
}

fn turn_in_force(view: &View) -> Option<&Turn> {
    let turn = view.turn.as_ref()?;
    let left = matches!(turn.phase, TurnPhase::Failed { requeued: true, .. });
    (!left).then_some(turn)
}
