//! Every HTTP API event in `events/`, from API Gateway's JSON through the guard and the function's
//! router to API Gateway's answer, as in the cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use domain::ids::{JobId, TenantId};
use domain::state::Job;
use domain::time::Instant;
use domain::webhook::Reach;
use embedded::{Embedded, Place};
use lambda::identity::guard;
use lambda_http::Adapter;
use lambda_http::tower::ServiceExt;
use lambda_runtime::{Context, LambdaEvent};
use ports::state::load;
use ports::testing::{
    CountingIds, CountingSecrets, MemoryMultipart, MemoryObjects, PlainSigner, SentMessages,
    SetClock,
};
use serde_json::Value;

use crate::events::{HTTP_FUNCTIONS, parse, scenarios};

/// The subject in the events' claims.
const SUBJECT: &str = "5d9c5b1e-0a53-4ea8-9ec5-6d9f6f1f0c11";

/// What each event comes to on empty stores: status and, of a problem, its code.
const ANSWERS: [(&str, u64, Option<&str>); 26] = [
    ("presign/upload.json", 201, None),
    ("presign/large-upload.json", 201, None),
    ("presign/limits.json", 200, None),
    ("presign/parts.json", 404, Some("not_found")),
    ("presign/complete.json", 404, Some("not_found")),
    ("presign/no-claims.json", 401, Some("unauthenticated")),
    ("status/job.json", 404, Some("not_found")),
    ("status/openapi.json", 200, None),
    ("status/docs.json", 200, None),
    ("status/receipt.json", 404, Some("not_found")),
    ("status/jobs.json", 200, None),
    ("status/cancel.json", 404, Some("not_found")),
    ("status/retry.json", 404, Some("not_found")),
    ("status/undo.json", 404, Some("not_found")),
    ("status/rejects.json", 404, Some("not_found")),
    ("status/get-webhook.json", 404, Some("not_found")),
    ("status/put-webhook.json", 201, None),
    ("ledger/get-settings.json", 200, None),
    ("ledger/put-settings.json", 202, None),
    ("ledger/put-prices.json", 202, None),
    ("ledger/get-overrides.json", 404, Some("not_found")),
    ("ledger/put-overrides.json", 404, Some("not_found")),
    ("ledger/transactions.json", 404, Some("not_found")),
    ("ledger/disposals.json", 404, Some("not_found")),
    ("ledger/reconciliation.json", 404, Some("not_found")),
    ("ledger/export.json", 404, Some("not_found")),
];

/// The functions over empty stores.
struct World {
    stores: Embedded,
    sent: Arc<SentMessages>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(SetClock::at(Instant(1_700_000_000_000_000)));
        let ids = Arc::new(CountingIds::default());
        let stores = Embedded::open(&Place::InMemory, clock, ids).expect("stores in memory");
        let sent = Arc::new(SentMessages::default());
        Self { stores, sent }
    }

    fn router(&self, function: &str) -> Router {
        let (stores, sender) = (&self.stores, self.sent.clone());
        let (clock, ids) = (Arc::clone(&stores.clock), Arc::clone(&stores.ids));
        let (state, signer) = (stores.state.clone(), Arc::new(PlainSigner));
        match function {
            "presign" => presign::router(Arc::new(presign::Deps {
                state,
                signer,
                multipart: Arc::new(MemoryMultipart::default()),
                clock,
                ids,
                bounds: presign::config::Bounds::default(),
            })),
            "status" => status::router(Arc::new(status::Deps {
                done_sets: state.clone(),
                state,
                sender,
                objects: Arc::new(MemoryObjects::default()),
                signer,
                clock,
                ids,
                secrets: Arc::new(CountingSecrets::default()),
                reach: Reach::Public,
            })),
            "ledger" => ledger::router(Arc::new(ledger::Deps {
                state,
                sender,
                objects: Arc::new(MemoryObjects::default()),
                transactions: stores.tables.transactions.clone(),
                disposals: stores.tables.disposals.clone(),
                summaries: stores.tables.summaries.clone(),
                prices: stores.tables.ledger_prices.clone(),
                signer,
                clock,
                ids,
            })),
            other => panic!("{other} has no routes"),
        }
    }

    /// What API Gateway is answered to an event.
    async fn answer(&self, function: &str, event: &Value) -> Value {
        let event = serde_json::from_value(event.clone()).expect("an HTTP API event");
        let invocation = LambdaEvent::new(event, Context::default());
        let adapter = Adapter::from(guard(self.router(function)));
        let answer = adapter.oneshot(invocation).await.expect("an answer");
        serde_json::to_value(answer).expect("API Gateway's form")
    }
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON")
}

#[tokio::test]
async fn every_http_api_event_is_answered_through_the_guard() {
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    for function in HTTP_FUNCTIONS {
        for path in scenarios(function) {
            let name = path.file_name().expect("a name").to_string_lossy();
            events.insert(format!("{function}/{name}"), parse(&path));
        }
    }
    assert_eq!(events.len(), ANSWERS.len(), "{:?}", events.keys());
    for (name, status, code) in ANSWERS {
        let function = name.split('/').next().expect("a function");
        let answer = World::new().answer(function, &events[name]).await;
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
        assert_eq!(
            answer["headers"]["x-request-id"], "JKJaXmPLvHcESHA=",
            "{name}"
        );
        if let Some(code) = code {
            let problem = body(&answer);
            assert_eq!(problem["code"], code, "{name}");
            assert_eq!(problem["request_id"], "JKJaXmPLvHcESHA=", "{name}");
        }
    }
}

#[tokio::test]
async fn a_job_belongs_to_the_verified_subject_and_to_nobody_a_header_names() {
    let world = World::new();
    let mut paths = scenarios("presign").into_iter();
    let path = paths.find(|path| path.ends_with("upload.json"));
    let mut event: Value = parse(&path.expect("the event"));
    for header in ["x-tenant", "tenant", "x-amzn-tenant-id", "sub"] {
        event["headers"][header] = "mallory".into();
    }
    let created = body(&world.answer("presign", &event).await);
    let job: JobId = created["job_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    for (tenant, has) in [(SUBJECT, true), ("mallory", false), ("local", false)] {
        let tenant: TenantId = tenant.parse().expect("a tenant");
        let found = load::<Job>(world.stores.state.as_ref(), &Job::key_of(&tenant, job)).await;
        assert_eq!(found.expect("the store answers").is_some(), has, "{tenant}");
    }
}
