//! What a client sees of a file that goes up in parts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::StatusCode;
use domain::limits::{MIN_PART_BYTES, SIGNED_PARTS, SINGLE_PUT_BYTES, UPLOAD_VALID_SECONDS};
use domain::state::JobPhase;
use ports::{HeldPart, Parted};
use serde_json::{Value, json};

use crate::handler_tests::{SHA, World};

const SECOND_US: i64 = 1_000_000;
/// One byte more than fits into one PUT: 12.5 parts of 8 MiB.
const LARGE: u64 = SINGLE_PUT_BYTES as u64 + 1;
const PARTS: u32 = 13;

fn file(size: u64) -> Value {
    json!({"filename": "large.csv", "size": size, "sha256": SHA})
}

async fn begun(world: &World) -> (Value, String) {
    let (status, answer) = world.post("local", &file(LARGE)).await;
    assert_eq!(status, StatusCode::CREATED);
    let upload = world.job(&answer["job_id"]).await.value;
    let id = upload.upload().unwrap().parts.clone().unwrap().id;
    (answer, id)
}

fn held(numbers: impl IntoIterator<Item = u32>) -> Vec<HeldPart> {
    let last = LARGE - u64::from(PARTS - 1) * MIN_PART_BYTES;
    let part = |number| HeldPart {
        number,
        size: if number == PARTS {
            last
        } else {
            MIN_PART_BYTES
        },
        etag: format!("e{number}"),
    };
    numbers.into_iter().map(part).collect()
}

async fn parts(world: &World, job: &Value, query: &str) -> (StatusCode, Value) {
    let path = format!("/v1/jobs/{}/parts{query}", job.as_str().unwrap());
    world.ask("GET", &path, "local", String::new()).await
}

async fn complete(world: &World, job: &Value) -> (StatusCode, Value) {
    let path = format!("/v1/jobs/{}/complete", job.as_str().unwrap());
    world.ask("POST", &path, "local", String::new()).await
}

