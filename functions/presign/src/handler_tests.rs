//! What a client sees of `POST /v1/uploads`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::ids::{LedgerRef, TenantId, TurnId};
use domain::limits::UPLOAD_VALID_SECONDS;
use domain::state::{
    Change, ErrorClass, Job, JobError, JobKind, JobPhase, Turn, TurnPhase, Versioned,
};
use domain::time::Instant;
use http_body_util::BodyExt;
use ports::StateStore;
use ports::state::load;
use ports::testing::{CountingIds, MemoryMultipart, MemoryState, PlainSigner, SetClock};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::config::Bounds;
use crate::{Deps, router};

pub(crate) const SHA: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(crate) struct World {
    pub(crate) state: Arc<MemoryState>,
    pub(crate) multipart: Arc<MemoryMultipart>,
    pub(crate) clock: Arc<SetClock>,
    router: Router,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::within(Bounds::default())
    }

    pub(crate) fn within(bounds: Bounds) -> Self {
        let multipart = Arc::new(MemoryMultipart::default());
        let state = Arc::new(MemoryState::default());
        let clock = Arc::new(SetClock::at(Instant(1_700_000_000_000_000)));
        let deps = Deps {
            state: state.clone(),
            signer: Arc::new(PlainSigner),
            multipart: multipart.clone(),
            bounds,
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
        };
        Self {
            state,
            multipart,
            clock,
            router: router(Arc::new(deps)),
        }
    }

    pub(crate) async fn post(&self, tenant: &str, body: &Value) -> (StatusCode, Value) {
        self.ask("POST", "/v1/uploads", tenant, body.to_string())
            .await
    }

    /// Announces a file under an `Idempotency-Key`, as it stands in the header.
    pub(crate) async fn post_under(&self, key: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post("/v1/uploads").header("idempotency-key", key);
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.send(request, "local").await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        tenant: &str,
        body: String,
    ) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::from(body)).unwrap();
        self.send(request, tenant).await
    }

    async fn send(&self, mut request: Request<Body>, tenant: &str) -> (StatusCode, Value) {
        request
            .extensions_mut()
            .insert(tenant.parse::<TenantId>().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    pub(crate) async fn job(&self, id: &Value) -> Versioned<Job> {
        let key = Job::key_of(
            &"local".parse().unwrap(),
            id.as_str().unwrap().parse().unwrap(),
        );
        load::<Job>(self.state.as_ref(), &key)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn change(&self, id: &Value, change: impl Fn(&mut Job)) {
        let mut job = self.job(id).await;
        change(&mut job.value);
        self.state
            .commit(&[Change::replace(&job.value, job.version).unwrap()])
            .await
            .unwrap();
    }
}

fn file() -> Value {
    json!({"filename": "a.csv", "size": 12, "sha256": SHA})
}

#[tokio::test]
async fn a_new_file_gets_a_job_and_a_url_that_is_signed_for_it() {
    let world = World::new();
    let (status, answer) = world.post("local", &file()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        answer["status_url"],
        format!("/v1/jobs/{}", answer["job_id"].as_str().unwrap())
    );
    assert_eq!(answer["upload"]["mode"], "single");
    assert_eq!(answer["upload"]["headers"]["content-type"], "text/csv");
    assert_eq!(answer["upload"]["expires_at"], "2023-11-14T23:13:20Z");
    let job = world.job(&answer["job_id"]).await.value;
    assert_eq!(job.phase, JobPhase::AwaitingUpload);
    let upload = job.upload().unwrap();
    assert_eq!(
        answer["upload"]["url"],
        format!("put:{}", upload.object_key)
    );
    assert_eq!(upload.sha256, SHA);
}

#[tokio::test]
async fn the_same_file_again_gets_a_fresh_url_for_the_same_job() {
    let world = World::new();
    let (_, first) = world.post("local", &file()).await;
    world.clock.advance_us(60_000_000);
    let (status, second) = world.post("local", &file()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(second["job_id"], first["job_id"]);
    assert_eq!(second["deduplicated"], false);
    let upload = world
        .job(&first["job_id"])
        .await
        .value
        .upload()
        .unwrap()
        .clone();
    let valid = i64::from(UPLOAD_VALID_SECONDS) * 1_000_000;
    assert_eq!(upload.expires_at, Instant(1_700_000_060_000_000 + valid));
}

#[tokio::test]
async fn a_url_ends_when_it_is_told_to_and_its_job_waits_as_long_as_ever() {
    let world = World::within(Bounds {
        url_valid_seconds: 5,
        ..Bounds::default()
    });
    let (_, single) = world.post("local", &file()).await;
    assert_eq!(single["upload"]["expires_at"], "2023-11-14T22:13:25Z");
    let job = world.job(&single["job_id"]).await.value;
    let hour = i64::from(UPLOAD_VALID_SECONDS) * 1_000_000;
    let end = job.upload().unwrap().expires_at;
    assert_eq!(end, Instant(1_700_000_000_000_000 + hour));
    let mut large = file();
    large["size"] = json!(u64::from(Bounds::default().single_put_bytes) + 1);
    let (_, parts) = world.post("local", &large).await;
    assert_eq!(parts["upload"]["mode"], "multipart");
    assert_eq!(parts["upload"]["expires_at"], "2023-11-14T22:13:25Z");
    let (_, limits) = world.ask("GET", "/v1/limits", "local", String::new()).await;
    assert_eq!(limits["url_valid_seconds"], 5);
}

#[tokio::test]
async fn a_file_that_is_being_worked_on_is_not_uploaded_twice() {
    let world = World::new();
    let (_, first) = world.post("local", &file()).await;
    world
        .change(&first["job_id"], |job| job.phase = JobPhase::Ingesting)
        .await;
    let (status, second) = world.post("local", &file()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(second["job_id"], first["job_id"]);
    assert_eq!(second["deduplicated"], true);
    assert!(second.get("upload").is_none());
}

#[tokio::test]
async fn a_failed_expired_or_undone_job_gives_its_content_to_a_new_one() {
    let failed = || JobPhase::Failed {
        error: JobError {
            class: ErrorClass::Data,
            code: "x".to_owned(),
            message: "y".to_owned(),
        },
    };
    for phase in [failed(), JobPhase::Expired, JobPhase::Cancelled] {
        let world = World::new();
        let (_, first) = world.post("local", &file()).await;
        world
            .change(&first["job_id"], |job| job.phase = phase.clone())
            .await;
        let (status, second) = world.post("local", &file()).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_ne!(second["job_id"], first["job_id"]);
        let (_, third) = world.post("local", &file()).await;
        assert_eq!(third["job_id"], second["job_id"]);
    }
}

#[tokio::test]
async fn other_options_another_ledger_or_another_tenant_is_another_job() {
    let world = World::new();
    let (_, first) = world.post("local", &file()).await;
    let mut other = file();
    other["account"] = json!("Kraken");
    let mut elsewhere = file();
    elsewhere["ledger"] = json!("second");
    for (tenant, body) in [("local", other), ("local", elsewhere), ("stranger", file())] {
        let (status, answer) = world.post(tenant, &body).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_ne!(answer["job_id"], first["job_id"]);
    }
}

#[tokio::test]
async fn whoever_comes_second_in_a_race_decides_again() {
    let world = World::new();
    world.state.conflict_next(2);
    let (status, answer) = world.post("local", &file()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(world.state.of_kind("job").len(), 1);
    assert!(answer["job_id"].is_string());
}

#[tokio::test]
async fn an_upload_whose_split_is_retried_is_not_asked_for_again() {
    let world = World::new();
    let (_, first) = world.post("local", &file()).await;
    world
        .change(&first["job_id"], |job| {
            job.generation = job.generation.next()
        })
        .await;
    let (_, second) = world.post("local", &file()).await;
    assert_eq!(second["deduplicated"], true);
}

#[tokio::test]
async fn faults_come_as_a_problem_and_nothing_is_saved() {
    let world = World::new();
    let (status, answer) = world
        .post("local", &json!({"filename": "a.csv", "dry_run": true}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["code"], "invalid_request");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 3);
    assert!(world.state.of_kind("job").is_empty());
}

#[tokio::test]
async fn nobody_uploads_without_a_tenant() {
    let world = World::new();
    let request = Request::post("/v1/uploads")
        .body(Body::from(file().to_string()))
        .unwrap();
    let response = world.router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

fn completed_turn(owner: LedgerRef) -> Turn {
    Turn {
        id: TurnId(1),
        owner,
        phase: TurnPhase::Completed,
        jobs: Vec::new(),
        base: None,
        segments: Some(0),
        restart: 0,
        reconcile_cursor: 0,
        metrics_cursor: 0,
        results: Vec::new(),
        started_at: Instant(0),
        updated_at: Instant(0),
        times: domain::state::StageTimes::default(),
        correlation: String::new(),
    }
}

#[tokio::test]
async fn an_undone_upload_may_come_back() {
    let world = World::new();
    let (_, first) = world.post("local", &file()).await;
    let owner = LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    };
    let completed = completed_turn(owner);
    let id = first["job_id"].as_str().unwrap().parse().unwrap();
    world
        .state
        .commit(&[Change::insert(&completed).unwrap()])
        .await
        .unwrap();
    world
        .change(&first["job_id"], |job| {
            job.phase = JobPhase::InTurn { turn: completed.id }
        })
        .await;
    let (_, held) = world.post("local", &file()).await;
    assert_eq!(held["deduplicated"], true);
    world
        .change(&first["job_id"], |job| {
            if let JobKind::Upload(upload) = &mut job.kind {
                upload.undone_by = Some(id);
            }
        })
        .await;
    let (status, second) = world.post("local", &file()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_ne!(second["job_id"], first["job_id"]);
}
