//! What a user sees of a job who polls it, lists it, or stops it.

use std::sync::atomic::Ordering;

use domain::message::Queue;
use ports::QueueName;
use reqwest::header::{ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tests::ledgers::ledger;

use crate::world::{Setup, World};

/// The queues a file passes, in order.
const WAY: [Queue; 5] = [
    Queue::Split,
    Queue::Ingest,
    Queue::Price,
    Queue::Reconcile,
    Queue::Metrics,
];

/// A client that sees statuses and headers as they are.
struct Http<'a> {
    world: &'a World,
    client: reqwest::Client,
}

impl<'a> Http<'a> {
    fn of(world: &'a World) -> Self {
        let client = reqwest::Client::new();
        Self { world, client }
    }

    async fn ask(&self, method: Method, path: &str, tag: &str) -> Response {
        let url = format!("{}{path}", self.world.stack.base_url());
        let request = self.client.request(method, url).header(IF_NONE_MATCH, tag);
        request.send().await.expect("an answer")
    }
}

/// Does one event of the first queue of the way that holds one; whether there was any.
async fn step(world: &World) -> bool {
    for queue in WAY {
        let moved = world.stack.pump_once(QueueName::live(queue)).await;
        if moved.expect("a round") > 0 {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_polls_each_second_is_mostly_told_that_nothing_has_changed() {
    let world = World::by_hand(Setup {
        chunk_rows: 40,
        segment_rows: 60,
        ..Setup::default()
    })
    .await;
    let job = world.upload("a.csv", &ledger(31, 240).csv()).await.job_id;
    let path = format!("/v1/jobs/{job}");
    let http = Http::of(&world);
    let (mut tag, mut last) = (String::new(), Value::Null);
    let (mut same, mut changed, mut steps) = (0, 0, 0);
    loop {
        let moved = step(&world).await;
        steps += 1;
        for _ in 0..12 {
            world.clock.by_us.fetch_add(1_000_000, Ordering::SeqCst);
            let answer = http.ask(Method::GET, &path, &tag).await;
            if answer.status() == StatusCode::NOT_MODIFIED {
                assert_eq!(answer.headers()[ETAG], *tag);
                same += 1;
                continue;
            }
            changed += 1;
            tag = answer.headers()[ETAG].to_str().expect("a tag").to_owned();
            let wait = answer.headers().get(RETRY_AFTER).cloned();
            last = answer.json().await.expect("a job");
            let wait = wait.map(|wait| wait.to_str().expect("text").to_owned());
            let told = last["poll_after_seconds"].as_u64();
            assert_eq!(wait, told.map(|seconds| seconds.to_string()));
            assert_eq!(
                last["estimated_completion_at"].is_null(),
                last["estimated_from_stage"].is_null()
            );
        }
        if !moved {
            break;
        }
    }
    assert_eq!(last["is_terminal"], true, "{last}");
    assert!(steps > 10, "{steps} steps");
    let share = 100 * same / (same + changed);
    assert!(share > 80, "{same} of {} polls were 304", same + changed);
    for stage in last["progress"]["stages"].as_array().expect("stages") {
        let (began, ended) = (&stage["started_at"], &stage["finished_at"]);
        assert!(began.is_string() && ended.is_string(), "{stage}");
    }
}
