//! What is expected of jobs at work, and how often that changes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::counts::RowCounts;
use domain::ids::{Stage, TurnId};
use domain::state::{JobPhase, SplitFacts, TurnPhase, Version, Versioned};
use domain::time::Instant;
use proptest::prelude::*;

use crate::estimate::Estimate;
use crate::resource::JobResource;
use crate::resource_tests::{NOW, in_turn, set, turn, upload, view};
use crate::view::View;

fn seconds(after: i64) -> Instant {
    NOW.plus_us(after * 1_000_000)
}

/// An upload of `records` that `split` is done with at `NOW`.
fn at_ingest(records: u64) -> View {
    let mut view = view(upload(None), JobPhase::AwaitingUpload);
    let facts = SplitFacts {
        object_version: "1".to_owned(),
        records,
        chunks: 2,
        join: false,
    };
    let transition = view.job.split_done(&facts, NOW).unwrap().unwrap();
    let Some(domain::state::Change::Replace { body, .. }) = transition.changes.first() else {
        panic!("the job is written first");
    };
    view.job = Versioned {
        value: serde_json::from_str(body).unwrap(),
        version: Version(2),
    };
    view.ingest = Some(set(Stage::Ingest, 2, 0, RowCounts::default()));
    view
}

fn poll(view: &View, after: i64) -> Option<u32> {
    JobResource::of(view, seconds(after)).poll_after_seconds
}

#[test]
fn polling_follows_what_is_left_and_slows_down_when_it_takes_longer() {
    let short = at_ingest(10);
    assert_eq!(poll(&short, 0), Some(2));
    assert_eq!(poll(&short, 59), Some(10), "expected to take a minute more");
    assert_eq!(poll(&short, 3_600), Some(30));
    assert_eq!(poll(&at_ingest(600_000), 0), Some(10));
    let awaited = view(upload(None), JobPhase::AwaitingUpload);
    let polls = [0, 59, 60, 599, 600].map(|after| poll(&awaited, after));
    assert_eq!(polls, [Some(2), Some(2), Some(10), Some(10), Some(30)]);
}

#[test]
fn stages_tell_when_they_began_and_ended() {
    let resource = JobResource::of(&at_ingest(10), NOW);
    let times: Vec<_> = resource
        .progress
        .stages
        .iter()
        .map(|stage| (stage.started_at.is_some(), stage.finished_at.is_some()))
        .collect();
    assert_eq!(
        times,
        [
            (true, true),
            (true, false),
            (false, false),
            (false, false),
            (false, false)
        ]
    );
    assert_eq!(resource.estimated_from_stage, Some("ingest"));
    assert_eq!(
        resource.estimated_completion_at.unwrap(),
        "2023-11-14T22:13:28Z"
    );
}

#[test]
fn a_fold_is_expected_to_go_on_as_fast_as_it_went() {
    let mut view = in_turn(TurnPhase::Beginning);
    let mut at = |segments: u32, cursor: u32, updated_at: Instant| {
        let mut turn = Versioned {
            value: turn(TurnPhase::Planning),
            version: Version(1),
        };
        let planned = turn.planned(0, segments, NOW).unwrap().unwrap();
        let Some(domain::state::Change::Replace { body, .. }) = planned.changes.first() else {
            panic!("the turn is written first");
        };
        let mut begun: serde_json::Value = serde_json::from_str(body).unwrap();
        begun["times"] =
            serde_json::json!({"reconcile": {"started_at": NOW.0, "finished_at": null}});
        turn.value = serde_json::from_value(begun).unwrap();
        turn.value.reconcile_cursor = cursor;
        turn.value.updated_at = updated_at;
        view.turn = Some(turn.value);
        Estimate::of(&view, updated_at).unwrap()
    };
    let quick = at(10, 5, seconds(5));
    let slow = at(10, 5, seconds(50));
    assert_eq!(
        (quick.stage, slow.stage),
        (Stage::Reconcile, Stage::Reconcile)
    );
    let extra_us = slow.left_us - quick.left_us;
    assert_eq!(
        extra_us, 45_000_000,
        "five segments are left, each of nine seconds more"
    );
}

#[test]
fn a_job_that_waits_for_its_file_or_has_ended_is_not_estimated() {
    let awaited = view(upload(None), JobPhase::AwaitingUpload);
    assert_eq!(Estimate::of(&awaited, NOW), None);
    assert_eq!(Estimate::of(&in_turn(TurnPhase::Completed), NOW), None);
    let resource = JobResource::of(&in_turn(TurnPhase::Completed), NOW);
    assert_eq!(
        (
            resource.estimated_completion_at,
            resource.poll_after_seconds
        ),
        (None, None)
    );
}

proptest! {
    #[test]
    fn an_estimate_is_never_past_and_between_changes_it_moves_few_times_a_day(
        records in 0u64..600_000, polls in prop::collection::vec(0i64..100_000, 1..200),
        phase in 0usize..6,
    ) {
        let mut view = at_ingest(records);
        let phases = [
            None,
            Some(TurnPhase::Beginning),
            Some(TurnPhase::Pricing),
            Some(TurnPhase::Planning),
            Some(TurnPhase::Reconciling),
            Some(TurnPhase::Publishing),
        ];
        if let Some(phase) = phases[phase].clone() {
            view.job.value.phase = JobPhase::InTurn { turn: TurnId(4) };
            view.turn = Some(turn(phase));
        }
        let mut polls = polls;
        polls.sort_unstable();
        let mut bodies: Vec<String> = Vec::new();
        for after in polls {
            let now = seconds(after);
            let estimate = Estimate::of(&view, now).unwrap();
            prop_assert!(estimate.at >= now);
            bodies.push(serde_json::to_string(&JobResource::of(&view, now)).unwrap());
        }
        bodies.dedup();
        prop_assert!(bodies.len() <= 10, "{} bodies in a day", bodies.len());
    }
}
