//! What a client can tell a ledger.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::{StatusCode, header};
use domain::ids::TurnId;
use domain::limits::MAX_PRICES_BYTES;
use domain::message::{Envelope, Queue, Task};
use domain::state::{Change, JobKind, LedgerItem, TurnPhase};
use domain::time::Day;
use ports::StateStore;
use ports::state::load;
use ports::tables::PriceOwner;
use serde_json::{Value, json};

use crate::routes_world::{World, turn};
use crate::world::{TURN, owner};

#[tokio::test]
async fn settings_are_the_defaults_until_others_are_asked_for() {
    let world = World::empty();
    let (_, body) = world.get("settings").await;
    assert_eq!(
        (&body["method"], &body["base"], &body["revision"]),
        (&json!("fifo"), &json!("USD"), &Value::Null)
    );
    let (status, _, _) = world.send("PUT", "settings", r#"{"base":"USD"}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn two_changes_after_each_other_both_count_and_the_same_again_makes_no_job() {
    let world = World::published().await;
    let (status, headers, first) = world
        .send("PUT", "settings", r#"{"method":"average"}"#)
        .await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        headers[header::LOCATION],
        first["status_url"].as_str().unwrap()
    );
    let (_, _, second) = world.send("PUT", "settings", r#"{"base":"EUR"}"#).await;
    let (status, _, again) = world
        .send("PUT", "settings", r#"{"method":"average","base":"EUR"}"#)
        .await;
    assert_eq!(
        (status, &again["job_id"]),
        (StatusCode::ACCEPTED, &second["job_id"])
    );
    let jobs = world.jobs().await;
    assert_eq!(jobs.len(), 2);
    let JobKind::Settings { settings } = &jobs[1].kind else {
        unreachable!("a settings job")
    };
    assert_eq!(serde_json::to_value(settings).unwrap()["method"], "average");
    assert_eq!(settings.base.as_str(), "EUR");
    let (_, body) = world.get("settings").await;
    assert_eq!(
        (&body["base"], &body["pending"]["settings"]["base"]),
        (&json!("USD"), &json!("EUR"))
    );
    assert!(
        world
            .sent
            .all()
            .iter()
            .all(|(queue, _)| *queue == Queue::Price)
    );
}

#[tokio::test]
async fn settings_of_a_job_that_is_in_a_turn_are_pending_still() {
    let world = World::published().await;
    world
        .send("PUT", "settings", r#"{"method":"average"}"#)
        .await;
    let job = world.jobs().await.remove(0);
    let request = domain::state::TurnRequest::key_of(&owner(), job.id);
    let mut active = turn(TurnId(4), TurnPhase::Pricing, Some(TURN));
    active.jobs = vec![job.id];
    let ledger = load::<LedgerItem>(world.state.as_ref(), &LedgerItem::key_of(&owner()))
        .await
        .unwrap()
        .unwrap();
    let item = LedgerItem {
        active: Some(TurnId(4)),
        ..ledger.value
    };
    let changes = [
        Change::Delete { key: request },
        Change::insert(&active).unwrap(),
        Change::replace(&item, ledger.version).unwrap(),
    ];
    world.state.commit(&changes).await.unwrap();
    let (_, body) = world.get("settings").await;
    assert_eq!(body["pending"]["settings"]["method"], "average");
}

#[tokio::test]
async fn faulty_settings_change_nothing() {
    let world = World::published().await;
    let (status, _, body) = world
        .send("PUT", "settings", r#"{"method":"best","base":"XYZ"}"#)
        .await;
    assert_eq!(
        (status, body["errors"].as_array().unwrap().len()),
        (StatusCode::BAD_REQUEST, 2)
    );
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn prices_are_stored_under_their_job_before_it_asks_for_a_turn() {
    let world = World::empty();
    let body = "date,asset,currency,price\n2021-02-02,BTC,USD,2\n2021-02-01,BTC,USD,33500.00\n";
    let (status, _, answer) = world.send("PUT", "prices", body).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let job = world.jobs().await.remove(0);
    assert_eq!(answer["job_id"], job.id.to_string());
    assert_eq!(
        job.kind,
        JobKind::Prices {
            earliest: "2021-02-01"
                .parse::<jiff::civil::Date>()
                .map(Day::of)
                .unwrap(),
            rows: 2,
            quotes: vec!["USD".parse().unwrap()],
        }
    );
    let stored = world.prices.0.lock().unwrap().clone();
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].0, PriceOwner::Job(job.id));
    let envelope = Envelope::parse(&world.sent.all()[0].1).unwrap();
    assert_eq!(envelope.task, Task::Admit);
}

#[tokio::test]
async fn a_price_file_with_one_bad_line_changes_nothing() {
    let world = World::empty();
    let (status, _, body) = world
        .send(
            "PUT",
            "prices",
            "date,asset,currency,price\n2021-02-02,BTC,USD,2\n2021-02-02,ETH,USD,x\n",
        )
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        (&body["errors"][0]["line"], &body["errors"][0]["column"]),
        (&json!(3), &json!("price"))
    );
    assert!(world.prices.0.lock().unwrap().is_empty());
    assert!(world.jobs().await.is_empty());
    let (status, _, _) = world
        .send("PUT", "prices", &"x".repeat(MAX_PRICES_BYTES + 1))
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
