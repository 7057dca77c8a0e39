//! What a client sees of the job routes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::ids::{Stage, TenantId, TurnId};
use domain::message::{Envelope, Queue, Task};
use domain::state::{
    BatchOutcome, Change, DoneSet, ErrorClass, ExportOrder, Job, JobKind, JobPhase, TurnPhase,
};
use domain::time::Instant;
use domain::webhook::Reach;
use http_body_util::BodyExt;
use ports::state::load;
use ports::testing::{
    CountingIds, CountingSecrets, MemoryObjects, MemoryState, PlainSigner, SentMessages, SetClock,
};
use ports::{DoneSets, StateStore};
use serde_json::Value;
use tower::ServiceExt;

use crate::resource_tests::{error, id, owner, turn, upload};
use crate::{Deps, router};

pub(crate) struct World {
    pub(crate) state: Arc<MemoryState>,
    pub(crate) sent: Arc<SentMessages>,
    pub(crate) objects: Arc<MemoryObjects>,
    router: Router,
}

impl World {
    pub(crate) async fn with(kind: JobKind, phase: JobPhase) -> Self {
        let state = Arc::new(MemoryState::default());
        let sent = Arc::new(SentMessages::default());
        let objects = Arc::new(MemoryObjects::default());
        let now = Instant(1_700_000_000_000_000);
        let deps = Deps {
            state: state.clone(),
            done_sets: state.clone(),
            sender: sent.clone(),
            objects: objects.clone(),
            signer: Arc::new(PlainSigner),
            clock: Arc::new(SetClock::at(now)),
            ids: Arc::new(CountingIds::default()),
            secrets: Arc::new(CountingSecrets::default()),
            reach: Reach::Public,
        };
        let job = Job::new(id(9), owner(), kind, phase, now);
        state
            .commit(&[Change::insert(&job).unwrap()])
            .await
            .unwrap();
        Self {
            state,
            sent,
            objects,
            router: router(Arc::new(deps)),
        }
    }

    /// A completed upload of three records in one chunk.
    pub(crate) async fn completed() -> Self {
        let world = Self::with(upload(Some(3)), JobPhase::InTurn { turn: TurnId(4) }).await;
        world
            .state
            .commit(&[Change::insert(&turn(TurnPhase::Completed)).unwrap()])
            .await
            .unwrap();
        world.chunks_done().await;
        world
    }

    pub(crate) async fn chunks_done(&self) {
        let set = DoneSet::of_job(id(9), &owner(), Stage::Ingest, 1);
        let (key, generation) = (set.key(), set.generation);
        self.state.commit(&[Change::InsertSet(set)]).await.unwrap();
        let counts = domain::counts::RowCounts {
            accepted: 2,
            rejected: 1,
            ..Default::default()
        };
        self.state
            .record(&key, generation, 0, BatchOutcome::Done(counts))
            .await
            .unwrap();
    }

    pub(crate) async fn send(
        &self,
        tenant: &str,
        method: &str,
        path: &str,
        headers: &[(header::HeaderName, &str)],
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(tenant.parse::<TenantId>().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            headers,
            serde_json::from_slice(&bytes).unwrap_or_default(),
        )
    }

    pub(crate) async fn ask(&self, method: &str, path: &str) -> (StatusCode, HeaderMap, Value) {
        self.send("local", method, &format!("/v1/jobs/{}{path}", id(9)), &[])
            .await
    }
}

#[tokio::test]
async fn a_job_is_answered_with_a_tag_and_304_to_who_holds_it() {
    let world = World::with(upload(None), JobPhase::AwaitingUpload).await;
    let (status, headers, body) = world.ask("GET", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["state"], "awaiting_upload");
    assert_eq!(body["counts"]["total"], 0);
    assert_eq!(headers[header::RETRY_AFTER], "2");
    let tag = headers[header::ETAG].to_str().unwrap();
    let path = format!("/v1/jobs/{}", id(9));
    let (status, headers, _) = world
        .send("local", "GET", &path, &[(header::IF_NONE_MATCH, tag)])
        .await;
    assert_eq!(status, StatusCode::NOT_MODIFIED);
    assert_eq!(headers[header::ETAG], tag);
}

