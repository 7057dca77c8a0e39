//! A tenant's webhook is told of every end, with a signature its receiver can check.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::webhook::Reach;
use embedded::QueueFaults;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Setup, World};
use tests::ledgers::distinct;

/// More than any message of these tests is put off.
const LATER_US: i64 = 60_000_000;

#[derive(Default)]
struct Seen {
    answers: Mutex<VecDeque<u16>>,
    events: Mutex<Vec<(HeaderMap, Bytes)>>,
}

/// A receiver on this machine that answers as it is told, and then 204.
struct Receiver {
    seen: Arc<Seen>,
    url: String,
}

impl Receiver {
    async fn answering(answers: impl IntoIterator<Item = u16>) -> Self {
        let seen = Arc::new(Seen::default());
        *seen.answers.lock().expect("answers") = answers.into_iter().collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            seen,
            url: format!("http://{address}/hook"),
        }
    }

    fn events(&self) -> Vec<(HeaderMap, Bytes)> {
        self.seen.events.lock().expect("events").clone()
    }

    /// The body of every event, after its signature was checked as any receiver would.
    fn verified(&self, secret: &str) -> Vec<Value> {
        let key = standardwebhooks::Webhook::new(secret).expect("a secret");
        let checked = |(headers, body): &(HeaderMap, Bytes)| {
            key.verify(body, headers).expect("a good signature");
            serde_json::from_slice(body).expect("JSON")
        };
        self.events().iter().map(checked).collect()
    }
}

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    seen.events.lock().expect("events").push((headers, body));
    let answer = seen.answers.lock().expect("answers").pop_front();
    StatusCode::from_u16(answer.unwrap_or(204)).expect("a status")
}

/// A world whose messages move by hand and whose webhooks may be on this machine.
async fn world(queues: QueueFaults) -> World {
    World::by_hand(Setup {
        queues,
        webhook_reach: Reach::Loopback,
        ..Setup::default()
    })
    .await
}

