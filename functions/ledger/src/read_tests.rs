//! What a client can read of a ledger.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::{StatusCode, header};
use domain::ids::TurnId;
use domain::keys;
use domain::message::Queue;
use domain::read_rows::Holding;
use domain::state::{Change, ErrorClass, ExportOrder, JobError, TurnPhase};
use ports::StateStore;
use ports::objects::write_json;
use ports::state::load;
use ports::tables::Summaries;
use serde_json::{Value, json};

use crate::routes_world::{World, turn};
use crate::world::{TURN, owner, revision_of};

fn lines(body: &Value) -> Vec<u64> {
    body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["source"]["line"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn nothing_can_be_read_of_a_ledger_that_was_never_published() {
    let world = World::empty();
    for path in [
        "transactions",
        "issues",
        "holdings",
        "reconciliation",
        "summary",
        "exports/holdings.csv",
    ] {
        let (status, body) = world.get(path).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::NOT_FOUND, &json!("not_found")),
            "{path}"
        );
    }
    let world = World::published().await;
    let (status, _, _) = world.send_as("stranger", "GET", "transactions", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn rows_are_paged_in_order_and_amounts_are_strings() {
    let world = World::published().await;
    let (_, first) = world.get("transactions?limit=2").await;
    assert_eq!(lines(&first), [2, 3]);
    assert_eq!(first["revision"], 3);
    let item = &first["items"][0];
    assert_eq!(item["sent"], json!({"amount": "8000.5", "currency": "USD"}));
    assert_eq!(
        (&item["id"], &item["type"], &item["source"]["file"]),
        (&json!("a.csv:2"), &json!("buy"), &json!("a.csv"))
    );
    let (_, second) = world
        .get(&format!(
            "transactions?limit=3&cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .await;
    assert_eq!(lines(&second), [4, 5, 6]);
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn filters_take_rows_and_issues_are_listed_one_by_one() {
    let world = World::published().await;
    let (_, sales) = world.get("transactions?type=sell").await;
    assert_eq!(lines(&sales), [6]);
    let (_, marked) = world.get("transactions?has_issue=true").await;
    assert_eq!(lines(&marked), [3]);
    let (_, issues) = world.get("issues").await;
    assert_eq!(lines(&issues), [3, 3]);
    let (_, one) = world.get("issues?issue=unpriced").await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(one["items"][0]["code"], "unpriced");
    let (status, body) = world.get("transactions?limit=0&colour=red").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_cursor_stays_in_its_revision_while_another_is_published() {
    let world = World::published().await;
    let (_, first) = world.get("transactions?limit=2").await;
    world.publish(TurnId(4), Some(TURN)).await;
    let mut later = revision_of(Vec::new());
    later.snapshot.turn = TurnId(4);
    write_json(
        world.objects.as_ref(),
        &keys::revision(&owner(), TurnId(4)),
        &later,
    )
    .await
    .unwrap();
    let (_, fresh) = world.get("transactions").await;
    assert_eq!((&fresh["revision"], lines(&fresh)), (&json!(4), vec![]));
    let (_, second) = world
        .get(&format!(
            "transactions?limit=9&cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (&second["revision"], lines(&second)),
        (&json!(3), vec![4, 5, 6])
    );
}

#[tokio::test]
async fn a_cursor_of_other_arguments_another_tenant_or_no_revision_is_refused() {
    let world = World::published().await;
    let (_, first) = world.get("transactions?limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    for path in [
        format!("transactions?type=buy&cursor={cursor}"),
        format!("issues?cursor={cursor}"),
        "transactions?cursor=abc".to_owned(),
    ] {
        let (status, body) = world.get(&path).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::NOT_FOUND, &json!("not_found")),
            "{path}"
        );
    }
    let (status, _, _) = world
        .send_as(
            "stranger",
            "GET",
            &format!("transactions?cursor={cursor}"),
            "",
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let error = JobError {
        class: ErrorClass::Internal,
        code: "x".to_owned(),
        message: "y".to_owned(),
    };
    let failed = turn(
        TurnId(9),
        TurnPhase::Failed {
            error,
            requeued: false,
        },
        None,
    );
    world
        .state
        .commit(&[Change::insert(&failed).unwrap()])
        .await
        .unwrap();
    let owner = owner();
    let arguments = crate::filter::Filter::default().canonical();
    let binding = crate::cursor::Binding {
        owner: &owner,
        list: "transactions",
        arguments: &arguments,
    };
    let forged = binding.encode(TurnId(9), crate::cursor::Position::START);
    let (status, _) = world.get(&format!("transactions?cursor={forged}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn holdings_and_summary_are_those_of_the_revision() {
    let world = World::published().await;
    let btc = Holding {
        asset: "BTC".parse().unwrap(),
        quantity: "5".parse().unwrap(),
        cost_basis: "40002.5".parse().unwrap(),
        average_cost: Some("8000.5".parse().unwrap()),
        balances: vec![("Kraken".parse().unwrap(), "5".parse().unwrap())],
    };
    world
        .summaries
        .write_holdings(&owner(), TURN, &[btc])
        .await
        .unwrap();
    let (_, holdings) = world.get("holdings").await;
    assert_eq!(holdings["holdings"][0]["average_cost"], "8000.5");
    assert_eq!(
        holdings["holdings"][0]["balances"],
        json!([{"account": "Kraken", "amount": "5"}])
    );
    let (_, summary) = world.get("summary").await;
    assert_eq!(
        (
            &summary["revision"],
            &summary["segments"],
            &summary["segments_recomputed"]
        ),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(
        (&summary["base"], &summary["incomplete"]),
        (&json!("USD"), &json!(true))
    );
    assert_eq!(summary["counts"]["transactions"], 5);
}

#[tokio::test]
async fn an_export_is_ordered_once_and_then_answered_by_a_signed_url() {
    let world = World::published().await;
    for _ in 0..2 {
        let (status, headers, body) = world.send("GET", "exports/holdings.csv", "").await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(headers[header::RETRY_AFTER], "1");
        assert_eq!(
            body["status_url"],
            "/v1/ledgers/main/exports/holdings.csv?revision=3"
        );
    }
    let sent = world.sent.all();
    assert_eq!((sent.len(), sent[0].0), (1, Queue::Export));
    let key = keys::export(&owner(), TURN, "holdings.csv");
    let order = load::<ExportOrder>(world.state.as_ref(), &ExportOrder::key_of(&owner(), &key))
        .await
        .unwrap()
        .unwrap();
    world
        .state
        .commit(&order.written().unwrap().unwrap().changes)
        .await
        .unwrap();
    let (status, headers, _) = world
        .send("GET", "exports/holdings.csv?revision=3", "")
        .await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(
        headers[header::LOCATION],
        format!("get:{key}?as=holdings.csv").as_str()
    );
}

#[tokio::test]
async fn an_unknown_file_or_revision_is_not_found() {
    let world = World::published().await;
    for path in ["exports/secrets.csv", "exports/holdings.csv?revision=2"] {
        let (status, _) = world.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, _) = world.get("exports/holdings.csv?revision=x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(world.sent.all().is_empty());
}
