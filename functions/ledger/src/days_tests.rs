//! What a client can read of a ledger under section 104.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::StatusCode;
use domain::keys;
use domain::revision::DayFacts;
use domain::settings::Method;
use ports::objects::write_json;
use ports::tables::{Disposals, Transactions};
use serde_json::{Value, json};

use crate::routes_world::World;
use crate::world::{TURN, day, owner, revision_of, row, segment_of, share};

/// Three purchases, the last two of which also dispose of bitcoin; the first of their days was
/// decided in the segment, the second at the ledger's end.
async fn world() -> World {
    let world = World::empty();
    world.publish(TURN, None).await;
    let mut rows: Vec<_> = [(2, 19_700), (3, 19_701), (4, 19_702)]
        .map(|(line, day)| row(1, line, day))
        .into();
    for row in &mut rows[1..] {
        row.day_shares = vec![share()];
    }
    let write = world.transactions.write(&owner(), TURN, 0, 0, &rows).await;
    write.unwrap();
    let (mut segment, mut end) = (segment_of(0, &rows), segment_of(1, &[]));
    let (mut decided, last) = (vec![day(19_701, 0), day(19_701, 1)], [day(19_702, 0)]);
    decided[1].issues.clear();
    for (entry, days) in [(&mut segment, &decided[..]), (&mut end, &last[..])] {
        entry.facts.days = DayFacts::of(days);
        let index = entry.segment.index;
        let write = world.disposals.write(&owner(), TURN, index, days).await;
        write.unwrap();
    }
    let mut revision = revision_of(vec![segment]);
    revision.closing = Some(end);
    revision.snapshot.settings.method = Method::S104;
    let key = keys::revision(&owner(), TURN);
    write_json(world.objects.as_ref(), &key, &revision)
        .await
        .unwrap();
    world
}

fn ids(body: &Value) -> Vec<&str> {
    let items = body["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn disposals_are_those_of_days_page_by_page_and_the_end_comes_last() {
    let world = world().await;
    let (_, first) = world.get("disposals?limit=2").await;
    assert_eq!(ids(&first), ["BTC:2023-12-10", "BTC:2023-12-10"]);
    let item = &first["items"][0];
    let expected = json!({"id": "a.csv:4", "source": {"job_id": crate::world::job(1), "file": "a.csv", "line": 4}});
    assert_eq!(
        (&item["rows"][0], &item["row_count"]),
        (&expected, &json!(2))
    );
    assert_eq!(
        (&item["kind"], &item["gain"], &item["acquired"]),
        (&json!("section_104"), &json!("28"), &Value::Null)
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = world
        .get(&format!("disposals?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(ids(&second), ["BTC:2023-12-11"]);
    assert_eq!(second["next_cursor"], Value::Null);
    let (_, one) = world.get("disposals?disposal=BTC:2023-12-11").await;
    assert_eq!(ids(&one), ["BTC:2023-12-11"]);
}

#[tokio::test]
async fn a_transaction_names_its_days_disposal_and_is_found_by_it() {
    let world = world().await;
    let (_, body) = world.get("transactions?disposal=BTC:2023-12-10").await;
    assert_eq!(ids(&body), ["a.csv:3"]);
    let expected =
        json!([{"id": "BTC:2023-12-10", "kind": "sell", "quantity": "1", "proceeds": null}]);
    assert_eq!(body["items"][0]["day_disposals"], expected);
}

#[tokio::test]
async fn an_issue_of_a_day_is_listed_with_its_first_row() {
    let world = world().await;
    let (_, body) = world.get("issues?issue=missing_cost_basis").await;
    assert_eq!(ids(&body), ["BTC:2023-12-10", "BTC:2023-12-11"]);
    assert_eq!(body["items"][0]["source"]["line"], 4);
}

#[tokio::test]
async fn a_disposal_of_a_day_has_no_account_and_says_so() {
    let world = world().await;
    for path in ["disposals?account=Kraken", "disposals?type=sell"] {
        let (status, body) = world.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(body["code"], "not_with_s104");
    }
}