#[tokio::test]
async fn an_unknown_a_foreign_and_a_malformed_id_are_answered_alike() {
    let world = World::with(upload(None), JobPhase::AwaitingUpload).await;
    let mut answers = Vec::new();
    for (tenant, path) in [
        ("local", format!("/v1/jobs/{}", id(8))),
        ("stranger", format!("/v1/jobs/{}", id(9))),
        ("local", "/v1/jobs/nonsense".to_owned()),
    ] {
        let (status, _, body) = world.send(tenant, "GET", &path, &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        answers.push(body);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let (status, ..) = world
        .send("stranger", "POST", &format!("/v1/jobs/{}/undo", id(9)), &[])
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_failed_job_is_retried_once() {
    let world = World::with(
        upload(None),
        JobPhase::Failed {
            error: error(ErrorClass::Transient),
        },
    )
    .await;
    let (status, headers, body) = world.ask("POST", "/retry").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        headers[header::LOCATION],
        format!("/v1/jobs/{}", id(9)).as_str()
    );
    assert_eq!(body["stage"], "split");
    assert_eq!(world.sent.all()[0].0, Queue::Split);
    let (status, _, body) = world.ask("POST", "/retry").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(body["code"], "retry_not_allowed");
}

#[tokio::test]
async fn a_file_at_fault_is_not_retried_and_the_user_is_told_what_to_do() {
    let world = World::with(
        upload(None),
        JobPhase::Failed {
            error: error(ErrorClass::Data),
        },
    )
    .await;
    let (status, _, body) = world.ask("POST", "/retry").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(body["detail"].as_str().unwrap().contains("upload it anew"));
}

#[tokio::test]
async fn a_completed_upload_is_undone_once_by_a_job_of_its_own() {
    let world = World::completed().await;
    world.state.conflict_next(1);
    let (status, headers, body) = world.ask("POST", "/undo").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(body["kind"], "undo");
    assert_eq!(body["undoes"], id(9).to_string());
    let location = headers[header::LOCATION].to_str().unwrap();
    assert_eq!(
        location,
        format!("/v1/jobs/{}", body["job_id"].as_str().unwrap())
    );
    assert_eq!(world.sent.all()[0].0, Queue::Price);
    let (_, _, undone) = world.ask("GET", "").await;
    assert_eq!(undone["undone_by"], body["job_id"]);
    let (status, _, body) = world.ask("POST", "/undo").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &Value::from("already_undone"))
    );
    assert_eq!(world.state.of_kind("job").len(), 2);
}

#[tokio::test]
async fn what_is_not_completed_cannot_be_undone() {
    for phase in [
        JobPhase::Ingesting,
        JobPhase::Failed {
            error: error(ErrorClass::Data),
        },
    ] {
        let world = World::with(upload(Some(3)), phase).await;
        let (status, _, body) = world.ask("POST", "/undo").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::CONFLICT, &Value::from("not_completed"))
        );
    }
    let world = World::with(JobKind::Undo { of: id(3) }, JobPhase::AwaitingTurn).await;
    let (_, _, body) = world.ask("POST", "/undo").await;
    assert_eq!(body["code"], "not_an_upload");
}

#[tokio::test]
async fn rejects_are_ordered_once_and_then_answered_by_a_signed_url() {
    let world = World::completed().await;
    for _ in 0..2 {
        let (status, headers, _) = world.ask("GET", "/rejects").await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert!(headers.contains_key(header::RETRY_AFTER));
    }
    let sent = world.sent.all();
    assert_eq!(sent.len(), 1);
    let envelope = Envelope::parse(&sent[0].1).unwrap();
    let Task::Rejects { job, generation } = envelope.task else {
        unreachable!("an order of rejects")
    };
    assert_eq!(job, id(9));

    let key = domain::keys::rejects(&owner(), job, generation);
    let order = load::<ExportOrder>(world.state.as_ref(), &ExportOrder::key_of(&owner(), &key))
        .await
        .unwrap()
        .unwrap();
    world
        .state
        .commit(&order.written().unwrap().unwrap().changes)
        .await
        .unwrap();
    let (status, headers, _) = world.ask("GET", "/rejects").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(
        headers[header::LOCATION],
        format!("get:{key}?as=a.rejects.csv").as_str()
    );
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn there_are_no_rejects_before_the_file_is_read() {
    let world = World::with(upload(Some(3)), JobPhase::Ingesting).await;
    let (status, _, body) = world.ask("GET", "/rejects").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &Value::from("not_read_yet"))
    );
    let world = World::with(
        upload(None),
        JobPhase::Failed {
            error: error(ErrorClass::Data),
        },
    )
    .await;
    let (status, _, body) = world.ask("GET", "/rejects").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &Value::from("no_rejects_file"))
    );
}
