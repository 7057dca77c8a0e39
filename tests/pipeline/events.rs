//! Every event in `events/` is one its function understands.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use axum::{Extension, Router};
use domain::ids::TenantId;
use domain::message::{Envelope, Queue};
use domain::time::Instant;
use domain::webhook::Reach;
use lambda_http::Adapter;
use lambda_http::tower::ServiceExt;
use lambda_runtime::{Context, LambdaEvent};
use ports::testing::{
    CountingIds, CountingSecrets, MemoryState, PlainSigner, SentMessages, SetClock,
};
use serde_json::Value;
use split::event::{Incoming, understand};

/// Functions whose events are API Gateway's.
const HTTP_FUNCTIONS: [&str; 2] = ["presign", "status"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// Each queue event's path below `events/`, with the event.
fn events() -> Vec<(String, SqsEvent)> {
    let mut events = Vec::new();
    for function in fs::read_dir(root()).expect("events/") {
        let folder = function.expect("a folder").path();
        let name = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if HTTP_FUNCTIONS.contains(&name.as_str()) {
            continue;
        }
        for scenario in fs::read_dir(folder).expect("scenarios") {
            let path = scenario.expect("a scenario").path();
            let event = serde_json::from_slice(&fs::read(&path).expect("the file"));
            let event = event.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let scenario = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            events.push((format!("{name}/{scenario}"), event));
        }
    }
    assert!(events.len() >= 18, "{} events", events.len());
    events
}

#[test]
fn every_queue_event_is_of_the_real_type_and_its_body_is_understood() {
    for (path, event) in events() {
        let function = path.split('/').next().unwrap_or_default();
        assert_eq!(event.records.len(), 1, "{path}");
        for message in event.records {
            let body = message.body.unwrap_or_default();
            let source = message.event_source_arn.unwrap_or_default();
            match function {
                "failure" => assert!(source.ends_with("-dlq"), "{path}: {source}"),
                "split" => {
                    let understood =
                        understand(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
                    let nothing = matches!(understood, Incoming::Nothing(_));
                    assert_eq!(nothing, path == "split/test-event.json", "{path}");
                }
                queue => {
                    Envelope::parse(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
                    assert!(source.ends_with(&format!(":{queue}")), "{path}: {source}");
                    assert!(
                        Queue::ALL.iter().any(|known| known.name() == queue),
                        "{path}"
                    );
                }
            }
        }
    }
}

/// What a function's router answers to an event, through lambda_http as in the cloud.
async fn answer(router: Router, event: &str) -> Value {
    let tenant: TenantId = "local".parse().expect("a tenant");
    let event = fs::read(root().join(event)).expect("the event");
    let event = serde_json::from_slice(&event).expect("an HTTP API event");
    let invocation = LambdaEvent::new(event, Context::default());
    let adapter = Adapter::from(router.layer(Extension(tenant)));
    let answer = adapter.oneshot(invocation).await.expect("an answer");
    serde_json::to_value(answer).expect("API Gateway's form")
}

#[tokio::test]
async fn http_api_events_reach_the_routers_and_their_answers_go_back() {
    let state = Arc::new(MemoryState::default());
    let clock = Arc::new(SetClock::at(Instant(1_700_000_000_000_000)));
    let presign = presign::router(Arc::new(presign::Deps {
        state: state.clone(),
        signer: Arc::new(PlainSigner),
        clock: clock.clone(),
        ids: Arc::new(CountingIds::default()),
    }));
    let created = answer(presign, "presign/upload.json").await;
    assert_eq!(created["statusCode"], 201, "{created}");
    let body: Value =
        serde_json::from_str(created["body"].as_str().expect("a body")).expect("JSON");
    assert!(body["upload"]["url"].is_string(), "{body}");
    let status = status::router(Arc::new(status::Deps {
        done_sets: state.clone(),
        state,
        sender: Arc::new(SentMessages::default()),
        signer: Arc::new(PlainSigner),
        clock,
        ids: Arc::new(CountingIds::default()),
        secrets: Arc::new(CountingSecrets::default()),
        reach: Reach::Public,
    }));
    let unknown = answer(status, "status/job.json").await;
    assert_eq!(unknown["statusCode"], 404, "{unknown}");
    assert!(
        unknown["headers"]["content-type"]
            .as_str()
            .is_some_and(|kind| kind.contains("problem")),
        "{unknown}"
    );
}
