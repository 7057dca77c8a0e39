//! What a client can say of rows, and what it sees of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::StatusCode;
use domain::identity::RowIdentity;
use domain::ids::{JobId, TurnId};
use domain::keys;
use domain::overrides::{Changes, Edit, OverrideBook, Part};
use domain::read_rows::TransactionRow;
use domain::revision::Revision;
use domain::rows::Kind;
use domain::state::{Change, ErrorClass, Job, JobError, JobKind, TurnPhase, TurnRequest};
use domain::time::Instant;
use ports::StateStore;
use ports::objects::{read_json, write_json};
use ports::state::load;
use ports::tables::Transactions;
use serde_json::{Value, json};

use crate::routes_world::{World, turn};
use crate::world::{TURN, owner, revision_of, row, segment_of};

/// A withdrawal, a deposit of less, a deposit of more, and a purchase, each a day later.
fn rows() -> Vec<TransactionRow> {
    let mut rows: Vec<_> = (0..4).map(|n| row(1, n, 19_000 + n as i32)).collect();
    let bitcoin = rows[3].received.clone().unwrap();
    let leg = |amount: &str| {
        let mut leg = bitcoin.clone();
        leg.amount = amount.parse().unwrap();
        Some(leg)
    };
    for (row, kind, sent, received) in [
        (0, Kind::Withdrawal, leg("1"), None),
        (1, Kind::Deposit, None, leg("0.9")),
        (2, Kind::Deposit, None, leg("2")),
    ] {
        let row = &mut rows[row];
        (row.kind, row.sent, row.received) = (kind, sent, received);
    }
    for row in &mut rows {
        row.name.id = Some(format!("id-{}", row.name.row.line).into());
    }
    rows
}

fn identity(n: usize) -> RowIdentity {
    rows()[n].identity()
}

fn revision() -> Revision {
    let rows = rows();
    let mut entry = segment_of(0, &rows);
    entry.segment.from = rows[0].at;
    entry.segment.to = rows[3].at.plus_us(1);
    revision_of(vec![entry])
}

async fn world() -> World {
    let world = World::empty();
    world.publish(TURN, None).await;
    let table = &world.transactions;
    table.write(&owner(), TURN, 0, 0, &rows()).await.unwrap();
    let key = keys::revision(&owner(), TURN);
    let objects = world.objects.as_ref();
    write_json(objects, &key, &revision()).await.unwrap();
    world
}

async fn put(world: &World, changes: &Value) -> (StatusCode, Value) {
    let body = json!({ "changes": changes }).to_string();
    let (status, _, answer) = world.send("PUT", "overrides", &body).await;
    (status, answer)
}

async fn accepted(world: &World, changes: &Value) -> String {
    let (status, answer) = put(world, changes).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    answer["job_id"].as_str().unwrap().to_owned()
}

/// Pointer and detail of every fault.
async fn refused(world: &World, changes: &Value) -> Vec<(String, String)> {
    let (status, answer) = put(world, changes).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = answer["errors"].as_array().unwrap().iter();
    errors
        .map(|error| (text(&error["pointer"]), text(&error["detail"])))
        .collect()
}

/// Publishes what the waiting jobs ask for, as a turn would.
async fn publish(world: &World, turn: TurnId, unapplied: Vec<RowIdentity>) {
    let objects = world.objects.as_ref();
    let mut book = OverrideBook::default();
    for job in world.jobs().await {
        admitted(world, job.id, turn).await;
        let key = keys::override_changes(&owner(), job.id);
        book.apply(&read_json::<Changes>(objects, &key).await.unwrap());
    }
    let mut revision = revision();
    revision.snapshot.turn = turn;
    revision.snapshot.overrides = Some(turn);
    revision.segments[0].facts.unapplied = unapplied;
    let key = keys::overrides(&owner(), turn);
    write_json(objects, &key, &book).await.unwrap();
    let key = keys::revision(&owner(), turn);
    write_json(objects, &key, &revision).await.unwrap();
    world.publish(turn, Some(TURN)).await;
}