fn numbers(parts: &Value) -> Vec<u64> {
    let parts = parts.as_array().unwrap().iter();
    parts.map(|part| part["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_file_up_to_the_bound_goes_up_whole_and_a_larger_one_in_parts() {
    let world = World::new();
    let (_, whole) = world.post("local", &file(LARGE - 1)).await;
    assert_eq!(whole["upload"]["mode"], "single");
    let (answer, id) = begun(&world).await;
    let upload = &answer["upload"];
    assert_eq!(upload["mode"], "multipart");
    assert_eq!(upload["part_size"], MIN_PART_BYTES);
    assert_eq!(upload["part_count"], PARTS);
    assert_eq!(numbers(&upload["parts"]), (1..=13).collect::<Vec<_>>());
    let job = world.job(&answer["job_id"]).await.value;
    let key = &job.upload().unwrap().object_key;
    assert_eq!(upload["parts"][0]["url"], format!("part:{key}?{id}&1"));
    let last = &upload["parts"][12];
    assert_eq!(last["size"], LARGE - 12 * MIN_PART_BYTES);
    let length = last["size"].to_string();
    assert_eq!(last["headers"]["content-length"], length);
    assert_eq!(upload["expires_at"], "2023-11-14T23:13:20Z");
}

#[tokio::test]
async fn an_answer_signs_so_many_parts_and_the_next_ones_are_asked_for() {
    let world = World::new();
    let size = 3 * SIGNED_PARTS as u64 * MIN_PART_BYTES;
    let (_, answer) = world.post("local", &file(size)).await;
    assert_eq!(numbers(&answer["upload"]["parts"]).len(), SIGNED_PARTS);
    let (_, next) = parts(&world, &answer["job_id"], "?from=65").await;
    assert_eq!(numbers(&next["parts"]), (65..=128).collect::<Vec<_>>());
    let (status, wrong) = parts(&world, &answer["job_id"], "?from=x").await;
    assert_eq!(
        (status, &wrong["code"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_from"))
    );
}

#[tokio::test]
async fn what_is_held_is_listed_and_only_what_is_missing_is_signed() {
    let world = World::new();
    let (answer, id) = begun(&world).await;
    let mut some = held([1, 2, 13]);
    some[1].size -= 1;
    world.multipart.set(&id, Parted::Open(some));
    let (status, listed) = parts(&world, &answer["job_id"], "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(listed["state"], "open");
    assert_eq!(
        listed["held"][0],
        json!({"number": 1, "size": MIN_PART_BYTES, "etag": "e1"})
    );
    assert_eq!(numbers(&listed["held"]), [1, 2, 13]);
    // A part of another size than it should have is missing.
    assert_eq!(numbers(&listed["parts"]), (2..=12).collect::<Vec<_>>());
    // The same file announced again goes on with the same parts.
    let (status, again) = world.post("local", &file(LARGE)).await;
    assert_eq!(
        (status, &again["job_id"]),
        (StatusCode::OK, &answer["job_id"])
    );
    assert_eq!(again["upload"]["parts"], listed["parts"]);
    assert_eq!(world.multipart.all().len(), 1);
}

#[tokio::test]
async fn completing_names_the_missing_parts_and_twice_is_harmless() {
    let world = World::new();
    let (answer, id) = begun(&world).await;
    let job = &answer["job_id"];
    world.multipart.set(&id, Parted::Open(held([1, 3, 4])));
    let (status, problem) = complete(&world, job).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("parts_missing"))
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("10 parts are missing") && detail.contains("first 2, 5"),
        "{detail}"
    );
    world.multipart.set(&id, Parted::Open(held(1..=PARTS)));
    for _ in 0..2 {
        let (status, accepted) = complete(&world, job).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(accepted["job_id"], *job);
    }
    let (_, listed) = parts(&world, job, "").await;
    assert_eq!(
        (&listed["state"], &listed["parts"]),
        (&json!("received"), &json!([]))
    );
    // Until `split` has seen it and ever after, nobody sends it again.
    let (_, again) = world.post("local", &file(LARGE)).await;
    assert_eq!(again["deduplicated"], true);
    world
        .change(job, |job| job.phase = JobPhase::Ingesting)
        .await;
    assert_eq!(complete(&world, job).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn parts_that_were_removed_are_begun_anew_by_announcing_again() {
    let world = World::new();
    let (answer, id) = begun(&world).await;
    let job = &answer["job_id"];
    world.multipart.set(&id, Parted::Gone);
    for (status, problem) in [parts(&world, job, "").await, complete(&world, job).await] {
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("upload_gone"))
        );
    }
    let (status, again) = world.post("local", &file(LARGE)).await;
    assert_eq!((status, &again["job_id"]), (StatusCode::OK, job));
    assert_eq!(numbers(&again["upload"]["parts"]).len(), 13);
    let all = world.multipart.all();
    assert_eq!(all.len(), 2);
    assert!(
        again["upload"]["parts"][0]["url"]
            .as_str()
            .unwrap()
            .contains(&all[1].0)
    );
    assert_eq!(parts(&world, job, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_upload_that_is_worked_on_waits_at_least_as_long_as_its_urls() {
    let world = World::new();
    let (answer, _) = begun(&world).await;
    let job = &answer["job_id"];
    let end = world.job(job).await.value.upload().unwrap().expires_at;
    assert_eq!(end.0 - 1_700_000_000 * SECOND_US, 23 * 3_600 * SECOND_US);
    parts(&world, job, "").await;
    assert_eq!(world.job(job).await.value.upload().unwrap().expires_at, end);
    world.clock.advance_us(23 * 3_600 * SECOND_US - 1);
    let (_, listed) = parts(&world, job, "").await;
    assert_eq!(listed["state"], "open");
    let longer = world.job(job).await.value.upload().unwrap().expires_at;
    let valid = i64::from(UPLOAD_VALID_SECONDS) * SECOND_US;
    assert_eq!(longer.0, end.0 - 1 + valid);
}

#[tokio::test]
async fn an_upload_whose_job_is_anothers_or_ended_or_whole_has_no_parts() {
    let world = World::new();
    let (answer, _) = begun(&world).await;
    let job = answer["job_id"].as_str().unwrap();
    let own = format!("/v1/jobs/{job}/parts");
    let (status, others) = world.ask("GET", &own, "stranger", String::new()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let odd = world
        .ask("GET", "/v1/jobs/x/parts", "local", String::new())
        .await;
    assert_eq!(odd, (status, others));
    let (_, whole) = world.post("local", &file(1)).await;
    let (status, problem) = complete(&world, &whole["job_id"]).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("not_in_parts"))
    );
    for phase in [JobPhase::Expired, JobPhase::Cancelled] {
        world
            .change(&answer["job_id"], |job| job.phase = phase.clone())
            .await;
        let (status, problem) = complete(&world, &answer["job_id"]).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("upload_ended"))
        );
    }
}

#[tokio::test]
async fn who_comes_second_in_a_race_leaves_no_parts_behind() {
    let world = World::new();
    world.state.conflict_next(2);
    let (answer, id) = begun(&world).await;
    assert_eq!(numbers(&answer["upload"]["parts"]).len(), 13);
    let open: Vec<String> = world
        .multipart
        .all()
        .into_iter()
        .filter(|(_, state)| *state != Parted::Gone)
        .map(|(id, _)| id)
        .collect();
    assert_eq!(open, [id]);
    assert_eq!(world.multipart.all().len(), 3);
}
