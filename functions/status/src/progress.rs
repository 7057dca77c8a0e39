//! How far a job is, stage by stage.

use domain::ids::Stage;
use domain::state::{DoneSet, JobPhase, Standing, TurnPhase};
use serde::Serialize;

use crate::estimate::time_of;
use crate::view::View;

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Not begun.
    Pending,
    /// At work.
    Running,
    /// Every batch is done, or there was nothing to do.
    Done,
    /// The job failed here.
    Failed,
    /// The job was cancelled here.
    Cancelled,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageProgress {
    /// Its name.
    pub name: &'static str,
    /// How far it is.
    pub state: StageState,
    /// Batches done. Segments that an earlier revision already has count as done.
    pub done: u32,
    /// Batches there are; 0 until they are planned, and when there is nothing to do.
    pub total: u32,
    /// Batches given up.
    pub failed: u32,
    /// When it began, RFC 3339; of a stage that was repeated, its latest attempt.
    pub started_at: Option<String>,
    /// When it ended, well or not.
    pub finished_at: Option<String>,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// 0 to 100; 100 only when the job is completed.
    pub percent: u32,
    /// What is happening, in words.
    pub message: String,
    /// The stages the job passes, in order.
    pub stages: Vec<StageProgress>,
}

/// The stage at work, or the one that failed or was cancelled; absent while the job waits for its file, and at its
/// good end.
#[must_use]
pub fn current_stage(view: &View) -> Option<Stage> {
    let job = &view.job.value;
    match job.standing(view.turn.as_ref()) {
        Standing::Completed { .. } | Standing::Expired => return None,
        Standing::AwaitingUpload
        | Standing::Running
        | Standing::Failed(_)
        | Standing::Cancelled => {}
    }
    match &job.phase {
        // A retried split works on a file that is there.
        JobPhase::AwaitingUpload => (job.generation.0 > 1).then_some(Stage::Split),
        JobPhase::Ingesting => Some(Stage::Ingest),
        JobPhase::AwaitingTurn => Some(Stage::Price),
        JobPhase::InTurn { .. } => Some(turn_stage(view)),
        JobPhase::Failed { .. } | JobPhase::Cancelled => Some(match &view.ingest {
            Some(set) if set.is_full() && set.failed.is_empty() => Stage::Price,
            Some(_) => Stage::Ingest,
            None if job.upload().is_some() => Stage::Split,
            None => Stage::Price,
        }),
        JobPhase::Expired => None,
    }
}

fn turn_stage(view: &View) -> Stage {
    let Some(turn) = &view.turn else {
        return Stage::Price;
    };
    match &turn.phase {
        TurnPhase::Beginning | TurnPhase::Pricing | TurnPhase::Failed { requeued: true, .. } => {
            Stage::Price
        }
        TurnPhase::Planning | TurnPhase::Reconciling => Stage::Reconcile,
        TurnPhase::Measuring | TurnPhase::Publishing | TurnPhase::Completed => Stage::Metrics,
        // The phase it failed in is gone; its joins tell.
        TurnPhase::Failed {
            requeued: false, ..
        } => match (&view.price, &view.reconcile) {
            (_, Some(set)) if set.is_full() => Stage::Metrics,
            (_, Some(_)) => Stage::Reconcile,
            (Some(set), None) if set.is_full() => Stage::Reconcile,
            (_, None) => Stage::Price,
        },
    }
}

impl Progress {
    /// The progress of a job, with the words for it.
    #[must_use]
    pub fn of(view: &View, message: String) -> Self {
        let standing = view.job.value.standing(view.turn.as_ref());
        let current = current_stage(view);
        let mut percent = 0;
        let mut stages = Vec::new();
        for &(stage, weight) in weights(view.job.value.upload().is_some()) {
            let progress = stage_progress(view, stage, current, &standing);
            percent += match progress.state {
                StageState::Done => weight,
                StageState::Pending => 0,
                StageState::Running | StageState::Failed | StageState::Cancelled => {
                    weight * progress.done.min(progress.total) / progress.total.max(1)
                }
            };
            stages.push(progress);
        }
        let completed = matches!(standing, Standing::Completed { .. });
        Self {
            percent: if completed { 100 } else { percent.min(99) },
            message,
            stages,
        }
    }
}

/// The stages a job passes with their share of the whole in percent, as they take on a file of
/// 50,000 rows.
fn weights(has_file: bool) -> &'static [(Stage, u32)] {
    if has_file {
        &[
            (Stage::Split, 5),
            (Stage::Ingest, 45),
            (Stage::Price, 5),
            (Stage::Reconcile, 15),
            (Stage::Metrics, 30),
        ]
    } else {
        &[
            (Stage::Price, 10),
            (Stage::Reconcile, 30),
            (Stage::Metrics, 60),
        ]
    }
}

fn stage_progress(
    view: &View,
    stage: Stage,
    current: Option<Stage>,
    standing: &Standing<'_>,
) -> StageProgress {
    let state = match (standing, current) {
        (Standing::Completed { .. }, _) => StageState::Done,
        (_, None) => StageState::Pending,
        (_, Some(current)) if stage < current => StageState::Done,
        (Standing::Failed(_), Some(current)) if stage == current => StageState::Failed,
        (Standing::Cancelled, Some(current)) if stage == current => StageState::Cancelled,
        (_, Some(current)) if stage == current => StageState::Running,
        (_, Some(_)) => StageState::Pending,
    };
    let (done, total, failed) = match stage {
        Stage::Split => (
            u32::from(state == StageState::Done),
            1,
            u32::from(state == StageState::Failed),
        ),
        Stage::Ingest => batches(view.ingest.as_ref()),
        Stage::Price => batches(in_force(view, view.price.as_ref())),
        Stage::Reconcile => batches(in_force(view, view.reconcile.as_ref())),
        Stage::Metrics => batches(in_force(view, view.metrics.as_ref())),
    };
    let time = time_of(view, stage);
    StageProgress {
        name: stage.name(),
        state,
        done,
        total,
        failed,
        started_at: time.map(|time| time.started_at.to_string()),
        finished_at: time.and_then(|time| Some(time.finished_at?.to_string())),
    }
}

/// The joins of a failed turn say nothing of the turn that its jobs wait for.
fn in_force<'a>(view: &View, set: Option<&'a DoneSet>) -> Option<&'a DoneSet> {
    let requeued = view
        .turn
        .as_ref()
        .is_some_and(|turn| matches!(turn.phase, TurnPhase::Failed { requeued: true, .. }));
    set.filter(|_| !requeued)
}

fn batches(set: Option<&DoneSet>) -> (u32, u32, u32) {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    set.map_or((0, 0, 0), |set| {
        (count(set.done.len()), set.total, count(set.failed.len()))
    })
}