/// Points a waiting job to a turn.
async fn admitted(world: &World, job: JobId, turn: TurnId) {
    let key = Job::key_of(&owner().tenant, job);
    let stored = load::<Job>(world.state.as_ref(), &key).await;
    let transition = stored.unwrap().unwrap().admitted(turn, Instant(0));
    if let Some(transition) = transition.unwrap() {
        world.state.commit(&transition.changes).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_can_be_said_of_a_ledger_that_was_never_published() {
    let world = World::empty();
    let (status, _) = world.get("overrides").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let change = json!([{"identity": identity(0), "set": {"ignore": true}}]);
    assert_eq!(put(&world, &change).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_makes_a_job_that_carries_it_with_its_rows() {
    let world = world().await;
    let link = json!([{"identity": identity(0), "set": {"link": identity(1)}}]);
    let job = accepted(&world, &link).await;
    let jobs = world.jobs().await;
    assert_eq!(jobs[0].kind, JobKind::Override { changes: 1 });
    let key = keys::override_changes(&owner(), job.parse().unwrap());
    let changes: Changes = read_json(world.objects.as_ref(), &key).await.unwrap();
    assert_eq!(changes.edits, [(identity(0), Edit::Link(identity(1)))]);
    let deposit = &changes.rows[&identity(1)];
    assert_eq!(
        (deposit.kind, deposit.id.as_deref()),
        (Kind::Deposit, Some("id-1"))
    );
    let (_, body) = world.get("overrides").await;
    assert_eq!(body["items"], json!([]));
    assert_eq!(body["pending"], json!([{"job_id": job, "changes": 1}]));
}

#[tokio::test]
async fn what_is_so_or_asked_for_already_makes_no_second_job() {
    let world = world().await;
    let clear = json!([{"identity": identity(0), "clear": ["label"]}]);
    let (status, answer) = put(&world, &clear).await;
    assert_eq!(
        (status, answer),
        (StatusCode::OK, json!({"changed": false}))
    );
    let ignore = json!([{"identity": identity(0), "set": {"ignore": true}}]);
    let first = accepted(&world, &ignore).await;
    assert_eq!(accepted(&world, &ignore).await, first);
    publish(&world, TurnId(TURN.0 + 1), Vec::new()).await;
    let label = json!([{"identity": identity(1), "set": {"label": "reward"}}]);
    let second = accepted(&world, &label).await;
    assert_ne!(second, first);
    assert_eq!(accepted(&world, &label).await, second);
    assert_eq!(world.jobs().await.len(), 2);
}

#[tokio::test]
async fn every_change_that_does_not_fit_is_named_with_its_row() {
    let world = world().await;
    let strange: RowIdentity = "07070707070707070707070707070707.7".parse().unwrap();
    let faults = refused(
        &world,
        &json!([
            {"identity": strange, "set": {"ignore": true}},
            {"identity": identity(0), "set": {"label": "bonus"}},
            {"identity": identity(1), "set": {"label": "gift"}},
            {"identity": identity(0), "set": {"label": "", "link": identity(2)}},
            {"identity": identity(3), "set": {"unlink": strange}},
            {"identity": identity(3), "clear": ["link"], "set": {"link": identity(3)}},
        ]),
    )
    .await;
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let expected = [
        "#/changes/0/identity",
        "#/changes/1/set/label",
        "#/changes/2/set/label",
        "#/changes/3",
        "#/changes/4/set/unlink",
        "#/changes/5/set/link",
    ];
    assert_eq!(pointers, expected, "{faults:#?}");
    assert!(faults[0].1.contains(&strange.to_string()));
    assert!(faults[1].1.contains("bonus") && faults[1].1.contains(&identity(0).to_string()));
    assert!(
        faults[3]
            .1
            .contains("2 BTC arrived, which is more than the 1 BTC")
    );
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn an_end_that_is_linked_already_is_refused_also_while_that_is_only_asked_for() {
    let world = world().await;
    let link = json!([{"identity": identity(1), "set": {"link": identity(0)}}]);
    accepted(&world, &link).await;
    let label = json!({"identity": identity(2), "set": {"label": ""}});
    let other = json!({"identity": identity(0), "set": {"link": identity(2)}});
    let faults = refused(&world, &json!([label, other])).await;
    assert!(faults[0].1.contains("clear that link first"), "{faults:?}");
    let ignored = json!([{"identity": identity(1), "set": {"ignore": true}}]);
    assert!(refused(&world, &ignored).await[0].1.contains("is ignored"));
    let cleared = json!([{"identity": identity(0), "clear": ["link"]}, ignored[0]]);
    accepted(&world, &cleared).await;
}

#[tokio::test]
async fn overrides_are_listed_by_time_page_by_page_and_say_whether_they_apply() {
    let world = world().await;
    accepted(
        &world,
        &json!([
            {"identity": identity(3), "set": {"price": {"amount": "5.50", "currency": "EUR"}}},
            {"identity": identity(0), "set": {"link": identity(1)}},
            {"identity": identity(2), "set": {"label": "reward", "unlink": identity(0)}},
        ]),
    )
    .await;
    publish(&world, TurnId(TURN.0 + 1), vec![identity(2)]).await;
    let (_, first) = world.get("overrides?limit=3").await;
    let ids: Vec<&Value> = first["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["id"])
        .collect();
    assert_eq!(ids, ["id-0", "id-1", "id-2"]);
    assert_eq!(first["items"][0]["link"], json!(identity(1)));
    assert_eq!(first["items"][1]["link"], json!(identity(0)));
    assert_eq!(first["items"][0]["unlink"], json!([identity(2)]));
    assert_eq!(first["items"][2]["label"], "reward");
    let applies: Vec<&Value> = first["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["applies"])
        .collect();
    assert_eq!(applies, [true, true, false]);
    assert_eq!(first["pending"], json!([]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, last) = world
        .get(&format!("overrides?limit=3&cursor={cursor}"))
        .await;
    let price = json!({"amount": "5.5", "currency": "EUR"});
    assert_eq!(last["items"][0]["price"], price);
    assert_eq!(
        (
            &last["next_cursor"],
            last["items"].as_array().unwrap().len()
        ),
        (&Value::Null, 1)
    );
    let (status, _) = world.get("transactions?limit=1").await;
    assert_eq!(status, StatusCode::OK);
    let foreign = world.send_as("mallory", "GET", "overrides", "").await.0;
    assert_eq!(foreign, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_said_of_a_row_that_is_gone_can_be_taken_back_and_nothing_else() {
    let world = world().await;
    let ignore = json!([{"identity": identity(2), "set": {"ignore": true}}]);
    accepted(&world, &ignore).await;
    publish(&world, TurnId(TURN.0 + 1), vec![identity(2)]).await;
    let key = keys::revision(&owner(), TurnId(TURN.0 + 1));
    let mut revision: Revision = read_json(world.objects.as_ref(), &key).await.unwrap();
    revision.segments[0].segment.to = identity(2).at;
    write_json(world.objects.as_ref(), &key, &revision)
        .await
        .unwrap();
    let label = json!([{"identity": identity(2), "set": {"label": "reward"}}]);
    assert_eq!(refused(&world, &label).await[0].0, "#/changes/0/identity");
    let clear = json!([{"identity": identity(2), "clear": ["ignore"]}]);
    let job = accepted(&world, &clear).await;
    let key = keys::override_changes(&owner(), job.parse().unwrap());
    let changes: Changes = read_json(world.objects.as_ref(), &key).await.unwrap();
    assert_eq!(changes.edits, [(identity(2), Edit::Clear(Part::Ignore))]);
}

#[tokio::test]
async fn a_job_whose_turn_failed_is_pending_until_it_is_published() {
    let world = world().await;
    let ignore = json!([{"identity": identity(0), "set": {"ignore": true}}]);
    accepted(&world, &ignore).await;
    let job = world.jobs().await.remove(0);
    let failed = turn(
        TurnId(TURN.0 + 1),
        TurnPhase::Failed {
            error: error(),
            requeued: true,
        },
        Some(TURN),
    );
    admitted(&world, job.id, failed.id).await;
    let again = TurnRequest {
        owner: owner(),
        job: job.id,
        alone: true,
        asked_at: Instant(0),
    };
    let stored = [
        Change::insert(&failed).unwrap(),
        Change::insert(&again).unwrap(),
    ];
    world.state.commit(&stored).await.unwrap();
    let (_, body) = world.get("overrides").await;
    assert_eq!(body["pending"][0]["job_id"], json!(job.id));
}

fn error() -> JobError {
    JobError {
        class: ErrorClass::Internal,
        code: "x".to_owned(),
        message: "x".to_owned(),
    }
}
