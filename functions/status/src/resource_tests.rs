//! What a job looks like in every phase.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::counts::RowCounts;
use domain::ids::{Generation, JobId, LedgerRef, Stage, TurnId};
use domain::settings::ParseOptions;
use domain::state::{
    BatchFailure, DoneSet, ErrorClass, Job, JobError, JobKind, JobPhase, JobState, Turn, TurnPhase,
    Upload, Version, Versioned,
};
use domain::time::Instant;
use proptest::prelude::*;

use crate::progress::StageState;
use crate::resource::JobResource;
use crate::view::View;

pub(crate) const NOW: Instant = Instant(1_700_000_000_000_000);

pub(crate) fn owner() -> LedgerRef {
    LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    }
}

pub(crate) fn id(n: u8) -> JobId {
    JobId::new(1_700_000_000_000, &[n; 10])
}

pub(crate) fn upload(records: Option<u64>) -> JobKind {
    JobKind::Upload(Upload {
        filename: "a.csv".to_owned(),
        size: 100,
        sha256: "00".repeat(32),
        options: ParseOptions::default(),
        object_key: domain::keys::upload(&owner(), id(1)),
        expires_at: NOW,
        records,
        object_version: records.map(|_| "1".to_owned()),
        undone_by: None,
        parts: None,
        slot: None,
    })
}

pub(crate) fn turn(phase: TurnPhase) -> Turn {
    Turn {
        id: TurnId(4),
        owner: owner(),
        phase,
        jobs: vec![id(1)],
        base: None,
        segments: None,
        restart: 0,
        reconcile_cursor: 0,
        metrics_cursor: 0,
        results: Vec::new(),
        started_at: NOW,
        updated_at: NOW,
        times: domain::state::StageTimes::default(),
        correlation: "main.4".to_owned(),
    }
}

pub(crate) fn error(class: ErrorClass) -> JobError {
    JobError {
        class,
        code: "broke".to_owned(),
        message: "it broke at line 3".to_owned(),
    }
}

pub(crate) fn set(stage: Stage, total: u32, done: u32, counts: RowCounts) -> DoneSet {
    let mut set = DoneSet::of_job(id(1), &owner(), stage, total);
    set.done = (0..done).map(|batch| (batch, Generation::FIRST)).collect();
    set.counts = counts;
    set
}

pub(crate) fn view(kind: JobKind, phase: JobPhase) -> View {
    let value = Job::new(id(1), owner(), kind, phase, NOW);
    let job = Versioned {
        value,
        version: Version(1),
    };
    View {
        job,
        ingest: None,
        turn: None,
        price: None,
        reconcile: None,
        metrics: None,
    }
}

/// An upload of ten records, all read: seven rows, two refused, one blank.
pub(crate) fn in_turn(phase: TurnPhase) -> View {
    let mut view = view(upload(Some(10)), JobPhase::InTurn { turn: TurnId(4) });
    let counts = RowCounts {
        accepted: 7,
        rejected: 2,
        ignored: 1,
        ..RowCounts::default()
    };
    view.ingest = Some(set(Stage::Ingest, 2, 2, counts));
    view.turn = Some(turn(phase));
    view
}

fn shown(view: &View) -> JobResource {
    let resource = JobResource::of(view, NOW.plus_us(5_000_000));
    adds_up(&resource);
    resource
}

fn adds_up(resource: &JobResource) {
    let counts = resource.counts;
    let sum = counts.accepted
        + counts.duplicate
        + counts.rejected
        + counts.ignored
        + counts.failed
        + counts.pending;
    assert_eq!(counts.total, sum, "I3: {counts:?}");
    assert!(
        !resource.is_terminal || counts.pending == 0,
        "I3: {counts:?}"
    );
    assert_eq!(resource.is_terminal, resource.poll_after_seconds.is_none());
    let completed = matches!(
        resource.state,
        JobState::Completed | JobState::CompletedWithWarnings
    );
    assert_eq!(completed, resource.progress.percent == 100);
}

fn stage(resource: &JobResource, stage: Stage) -> (StageState, u32, u32, u32) {
    let found = resource
        .progress
        .stages
        .iter()
        .find(|at| at.name == stage.name())
        .unwrap();
    (found.state, found.done, found.total, found.failed)
}

#[test]
fn a_job_that_waits_for_its_file_has_no_counts_yet() {
    let resource = shown(&view(upload(None), JobPhase::AwaitingUpload));
    assert_eq!(resource.state, JobState::AwaitingUpload);
    assert_eq!(resource.stage, None);
    assert_eq!(resource.counts.total, 0);
    assert_eq!(resource.progress.percent, 0);
    assert_eq!(resource.progress.stages.len(), 5);
    assert_eq!(resource.poll_after_seconds, Some(2));
}

