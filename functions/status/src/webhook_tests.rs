//! What a client sees of `/v1/webhook`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::ids::TenantId;
use domain::state::{Versioned, Webhook};
use domain::time::Instant;
use domain::webhook::Reach;
use http_body_util::BodyExt;
use ports::PortError;
use ports::Secrets;
use ports::state::load;
use ports::testing::{
    CountingIds, CountingSecrets, MemoryObjects, MemoryState, PlainSigner, SentMessages, SetClock,
};
use ports::transition::rewrite;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Deps, router};

const NOW: Instant = Instant(1_700_000_000_000_000);
const PATH: &str = "/v1/webhook";

struct World {
    state: Arc<MemoryState>,
    router: Router,
}

impl World {
    fn with(reach: Reach, secrets: Arc<dyn Secrets>) -> Self {
        let state = Arc::new(MemoryState::default());
        let deps = Deps {
            state: state.clone(),
            done_sets: state.clone(),
            sender: Arc::new(SentMessages::default()),
            objects: Arc::new(MemoryObjects::default()),
            signer: Arc::new(PlainSigner),
            clock: Arc::new(SetClock::at(NOW)),
            ids: Arc::new(CountingIds::default()),
            secrets,
            reach,
        };
        let router = router(Arc::new(deps));
        Self { state, router }
    }

    fn new() -> Self {
        Self::with(Reach::Public, Arc::new(CountingSecrets::default()))
    }

    async fn send(&self, tenant: &str, method: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
        let request = Request::builder().method(method).uri(PATH);
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        let tenant: TenantId = tenant.parse().unwrap();
        request.extensions_mut().insert(tenant);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        (status, headers, body)
    }

    async fn put(&self, url: &str) -> (StatusCode, Value) {
        let body = json!({ "url": url }).to_string();
        let (status, headers, body) = self.send("local", "PUT", &body).await;
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        (status, body)
    }

    async fn stored(&self) -> Option<Versioned<Webhook>> {
        let key = Webhook::key_of(&"local".parse().unwrap());
        load(self.state.as_ref(), &key).await.unwrap()
    }
}

#[tokio::test]
async fn a_webhook_is_set_shown_without_its_secret_and_removed() {
    let world = World::new();
    let (status, _, body) = world.send("local", "GET", "").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    let (status, set) = world.put("https://Example.com/hook").await;
    assert_eq!(status, StatusCode::CREATED);
    let shown = json!({
        "url": "https://example.com/hook", "state": "active", "set_at": "2023-11-14T22:13:20Z",
    });
    assert_eq!(set["url"], shown["url"]);
    let secret = set["secret"].as_str().unwrap();
    assert!(
        secret.starts_with("whsec_") && secret.len() == 50,
        "32 bytes"
    );
    assert_eq!(world.stored().await.unwrap().value.secret.reveal(), secret);
    let (status, headers, body) = world.send("local", "GET", "").await;
    assert_eq!((status, body), (StatusCode::OK, shown));
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    for _ in 0..2 {
        let (status, _, _) = world.send("local", "DELETE", "").await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(world.stored().await.is_none());
    }
}

#[tokio::test]
async fn setting_it_again_brings_another_secret_and_wakes_a_receiver_that_was_gone() {
    let world = World::new();
    let url = "https://example.com/";
    let (_, first) = world.put(url).await;
    let key = Webhook::key_of(&"local".parse().unwrap());
    let asked = url.parse().unwrap();
    let gone = |stored: &Versioned<Webhook>| stored.gone(&asked, NOW);
    rewrite(world.state.as_ref(), &key, gone).await.unwrap();
    let noted = |stored: &Versioned<Webhook>| stored.gave_up("answered 500", NOW);
    rewrite(world.state.as_ref(), &key, noted).await.unwrap();
    let (_, _, shown) = world.send("local", "GET", "").await;
    assert_eq!(
        (&shown["state"], &shown["gone_at"]),
        (&json!("gone"), &json!("2023-11-14T22:13:20Z"))
    );
    assert_eq!(shown["undelivered"]["message"], "answered 500");
    world.state.conflict_next(1);
    let (status, again) = world.put(url).await;
    assert_eq!(
        (status, &again["state"]),
        (StatusCode::OK, &json!("active"))
    );
    assert_ne!(again["secret"], first["secret"]);
    let stored = world.stored().await.unwrap().value;
    assert_eq!(again["secret"], stored.secret.reveal());
}

#[tokio::test]
async fn another_tenants_webhook_is_not_there() {
    let world = World::new();
    world.put("https://example.com/").await;
    assert_eq!(
        world.send("other", "GET", "").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        world.send("other", "DELETE", "").await.0,
        StatusCode::NO_CONTENT
    );
    assert!(world.stored().await.is_some(), "I8");
}

#[tokio::test]
async fn an_address_that_leads_inside_and_a_body_that_is_wrong_are_refused_with_their_faults() {
    let world = World::new();
    for (url, fault) in [
        ("http://example.com/", "https://"),
        ("https://10.0.0.1/", "public address"),
        ("https://localhost/", "public address"),
        ("https://user:word@example.com/", "password"),
        ("nowhere", "absolute URL"),
    ] {
        let (status, body) = world.put(url).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_request"))
        );
        let error = &body["errors"][0];
        assert_eq!(error["pointer"], "#/url");
        assert!(
            error["detail"].as_str().unwrap().contains(fault),
            "{url}: {error}"
        );
    }
    let (_, _, body) = world.send("local", "PUT", r#"{"secret":"mine"}"#).await;
    let pointers: Vec<_> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["pointer"])
        .collect();
    assert_eq!(pointers, ["#/url", "#/secret"]);
    let (status, _, _) = world.send("local", "PUT", &" ".repeat(20_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(world.stored().await.is_none());
}

#[tokio::test]
async fn this_machine_is_taken_when_that_was_set() {
    let world = World::with(Reach::Loopback, Arc::new(CountingSecrets::default()));
    assert_eq!(
        world.put("http://127.0.0.1:9000/").await.0,
        StatusCode::CREATED
    );
    assert_eq!(
        world.put("http://10.0.0.1/").await.0,
        StatusCode::BAD_REQUEST
    );
}

/// A machine without randomness.
struct NoChance;

impl Secrets for NoChance {
    fn secret(&self) -> Result<[u8; 32], PortError> {
        Err(PortError::retry("secrets.secret", "no entropy"))
    }
}

#[tokio::test]
async fn without_randomness_no_secret_is_made_up() {
    let world = World::with(Reach::Public, Arc::new(NoChance));
    let (status, body) = world.put("https://example.com/").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("busy"))
    );
    assert!(world.stored().await.is_none());
}
