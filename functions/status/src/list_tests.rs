//! What a client sees of the list of jobs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::StatusCode;
use domain::ids::{JobId, LedgerRef};
use domain::state::{Job, JobPhase};
use ports::StateStore;
use serde_json::Value;

use crate::handler_tests::World;
use crate::resource_tests::{NOW, id, upload};

async fn page(world: &World, tenant: &str, query: &str) -> (StatusCode, Value) {
    let path = format!("/v1/jobs{query}");
    let (status, _, body) = world.send(tenant, "GET", &path, &[]).await;
    (status, body)
}

fn ids(body: &Value) -> Vec<String> {
    let items = body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["job_id"].as_str().unwrap().to_owned())
        .collect()
}

/// A world with `count` jobs of each of two tenants, their ids a millisecond apart.
async fn two_tenants(count: u64) -> World {
    let world = World::with(upload(None), JobPhase::AwaitingUpload).await;
    for tenant in ["one", "two"] {
        for n in 0..count {
            let owner = LedgerRef {
                tenant: tenant.parse().unwrap(),
                ledger: "main".parse().unwrap(),
            };
            let id = JobId::new(1_700_000_000_001 + n, &[tenant.len() as u8; 10]);
            let job = Job::new(id, owner, upload(None), JobPhase::AwaitingUpload, NOW);
            world.state.commit(&job.insert().unwrap()).await.unwrap();
        }
    }
    world
}

#[tokio::test]
async fn pages_hold_every_job_of_the_tenant_once_the_newest_first() {
    let world = two_tenants(45).await;
    let (mut seen, mut query, mut pages) = (Vec::new(), String::from("?limit=20"), 0);
    loop {
        let (status, body) = page(&world, "one", &query).await;
        assert_eq!(status, StatusCode::OK);
        seen.extend(ids(&body));
        pages += 1;
        let Some(cursor) = body["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=20&cursor={cursor}");
    }
    assert_eq!((pages, seen.len()), (3, 45));
    let mut sorted = seen.clone();
    sorted.sort_by(|one, two| two.cmp(one));
    sorted.dedup();
    assert_eq!(seen, sorted);
    let (_, nobody) = page(&world, "nobody", "").await;
    assert_eq!(
        nobody,
        serde_json::json!({"items": [], "next_cursor": null})
    );
}

#[tokio::test]
async fn a_page_that_ends_with_the_oldest_job_has_no_next() {
    let world = two_tenants(20).await;
    let (_, body) = page(&world, "two", "").await;
    assert_eq!(ids(&body).len(), 20);
    assert_eq!(body["next_cursor"], Value::Null);
    let item = &body["items"][0];
    assert_eq!(item["state"], "awaiting_upload");
    assert_eq!(item["filename"], "a.csv");
    assert_eq!(
        item["status_url"],
        format!("/v1/jobs/{}", item["job_id"].as_str().unwrap())
    );
}

#[tokio::test]
async fn a_cursor_of_another_tenant_and_odd_parameters_are_refused() {
    let world = two_tenants(3).await;
    let (_, body) = page(&world, "one", "?limit=1").await;
    let cursor = body["next_cursor"].as_str().unwrap();
    let (status, problem) = page(&world, "two", &format!("?cursor={cursor}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem["code"], "not_found");
    for query in ["?limit=0", "?limit=51", "?limit=x", "?state=failed"] {
        let (status, problem) = page(&world, "one", query).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(problem["code"], "invalid_request", "{query}");
    }
    assert_ne!(body["items"][0]["job_id"], id(9).to_string());
}