#[test]
fn a_job_that_is_read_shows_its_chunks_and_what_is_pending() {
    let mut view = view(upload(Some(10)), JobPhase::Ingesting);
    view.ingest = Some(set(
        Stage::Ingest,
        2,
        1,
        RowCounts {
            accepted: 4,
            rejected: 1,
            ..RowCounts::default()
        },
    ));
    let resource = shown(&view);
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Running, Some("ingest"))
    );
    assert_eq!(stage(&resource, Stage::Split), (StageState::Done, 1, 1, 0));
    assert_eq!(
        stage(&resource, Stage::Ingest),
        (StageState::Running, 1, 2, 0)
    );
    assert_eq!(resource.counts.pending, 5);
    assert_eq!(resource.progress.percent, 27);
    assert_eq!(resource.progress.message, "reading rows: 1 of 2 chunks");
}

#[test]
fn a_job_that_waits_for_its_turn_is_running() {
    let mut view = in_turn(TurnPhase::Beginning);
    view.job.value.phase = JobPhase::AwaitingTurn;
    view.turn = None;
    let resource = shown(&view);
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Running, Some("price"))
    );
    assert_eq!(stage(&resource, Stage::Ingest), (StageState::Done, 2, 2, 0));
    assert_eq!(
        resource.progress.message,
        "waiting for its turn of the ledger"
    );
}

#[test]
fn each_phase_of_the_turn_is_a_stage_of_the_job() {
    let expected = [
        (TurnPhase::Beginning, "price"),
        (TurnPhase::Pricing, "price"),
        (TurnPhase::Planning, "reconcile"),
        (TurnPhase::Reconciling, "reconcile"),
        (TurnPhase::Measuring, "metrics"),
        (TurnPhase::Publishing, "metrics"),
    ];
    let mut percent = 0;
    for (phase, name) in expected {
        let resource = shown(&in_turn(phase));
        assert_eq!(
            (resource.state, resource.stage),
            (JobState::Running, Some(name))
        );
        assert!(resource.progress.percent >= percent);
        percent = resource.progress.percent;
    }
}

#[test]
fn a_completed_job_takes_its_duplicates_from_the_turn() {
    let mut view = in_turn(TurnPhase::Completed);
    let turn = view.turn.as_mut().unwrap();
    turn.results = vec![(id(1), 5, 2)];
    turn.segments = Some(6);
    turn.restart = 4;
    let resource = shown(&view);
    assert_eq!(resource.state, JobState::CompletedWithWarnings);
    assert_eq!(
        (resource.counts.accepted, resource.counts.duplicate),
        (5, 2)
    );
    assert_eq!(resource.warnings[0].code, "rejected_records");
    assert_eq!(resource.revision, Some(4));
    let segments = resource.segments.unwrap();
    assert_eq!((segments.total, segments.recomputed), (6, 2));
    assert_eq!(
        resource.links.undo,
        Some(format!("/v1/jobs/{}/undo", id(1)))
    );
    assert_eq!(
        resource.links.rejects,
        Some(format!("/v1/jobs/{}/rejects", id(1)))
    );
}

#[test]
fn a_file_of_good_rows_completes_without_warnings() {
    let mut view = in_turn(TurnPhase::Completed);
    view.job.value.kind = upload(Some(7));
    view.ingest = Some(set(
        Stage::Ingest,
        1,
        1,
        RowCounts {
            accepted: 7,
            ..RowCounts::default()
        },
    ));
    let resource = shown(&view);
    assert_eq!(resource.state, JobState::Completed);
    assert!(resource.warnings.is_empty());
}

#[test]
fn a_file_without_records_and_one_of_duplicates_only_are_worth_a_warning() {
    let mut view = in_turn(TurnPhase::Completed);
    view.job.value.kind = upload(Some(0));
    view.ingest = Some(set(Stage::Ingest, 0, 0, RowCounts::default()));
    assert_eq!(shown(&view).warnings[0].code, "no_records");
    view.job.value.kind = upload(Some(3));
    view.ingest = Some(set(
        Stage::Ingest,
        1,
        1,
        RowCounts {
            accepted: 3,
            ..RowCounts::default()
        },
    ));
    view.turn.as_mut().unwrap().results = vec![(id(1), 0, 3)];
    assert_eq!(shown(&view).warnings[0].code, "only_duplicates");
}

#[test]
fn after_a_failed_turn_of_several_the_job_waits_for_its_own() {
    let mut view = in_turn(TurnPhase::Failed {
        error: error(ErrorClass::Internal),
        requeued: true,
    });
    view.reconcile = Some(set(Stage::Reconcile, 2, 1, RowCounts::default()));
    let resource = shown(&view);
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Running, Some("price"))
    );
    assert_eq!(
        stage(&resource, Stage::Reconcile),
        (StageState::Pending, 0, 0, 0)
    );
    assert!(!resource.retry_allowed);
}

#[test]
fn a_job_alone_in_a_failed_turn_failed_at_the_stage_its_joins_tell() {
    let mut view = in_turn(TurnPhase::Failed {
        error: error(ErrorClass::Internal),
        requeued: false,
    });
    view.price = Some(set(Stage::Price, 1, 1, RowCounts::default()));
    view.reconcile = Some(set(Stage::Reconcile, 2, 1, RowCounts::default()));
    view.metrics = Some(set(Stage::Metrics, 2, 0, RowCounts::default()));
    let resource = shown(&view);
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Failed, Some("reconcile"))
    );
    assert_eq!(stage(&resource, Stage::Reconcile).0, StageState::Failed);
    assert_eq!(
        resource.error.as_ref().unwrap().message,
        "it broke at line 3"
    );
    assert!(resource.retry_allowed);
    assert!(resource.links.retry.is_some() && resource.links.undo.is_none());
}