async fn ask(world: &World, method: Method, body: Option<Value>) -> (u16, Value) {
    let mut request = world.http(method, "/v1/webhook");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// Sets the webhook; its secret.
async fn set(world: &World, receiver: &Receiver) -> String {
    let (status, body) = ask(world, Method::PUT, Some(json!({ "url": receiver.url }))).await;
    assert_eq!(status, 201, "{body}");
    body["secret"].as_str().expect("a secret").to_owned()
}

/// Pumps until nothing is left, whatever was put off.
async fn settle(world: &World) {
    for seed in 1..=10 {
        let settled = world.stack.settle(seed).await.expect("it settles");
        if settled.next_due.is_none() {
            return;
        }
        world.clock.by_us.fetch_add(LATER_US, Ordering::SeqCst);
    }
    panic!("messages are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_is_told_once_signed_and_without_a_files_content() {
    let world = world(QueueFaults::default()).await;
    let receiver = Receiver::answering([]).await;
    let secret = set(&world, &receiver).await;
    let (one, two) = (distinct(61, 20), distinct(62, 30));
    let mut jobs = vec![
        world.upload("one.csv", &one.csv()).await.job_id,
        world.upload("two.csv", &two.csv()).await.job_id,
        world.upload("strange.csv", b"foo,bar\n1,2\n").await.job_id,
    ];
    settle(&world).await;
    let mut told = receiver.verified(&secret);
    told.sort_by_key(|event| event["data"]["job_id"].to_string());
    jobs.sort();
    assert_eq!(told.len(), 3, "{told:?}");
    let expected = [
        ("job.completed", 20),
        ("job.completed", 30),
        ("job.failed", 0),
    ];
    for ((event, job), (kind, total)) in told.iter().zip(&jobs).zip(expected) {
        let shown = world.client.job(job).await.expect("the job");
        let data = &event["data"];
        assert_eq!(event["type"], kind);
        assert_eq!(data["job_id"], **job);
        assert_eq!(data["state"], *shown.state);
        assert_eq!(data["counts"]["total"], total, "{data}");
        assert_eq!(data["counts"]["accepted"], shown.counts.accepted, "{data}");
        assert_eq!(data["status_url"], format!("/v1/jobs/{job}"));
    }
    assert_eq!(told[2]["data"]["error"]["class"], "data");
    let words = told[2].to_string();
    assert!(
        !words.contains("foo") && !words.contains("strange"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_twice_gets_the_same_event_a_third_time() {
    let world = world(QueueFaults::default()).await;
    let receiver = Receiver::answering([500, 503]).await;
    let secret = set(&world, &receiver).await;
    world.upload("a.csv", &distinct(63, 20).csv()).await;
    settle(&world).await;
    let bodies = receiver.verified(&secret);
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let events = receiver.events();
    let id = |n: usize| &events[n].0["webhook-id"];
    assert_eq!((id(0), id(1)), (id(1), id(2)));
    let (_, shown) = ask(&world, Method::GET, None).await;
    assert!(shown.get("undelivered").is_none(), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_twice_tell_the_same_ids() {
    let queues = QueueFaults {
        deliver_twice: true,
        repeat_acknowledged: true,
        shuffle: Some(7),
    };
    let world = world(queues).await;
    let receiver = Receiver::answering([]).await;
    let secret = set(&world, &receiver).await;
    for (n, name) in [(64, "a.csv"), (65, "b.csv")] {
        world.upload(name, &distinct(n, 20).csv()).await;
    }
    settle(&world).await;
    let bodies = receiver.verified(&secret);
    let events = receiver.events();
    let ids: BTreeSet<&[u8]> = events
        .iter()
        .map(|event| event.0["webhook-id"].as_bytes())
        .collect();
    assert!(bodies.len() > 2, "the queue repeats");
    assert_eq!(
        ids.len(),
        2,
        "and a receiver that knows ids sees each end once"
    );
    assert!(bodies.iter().all(|body| body["type"] == "job.completed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_nobody_takes_is_noted_on_the_webhook_and_leaves_its_job_alone() {
    let world = world(QueueFaults::default()).await;
    let receiver = Receiver::answering([500; 5]).await;
    set(&world, &receiver).await;
    let job = world.upload("a.csv", &distinct(66, 20).csv()).await.job_id;
    settle(&world).await;
    assert_eq!(
        receiver.events().len(),
        5,
        "as often as the queue hands it out"
    );
    let end = world.client.job(&job).await.expect("the job");
    assert!(end.succeeded(), "{end:?}");
    let (_, shown) = ask(&world, Method::GET, None).await;
    let message = shown["undelivered"]["message"].as_str().expect("a note");
    assert!(
        message.contains("500") && message.contains(&job),
        "{message}"
    );
    assert_eq!(shown["state"], "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_left_alone_until_it_is_set_anew() {
    let world = world(QueueFaults::default()).await;
    let receiver = Receiver::answering([410]).await;
    set(&world, &receiver).await;
    world.upload("a.csv", &distinct(67, 20).csv()).await;
    settle(&world).await;
    world.upload("b.csv", &distinct(68, 20).csv()).await;
    settle(&world).await;
    assert_eq!(receiver.events().len(), 1);
    assert_eq!(ask(&world, Method::GET, None).await.1["state"], "gone");
    let (status, body) = ask(&world, Method::PUT, Some(json!({ "url": receiver.url }))).await;
    assert_eq!((status, &body["state"]), (200, &json!("active")));
    world.upload("c.csv", &distinct(69, 20).csv()).await;
    settle(&world).await;
    assert_eq!(receiver.events().len(), 2);
    assert_eq!(ask(&world, Method::DELETE, None).await.0, 204);
    assert_eq!(ask(&world, Method::GET, None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_on_this_machine_is_refused_unless_that_was_set() {
    let world = World::by_hand(Setup::default()).await;
    let receiver = Receiver::answering([]).await;
    let (status, body) = ask(&world, Method::PUT, Some(json!({ "url": receiver.url }))).await;
    assert_eq!(
        (status, &body["code"]),
        (400, &json!("invalid_request")),
        "{body}"
    );
}
