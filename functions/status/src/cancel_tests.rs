//! What a client is told who cancels a job, and what is left of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::{StatusCode, header};
use domain::ids::{Generation, JobId, TurnId};
use domain::message::{Envelope, Queue, Task};
use domain::state::{
    AwaitedUpload, Change, Document, Job, JobKind, JobPhase, TurnPhase, TurnRequest, Versioned,
};
use ports::StateStore;
use ports::state::load;
use serde_json::Value;

use crate::handler_tests::World;
use crate::resource_tests::{NOW, error, id, owner, turn, upload};
use domain::state::ErrorClass;

impl World {
    async fn job(&self, id: JobId) -> Versioned<Job> {
        let key = Job::key_of(&owner().tenant, id);
        load(self.state.as_ref(), &key).await.unwrap().unwrap()
    }

    async fn has(&self, key: domain::state::Key) -> bool {
        self.state.get(&key).await.unwrap().is_some()
    }

    /// Points the world's job to a turn in this phase.
    async fn turned(kind: JobKind, phase: TurnPhase) -> Self {
        let world = Self::with(kind, JobPhase::InTurn { turn: TurnId(4) }).await;
        let insert = Change::insert(&turn(phase)).unwrap();
        world.state.commit(&[insert]).await.unwrap();
        world
    }
}

fn is(answer: &(StatusCode, axum::http::HeaderMap, Value), status: StatusCode, result: &str) {
    assert_eq!((answer.0, &answer.2["result"]), (status, &result.into()));
}

#[tokio::test]
async fn a_job_before_its_turn_is_cancelled_at_any_stage_and_told_once() {
    for phase in [
        JobPhase::AwaitingUpload,
        JobPhase::Ingesting,
        JobPhase::AwaitingTurn,
    ] {
        let world = World::with(upload(None), phase).await;
        let request = TurnRequest {
            owner: owner(),
            job: id(9),
            alone: false,
            asked_at: NOW,
        };
        let awaited = AwaitedUpload {
            owner: owner(),
            job: id(9),
            signed_at: NOW,
        };
        let request = Change::insert(&request).unwrap();
        let kept = [request.clone(), Change::insert(&awaited).unwrap()];
        world.state.commit(&kept).await.unwrap();
        world.state.conflict_next(1);
        let answer = world.ask("DELETE", "").await;
        is(&answer, StatusCode::OK, "cancelled");
        let job = &answer.2["job"];
        assert_eq!(
            (&job["state"], &job["is_terminal"]),
            (&"cancelled".into(), &true.into())
        );
        assert_eq!(
            (&job["links"]["cancel"], &job["retry_allowed"]),
            (&Value::Null, &false.into())
        );
        assert_eq!(world.job(id(9)).await.value.phase, JobPhase::Cancelled);
        assert!(!world.has(request.key()).await, "it asks for no turn");
        is(&world.ask("DELETE", "").await, StatusCode::OK, "cancelled");
        let told = world.sent.all();
        assert_eq!(told.len(), 1, "delivered twice it is told once");
        let generation = Generation::FIRST;
        let end = Task::Ended {
            job: id(9),
            generation,
        };
        let task = Envelope::parse(&told[0].1).unwrap().task;
        assert_eq!((told[0].0, task), (Queue::Notify, end));
        let (status, _, body) = world.ask("POST", "/retry").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::CONFLICT, &"retry_not_allowed".into())
        );
    }
}

#[tokio::test]
async fn a_waiting_upload_is_no_longer_awaited() {
    let world = World::with(upload(None), JobPhase::AwaitingUpload).await;
    let awaited = AwaitedUpload {
        owner: owner(),
        job: id(9),
        signed_at: NOW,
    };
    let insert = Change::insert(&awaited).unwrap();
    world.state.commit(&[insert]).await.unwrap();
    is(&world.ask("DELETE", "").await, StatusCode::OK, "cancelled");
    assert!(!world.has(awaited.key()).await);
}

#[tokio::test]
async fn an_upload_that_a_turn_has_is_taken_out_by_the_next() {
    let world = World::turned(upload(Some(3)), TurnPhase::Measuring).await;
    world.chunks_done().await;
    let first = world.ask("DELETE", "").await;
    is(&first, StatusCode::ACCEPTED, "undo_requested");
    let undo: JobId = first.2["undo_job_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(first.1[header::LOCATION], format!("/v1/jobs/{undo}"));
    assert_eq!(first.2["job"]["undone_by"], undo.to_string());
    assert_eq!(
        world.job(undo).await.value.kind,
        JobKind::Undo { of: id(9) }
    );
    let again = world.ask("DELETE", "").await;
    assert_eq!(again.2["undo_job_id"], first.2["undo_job_id"]);
}

#[tokio::test]
async fn an_undo_that_is_cancelled_leaves_its_upload_as_it_was() {
    let world = World::completed().await;
    let (_, _, undo) = world.ask("POST", "/undo").await;
    let path = undo["links"]["cancel"].as_str().unwrap();
    let answer = world.send("local", "DELETE", path, &[]).await;
    is(&answer, StatusCode::OK, "cancelled");
    assert!(!world.job(id(9)).await.value.is_undone());
    let (status, ..) = world.ask("POST", "/undo").await;
    assert_eq!(status, StatusCode::ACCEPTED, "it can be undone again");
}

#[tokio::test]
async fn a_job_whose_turn_failed_and_left_it_to_another_is_cancelled_at_once() {
    let requeued = TurnPhase::Failed {
        error: error(ErrorClass::Internal),
        requeued: true,
    };
    let world = World::turned(upload(Some(3)), requeued).await;
    is(&world.ask("DELETE", "").await, StatusCode::OK, "cancelled");
}

#[tokio::test]
async fn what_has_ended_or_cannot_be_taken_back_is_refused_and_changes_nothing() {
    let failed = JobPhase::Failed {
        error: error(ErrorClass::Transient),
    };
    let undo = JobKind::Undo { of: id(3) };
    for (world, code) in [
        (World::completed().await, "already_ended"),
        (World::with(upload(None), failed).await, "already_ended"),
        (
            World::with(upload(None), JobPhase::Expired).await,
            "already_ended",
        ),
        (
            World::turned(undo, TurnPhase::Pricing).await,
            "already_begun",
        ),
    ] {
        let before = world.job(id(9)).await;
        let (status, _, body) = world.ask("DELETE", "").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::CONFLICT, &code.into())
        );
        assert_eq!(world.job(id(9)).await, before);
        let (_, _, job) = world.ask("GET", "").await;
        assert_eq!(job["links"]["cancel"], Value::Null);
    }
    let world = World::completed().await;
    let path = format!("/v1/jobs/{}", id(9));
    let (status, ..) = world.send("stranger", "DELETE", &path, &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "I8");
}
