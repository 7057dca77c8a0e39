//! What stands in a receipt, and when there is one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::{StatusCode, header};
use bytes::Bytes;
use domain::ids::TurnId;
use domain::keys;
use domain::revision::{Dirty, Revision, Snapshot, UploadEntry};
use domain::settings::Settings;
use domain::state::{ErrorClass, JobPhase};
use ports::{Objects, PutMode};
use serde_json::Value;

use crate::handler_tests::World;
use crate::resource_tests::{error, id, owner, upload};

fn manifest() -> Vec<u8> {
    let snapshot = Snapshot {
        ledger: owner(),
        turn: TurnId(4),
        settings: Settings::default(),
        uploads: vec![UploadEntry {
            job: id(9),
            filename: "a.csv".to_owned(),
            chunks: Vec::new(),
            earliest: None,
            rows: 2,
        }],
        prices: Vec::new(),
        overrides: None,
        pins: vec![TurnId(4)],
        dirty: Dirty::Everything,
    };
    let revision = Revision {
        snapshot,
        segments: Vec::new(),
        closing: None,
        recomputed: 0,
    };
    serde_json::to_vec(&revision).unwrap()
}

#[tokio::test]
async fn a_completed_upload_has_a_receipt_that_an_undo_does_not_change() {
    let world = World::completed().await;
    let manifest = Bytes::from(manifest());
    let key = keys::revision(&owner(), TurnId(4));
    let put = world.objects.put(&key, manifest.clone(), PutMode::IfAbsent);
    put.await.unwrap();
    let (status, headers, receipt) = world.ask("GET", "/receipt").await;
    assert_eq!(status, StatusCode::OK);
    let file = &receipt["file"];
    assert_eq!(
        (&file["sha256"], &file["size"]),
        (&"00".repeat(32).into(), &100.into())
    );
    assert_eq!(receipt["counts"]["rejected"], 1);
    let result = &receipt["result"];
    assert_eq!(
        (&result["revision"], &result["rows"]),
        (&4.into(), &2.into())
    );
    let digest = format!("blake3:{}", blake3::hash(&manifest).to_hex());
    assert_eq!(result["digest"], digest);
    assert_eq!(result["settings"]["method"], "fifo");
    for name in ["settings_digest", "prices_digest"] {
        assert!(
            result[name].as_str().unwrap().starts_with("blake3:"),
            "{name}"
        );
    }
    assert_eq!(world.ask("POST", "/undo").await.0, StatusCode::ACCEPTED);
    let (_, again, after) = world.ask("GET", "/receipt").await;
    assert_eq!(
        (after, &again[header::ETAG]),
        (receipt, &headers[header::ETAG])
    );
}

#[tokio::test]
async fn a_job_without_effect_has_a_receipt_without_a_result() {
    let failed = JobPhase::Failed {
        error: error(ErrorClass::Data),
    };
    for (phase, state) in [
        (failed, "failed"),
        (JobPhase::Cancelled, "cancelled"),
        (JobPhase::Expired, "expired"),
    ] {
        let world = World::with(upload(None), phase).await;
        let (status, _, receipt) = world.ask("GET", "/receipt").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            (&receipt["state"], &receipt["result"]),
            (&state.into(), &Value::Null)
        );
        assert_eq!(receipt["error"].is_null(), state != "failed");
    }
}

#[tokio::test]
async fn a_job_at_work_has_none_yet_and_anothers_is_not_there() {
    let world = World::with(upload(None), JobPhase::Ingesting).await;
    let (status, headers, problem) = world.ask("GET", "/receipt").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &"not_ended_yet".into())
    );
    assert_eq!(headers[header::RETRY_AFTER], "2");
    let path = format!("/v1/jobs/{}/receipt", id(9));
    let (status, ..) = world.send("stranger", "GET", &path, &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "I8");
}