#[test]
fn a_job_with_failed_chunks_counts_their_records_as_failed() {
    let mut view = view(
        upload(Some(10)),
        JobPhase::Failed {
            error: error(ErrorClass::Transient),
        },
    );
    let mut chunks = set(
        Stage::Ingest,
        2,
        1,
        RowCounts {
            accepted: 6,
            failed: 4,
            ..RowCounts::default()
        },
    );
    let failure = BatchFailure {
        class: ErrorClass::Transient,
        code: "x".to_owned(),
        message: "y".to_owned(),
        records: 4,
    };
    chunks.failed.insert(1, failure);
    view.ingest = Some(chunks);
    let resource = shown(&view);
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Failed, Some("ingest"))
    );
    assert_eq!(
        stage(&resource, Stage::Ingest),
        (StageState::Failed, 1, 2, 1)
    );
    assert_eq!(resource.counts.failed, 4);
    assert!(resource.retry_allowed);
}

#[test]
fn a_file_at_fault_fails_in_split_and_cannot_be_retried() {
    let resource = shown(&view(
        upload(None),
        JobPhase::Failed {
            error: error(ErrorClass::Data),
        },
    ));
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Failed, Some("split"))
    );
    assert_eq!(
        stage(&resource, Stage::Split),
        (StageState::Failed, 0, 1, 1)
    );
    assert!(!resource.retry_allowed);
}

#[test]
fn a_retried_split_is_at_work_on_a_file_that_is_there() {
    let mut view = view(upload(None), JobPhase::AwaitingUpload);
    view.job.value.generation = Generation(2);
    let resource = shown(&view);
    assert_eq!(resource.stage, Some("split"));
    assert_eq!(resource.progress.message, "reading the file again");
}

#[test]
fn a_cancelled_job_shows_where_it_was_stopped_and_what_it_never_reached() {
    let mut view = view(upload(Some(10)), JobPhase::Cancelled);
    let counts = RowCounts {
        accepted: 4,
        ..RowCounts::default()
    };
    view.ingest = Some(set(Stage::Ingest, 2, 1, counts));
    let resource = shown(&view);
    assert_eq!(
        (resource.state, resource.stage),
        (JobState::Cancelled, Some("ingest"))
    );
    assert_eq!(
        stage(&resource, Stage::Ingest),
        (StageState::Cancelled, 1, 2, 0)
    );
    assert_eq!((resource.counts.accepted, resource.counts.failed), (4, 6));
    assert_eq!((resource.error, resource.links.cancel), (None, None));
}

#[test]
fn an_expired_upload_has_ended() {
    let resource = shown(&view(upload(None), JobPhase::Expired));
    assert_eq!(
        (resource.state, resource.is_terminal),
        (JobState::Expired, true)
    );
    assert!(!resource.retry_allowed);
}

#[test]
fn a_job_without_a_file_passes_the_stages_of_a_turn_only() {
    let mut view = view(
        JobKind::Undo { of: id(2) },
        JobPhase::InTurn { turn: TurnId(4) },
    );
    view.turn = Some(turn(TurnPhase::Completed));
    let resource = shown(&view);
    assert_eq!(
        (resource.kind, resource.state),
        ("undo", JobState::Completed)
    );
    assert_eq!(resource.undoes, Some(id(2)));
    let names: Vec<_> = resource
        .progress
        .stages
        .iter()
        .map(|stage| stage.name)
        .collect();
    assert_eq!(names, ["price", "reconcile", "metrics"]);
}

proptest! {
    #[test]
    fn counts_add_up_in_every_phase(
        accepted in 0u64..50, rejected in 0u64..50, ignored in 0u64..50, failed in 0u64..50, left in 0u64..50,
        duplicate in 0u64..50, phase in 0usize..7,
    ) {
        let counts = RowCounts { accepted, duplicate: 0, rejected, ignored, failed };
        let phases = [
            JobPhase::AwaitingUpload,
            JobPhase::Ingesting,
            JobPhase::AwaitingTurn,
            JobPhase::InTurn { turn: TurnId(4) },
            JobPhase::Failed { error: error(ErrorClass::Internal) },
            JobPhase::Expired,
            JobPhase::Cancelled,
        ];
        let mut view = view(upload(Some(counts.settled() + left)), phases[phase].clone());
        view.ingest = Some(set(Stage::Ingest, 2, 1, counts));
        let mut completed = turn(TurnPhase::Completed);
        let duplicate = duplicate.min(accepted);
        completed.results = vec![(id(1), accepted - duplicate, duplicate)];
        view.turn = Some(completed);
        adds_up(&JobResource::of(&view, NOW));
    }
}
