//! What a client sees of its limits.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::StatusCode;
use domain::limits::MAX_FILE_BYTES;
use domain::state::{Change, JobError, JobPhase};
use domain::time::Instant;
use ports::StateStore;
use serde_json::{Value, json};

use crate::config::Bounds;
use crate::handler_tests::World;

fn bounds(in_flight: u32, per_day: u32) -> Bounds {
    Bounds {
        in_flight,
        per_day,
        ..Bounds::default()
    }
}

fn file(number: u32) -> Value {
    json!({"filename": "a.csv", "size": 12, "sha256": format!("{number:064x}")})
}

async fn limits(world: &World) -> Value {
    let asked = world.ask("GET", "/v1/limits", "local", String::new());
    let (status, answer) = asked.await;
    assert_eq!(status, StatusCode::OK);
    answer
}

/// Moves a job on as `split` does.
async fn arrive(world: &World, job: &Value) {
    let job = world.job(job).await;
    let error = JobError {
        class: domain::state::ErrorClass::Data,
        code: "x".to_owned(),
        message: "y".to_owned(),
    };
    let failed = job.fail(error, Instant(1_700_000_000_000_001)).unwrap();
    world.state.commit(&failed.unwrap().changes).await.unwrap();
}

#[tokio::test]
async fn uploads_in_flight_are_limited_exactly_and_a_job_that_moves_on_makes_room() {
    let world = World::within(bounds(3, 100));
    let mut jobs = Vec::new();
    for number in 0..3 {
        let (status, answer) = world.post("local", &file(number)).await;
        assert_eq!(status, StatusCode::CREATED);
        jobs.push(answer["job_id"].clone());
    }
    let (status, problem) = world.post("local", &file(3)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(problem["code"], "limit_reached");
    assert_eq!(
        problem["limit"],
        json!({"name": "uploads_in_flight", "value": 3})
    );
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("3 files at most")
    );
    // What waits already may still be asked for, and others have limits of their own.
    assert_eq!(world.post("local", &file(0)).await.0, StatusCode::OK);
    assert_eq!(
        world.post("stranger", &file(3)).await.0,
        StatusCode::CREATED
    );
    assert_eq!(
        limits(&world).await["uploads_in_flight"],
        json!({"limit": 3, "used": 3})
    );

    arrive(&world, &jobs[1]).await;
    assert_eq!(limits(&world).await["uploads_in_flight"]["used"], 2);
    assert_eq!(world.post("local", &file(3)).await.0, StatusCode::CREATED);
    assert_eq!(
        world.post("local", &file(4)).await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn who_is_refused_is_told_to_wait_as_long_as_slots_have_been_held() {
    let world = World::within(bounds(2, 100));
    for (number, seconds) in [(0, 0), (1, 20)] {
        world.clock.advance_us(seconds * 1_000_000);
        assert_eq!(
            world.post("local", &file(number)).await.0,
            StatusCode::CREATED
        );
    }
    // Held since 20 seconds and since now; at least 5, at most 60.
    for (later, told) in [(0, 10), (6, 16), (100, 60)] {
        world.clock.advance_us(later * 1_000_000);
        let (status, problem) = world.post("local", &file(2)).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.ends_with(&format!("ask again in {told} seconds")),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn of_many_slots_a_free_one_is_found_wherever_it_is() {
    let world = World::within(bounds(65, 1_000));
    let mut jobs = Vec::new();
    for number in 0..65 {
        let (status, answer) = world.post("local", &file(number)).await;
        // One in 65 is not looked at, and may be the last that is free.
        assert!(status == StatusCode::CREATED || number == 64, "{number}");
        jobs.extend(status.is_success().then(|| answer["job_id"].clone()));
    }
    for (number, job) in (100..).zip(&jobs) {
        arrive(&world, job).await;
        let mut tries = 0;
        while world.post("local", &file(number)).await.0 != StatusCode::CREATED {
            tries += 1;
            assert!(tries < 20, "slot of {number}");
        }
    }
}

#[tokio::test]
async fn a_slot_is_given_back_once() {
    let world = World::within(bounds(1, 100));
    let (_, first) = world.post("local", &file(0)).await;
    arrive(&world, &first["job_id"]).await;
    let (_, second) = world.post("local", &file(1)).await;
    // The first one waits for its split once more, and moves on again.
    let mut again = world.job(&first["job_id"]).await;
    again.value.phase = JobPhase::AwaitingUpload;
    again.value.generation = again.value.generation.next();
    let back = Change::replace(&again.value, again.version).unwrap();
    world.state.commit(&[back]).await.unwrap();
    arrive(&world, &first["job_id"]).await;
    let held = world.job(&second["job_id"]).await.value;
    assert_eq!(held.upload().unwrap().slot, Some(0));
    assert_eq!(limits(&world).await["uploads_in_flight"]["used"], 1);
    assert_eq!(
        world.post("local", &file(2)).await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn uploads_of_a_day_are_limited_exactly_until_midnight() {
    for limit in [1, 5, 70] {
        let world = World::within(bounds(1_000, limit));
        for number in 0..limit {
            let (status, _) = world.post("local", &file(number)).await;
            assert_eq!(status, StatusCode::CREATED, "{number} of {limit}");
        }
        let (status, problem) = world.post("local", &file(limit)).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            problem["limit"],
            json!({"name": "uploads_per_day", "value": limit})
        );
        let day = &limits(&world).await["uploads_per_day"];
        assert_eq!(
            *day,
            json!({"limit": limit, "used": limit, "resets_at": "2023-11-15T00:00:00Z"})
        );
        // 22:13:20 to midnight.
        let seconds = 6_400_i64;
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains(&format!("{seconds} seconds"))
        );
        world.clock.advance_us(seconds * 1_000_000);
        assert_eq!(
            world.post("local", &file(limit)).await.0,
            StatusCode::CREATED
        );
    }
}

#[tokio::test]
async fn who_is_refused_leaves_nothing_behind() {
    let world = World::within(bounds(1, 100));
    world.post("local", &file(0)).await;
    let mut large = file(1);
    large["size"] = json!(MAX_FILE_BYTES);
    let (status, _) = world.post("local", &large).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.state.of_kind("job").len(), 1);
    assert_eq!(world.multipart.all(), []);
    assert_eq!(limits(&world).await["uploads_per_day"]["used"], 1);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_413_and_the_limit_is_named() {
    let world = World::new();
    let mut large = file(0);
    large["size"] = json!(MAX_FILE_BYTES + 1);
    let (status, problem) = world.post("local", &large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem["code"], "file_too_large");
    assert_eq!(
        problem["limit"],
        json!({"name": "file_bytes", "value": MAX_FILE_BYTES})
    );
    assert_eq!(problem["errors"][0]["pointer"], "#/size");
    assert_eq!(limits(&world).await["file_bytes"], MAX_FILE_BYTES);
}

#[tokio::test]
async fn many_that_meet_are_told_to_come_back() {
    let world = World::new();
    world.state.conflict_next(100);
    let (status, problem) = world.post("local", &file(0)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem["code"], "busy");
}
