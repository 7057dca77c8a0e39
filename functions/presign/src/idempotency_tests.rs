//! What a client sees of its `Idempotency-Key`s.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::StatusCode;
use domain::limits::{IDEMPOTENCY_KEY_SECONDS, SINGLE_PUT_BYTES};
use domain::state::{Change, IdempotencyKey, JobPhase};
use domain::time::Instant;
use ports::StateStore;
use serde_json::{Value, json};

use crate::config::Bounds;
use crate::handler_tests::{SHA, World};

const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

fn file(name: &str) -> Value {
    json!({"filename": name, "size": 12, "sha256": SHA})
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_answered_the_same_with_fresh_urls() {
    let world = World::new();
    let (status, first) = world.post_under(KEY, &file("a.csv")).await;
    assert_eq!(status, StatusCode::CREATED);
    world.clock.advance_us(7_200 * 1_000_000);
    // In quotes or not, it is the same key.
    for key in [KEY, KEY.trim_matches('"')] {
        let (status, again) = world.post_under(key, &file("a.csv")).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(again["job_id"], first["job_id"]);
        assert_eq!(again["deduplicated"], false);
        assert_eq!(again["upload"]["expires_at"], "2023-11-15T01:13:20Z");
    }
    assert_eq!(world.state.of_kind("job").len(), 1);
    // Without a key, or under another, the content answers for itself.
    assert_eq!(world.post("local", &file("a.csv")).await.0, StatusCode::OK);
    assert_eq!(
        world.post_under("\"b\"", &file("a.csv")).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_became_of_the_job_does_not_change_the_answer() {
    let world = World::new();
    let mut large = file("a.csv");
    large["size"] = json!(SINGLE_PUT_BYTES + 1);
    let (_, first) = world.post_under(KEY, &large).await;
    let again = world.post_under(KEY, &large).await;
    assert_eq!(again, (StatusCode::CREATED, first.clone()));
    world
        .change(&first["job_id"], |job| job.phase = JobPhase::Ingesting)
        .await;
    let (status, later) = world.post_under(KEY, &large).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(later["job_id"], first["job_id"]);
    assert!(
        later.get("upload").is_none(),
        "there is nothing to send any more"
    );
}

#[tokio::test]
async fn another_request_under_the_same_key_is_422_and_does_nothing() {
    let world = World::new();
    world.post_under(KEY, &file("a.csv")).await;
    let mut other = file("a.csv");
    other["size"] = json!(13);
    for body in [file("b.csv"), other] {
        let (status, problem) = world.post_under(KEY, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["code"], "idempotency_key_reused");
    }
    assert_eq!(world.state.of_kind("job").len(), 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_400() {
    let world = World::new();
    let long = "k".repeat(256);
    for odd in ["", "\"\"", "\"open", "two words", "a\"b", "\"a\\b\"", &long] {
        let (status, problem) = world.post_under(odd, &file("a.csv")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{odd}");
        assert_eq!(problem["code"], "invalid_idempotency_key");
    }
    assert!(world.state.of_kind("job").is_empty());
}

#[tokio::test]
async fn a_request_that_is_under_way_is_409_until_it_can_be_taken_for_dead() {
    let world = World::new();
    let (_, first) = world.post_under(KEY, &file("a.csv")).await;
    // As its process left it that died before it settled the key.
    let stored = world.state.of_kind("idempotency_key").remove(0);
    let mut key = stored.decode::<IdempotencyKey>().unwrap();
    key.value.answered = None;
    let unsettled = Change::replace(&key.value, key.version).unwrap();
    world.state.commit(&[unsettled]).await.unwrap();

    let (status, problem) = world.post_under(KEY, &file("a.csv")).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("request_under_way"))
    );
    world.clock.advance_us(60_000_000);
    let (status, again) = world.post_under(KEY, &file("a.csv")).await;
    assert_eq!(
        (status, &again["job_id"]),
        (StatusCode::OK, &first["job_id"])
    );
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let bounds = Bounds {
        in_flight: 1,
        ..Bounds::default()
    };
    let world = World::within(bounds);
    let (_, first) = world.post("local", &file("a.csv")).await;
    let mut other = file("b.csv");
    other["size"] = json!(13);
    let (status, _) = world.post_under(KEY, &other).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let job = world.job(&first["job_id"]).await;
    let cancelled = job.cancel(None, Instant(1_700_000_000_000_001)).unwrap();
    world
        .state
        .commit(&cancelled.unwrap().changes)
        .await
        .unwrap();
    let (status, _) = world.post_under(KEY, &other).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_is_forgotten_after_the_time_that_is_published() {
    let world = World::new();
    let asked = world.ask("GET", "/v1/limits", "local", String::new());
    let published = asked.await.1["idempotency_key_seconds"].as_i64().unwrap();
    assert_eq!(published, i64::from(IDEMPOTENCY_KEY_SECONDS));
    world.post_under(KEY, &file("a.csv")).await;
    world.clock.advance_us(published * 1_000_000 - 1);
    assert_eq!(
        world.post_under(KEY, &file("b.csv")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    world.clock.advance_us(1);
    assert_eq!(
        world.post_under(KEY, &file("b.csv")).await.0,
        StatusCode::OK
    );
}
