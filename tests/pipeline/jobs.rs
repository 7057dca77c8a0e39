//! What a user sees of a job who polls it, lists it, or stops it.

use std::sync::atomic::Ordering;

use domain::message::Queue;
use millrace::client::UploadTerms;
use ports::QueueName;
use reqwest::header::{ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tests::conformance::Description;
use tests::ledgers::ledger;
use tests::results::without_places;

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
}

impl<'a> Http<'a> {
    fn of(world: &'a World) -> Self {
        Self { world }
    }

    async fn ask(&self, method: Method, path: &str, tag: &str) -> Response {
        let request = self.world.http(method, path).header(IF_NONE_MATCH, tag);
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

/// A world of small chunks and segments in which a first file is published and a second one is about to
/// be split; the second one's job.
async fn second_file() -> (World, String) {
    let world = World::by_hand(Setup {
        chunk_rows: 20,
        segment_rows: 30,
        ..Setup::default()
    })
    .await;
    world.upload("a.csv", &ledger(31, 40).csv()).await;
    world.stack.settle(1).await.expect("everything settles");
    let job = world.upload("b.csv", &ledger(32, 40).csv()).await.job_id;
    (world, job)
}

async fn cancel(http: &Http<'_>, job: &str) -> (u16, Value) {
    let answer = http
        .ask(Method::DELETE, &format!("/v1/jobs/{job}"), "")
        .await;
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("an answer"))
}

/// The results, in a world whose messages a test moves.
async fn results(world: &World) -> tests::results::Results {
    let settling = async {
        loop {
            world.stack.settle(2).await.expect("everything settles");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        results = world.results() => without_places(&results),
        () = settling => unreachable!("settling never ends"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_cancelled_after_any_step_leaves_the_ledger_as_it_was() {
    let (world, _) = second_file().await;
    // The second file is cancelled before anything was done: the ledger of the first alone.
    let http = Http::of(&world);
    let listed = http.ask(Method::GET, "/v1/jobs", "").await;
    let listed: Value = listed.json().await.expect("a list");
    assert_eq!(listed["items"].as_array().expect("items").len(), 2);
    assert_eq!(listed["items"][0]["filename"], "b.csv", "the newest first");
    let second = listed["items"][0]["job_id"].as_str().expect("an id");
    assert_eq!(cancel(&http, second).await.1["result"], "cancelled");
    let before = results(&world).await;
    let (mut at_once, mut undone) = (0, 0);
    for steps in 1.. {
        let (world, job) = second_file().await;
        let http = Http::of(&world);
        let mut moved = true;
        for _ in 0..steps {
            moved = step(&world).await;
        }
        let (status, answer) = cancel(&http, &job).await;
        if !moved {
            assert_eq!((status, &answer["code"]), (409, &"already_ended".into()));
            break;
        }
        let ended = world.client.job(&job).await.expect("the job").is_terminal;
        if status == 409 {
            assert!(ended, "{steps} steps: {answer}");
            continue;
        }
        let again = cancel(&http, &job).await;
        assert_eq!((again.0, &again.1["result"]), (status, &answer["result"]));
        assert_eq!(again.1["undo_job_id"], answer["undo_job_id"]);
        world.stack.settle(3).await.expect("everything settles");
        let end = world.client.job(&job).await.expect("the job");
        if status == 200 {
            at_once += 1;
            assert_eq!(end.state, "cancelled", "{steps} steps");
            assert_eq!(end.counts.pending, 0, "I3");
        } else {
            undone += 1;
            let undo = answer["undo_job_id"].as_str().expect("an undo");
            let undo = world.client.job(undo).await.expect("the undo");
            assert!(undo.succeeded() && end.is_terminal, "{undo:?} {end:?}");
        }
        tests::results::assert_same(&before, &results(&world).await, &format!("{steps} steps"));
        let anew = world.upload("b.csv", &ledger(32, 40).csv()).await;
        assert!(!anew.deduplicated && anew.job_id != job, "it starts anew");
    }
    assert!(at_once > 3 && undone > 3, "{at_once} and {undone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_jobs_that_a_turn_lists_the_one_that_is_cancelled_before_it_begins_is_left_out() {
    let alone = World::by_hand(Setup::default()).await;
    alone.upload("b.csv", &ledger(37, 40).csv()).await;
    alone.stack.settle(1).await.expect("everything settles");
    let world = World::by_hand(Setup::default()).await;
    let gone = world.upload("a.csv", &ledger(36, 40).csv()).await.job_id;
    let kept = world.upload("b.csv", &ledger(37, 40).csv()).await.job_id;
    for queue in [Queue::Split, Queue::Ingest] {
        let from = QueueName::live(queue);
        while world.stack.pump_once(from).await.expect("a round") > 0 {}
    }
    let admit = world.stack.pump_once(QueueName::live(Queue::Price)).await;
    assert_eq!(admit.expect("a round"), 1);
    let (status, answer) = cancel(&Http::of(&world), &gone).await;
    assert_eq!((status, &answer["result"]), (200, &"cancelled".into()));
    world.stack.settle(1).await.expect("everything settles");
    let ends = [&gone, &kept].map(|job| world.client.job(job));
    let [gone, kept] = ends;
    let (gone, kept) = (gone.await.expect("a job"), kept.await.expect("a job"));
    assert_eq!(gone.state, "cancelled");
    assert!(kept.succeeded(), "{kept:?}");
    assert_eq!(kept.more["revision"], 1, "of the turn that listed both");
    tests::results::assert_same(
        &results(&alone).await,
        &results(&world).await,
        "b.csv alone",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_after_the_cancel_changes_nothing() {
    let world = World::by_hand(Setup::default()).await;
    let http = Http::of(&world);
    let csv = ledger(33, 60).csv();
    let terms = world
        .client
        .announce(&world.request("a.csv", &csv).await)
        .await;
    let terms = terms.expect("terms");
    assert_eq!(cancel(&http, &terms.job_id).await.0, 200);
    let Some(UploadTerms::Single(upload)) = terms.upload else {
        panic!("{terms:?}")
    };
    let mut put = reqwest::Client::new().put(&upload.url).body(csv.clone());
    for (name, value) in &upload.headers {
        put = put.header(name, value);
    }
    let put = put.send().await.expect("an answer");
    assert!(put.status().is_success(), "{put:?}");
    world.stack.settle(1).await.expect("everything settles");
    let job = world.client.job(&terms.job_id).await.expect("the job");
    assert_eq!((job.state.as_str(), job.counts.total), ("cancelled", 0));
    world.clock.by_us.store(7_200_000_000, Ordering::SeqCst);
    let swept = world.stack.sweep().await.expect("a sweep");
    assert_eq!((swept.found, swept.expired), (0, 0));
    world.clock.by_us.store(0, Ordering::SeqCst);
    let anew = world.upload("a.csv", &csv).await;
    world.stack.settle(2).await.expect("everything settles");
    assert!(anew.job_id != terms.job_id, "the content is free again");
    assert!(
        world
            .client
            .job(&anew.job_id)
            .await
            .expect("a job")
            .succeeded()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancels_at_any_moment_of_a_running_stack_end_every_job_and_leave_no_half() {
    let world = World::start(Setup {
        chunk_rows: 20,
        segment_rows: 60,
        ..Setup::default()
    })
    .await;
    let http = Http::of(&world);
    let mut kept = 0;
    for seed in 40..52 {
        let csv = ledger(seed, 120).csv();
        let job = world.upload(&format!("{seed}.csv"), &csv).await.job_id;
        tokio::time::sleep(std::time::Duration::from_millis(15 * (seed - 40))).await;
        let (one, two) = tokio::join!(cancel(&http, &job), cancel(&http, &job));
        for (status, answer) in [&one, &two] {
            assert!([200, 202, 409].contains(status), "{answer}");
        }
        let undo = one.1["undo_job_id"]
            .as_str()
            .or(two.1["undo_job_id"].as_str());
        if let Some(undo) = undo {
            assert!(world.end_of(undo).await.succeeded());
        }
        let end = world.end_of(&job).await;
        let undone = !end.more.get("undone_by").is_none_or(Value::is_null);
        kept += u64::from(end.succeeded() && !undone);
    }
    world.ingest("last.csv", &ledger(60, 60).csv()).await;
    let path = format!(
        "/v1/ledgers/{}/transactions?limit=1000",
        tests::user::LEDGER
    );
    let rows: Value = http
        .ask(Method::GET, &path, "")
        .await
        .json()
        .await
        .expect("rows");
    let files: std::collections::BTreeSet<&str> = rows["items"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["source"]["file"].as_str())
        .collect();
    assert_eq!(files.len() as u64, kept + 1, "{files:?}, {kept} kept");
}

/// Asks, and holds the answer to the description.
async fn conforms(
    http: &Http<'_>,
    method: Method,
    path: &str,
    described: &str,
    expected: u16,
) -> Value {
    let description = Description::served();
    let answer = http.ask(method.clone(), path, "").await;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    assert_eq!(status, expected, "{method} {path}: {body}");
    let name = method.as_str().to_lowercase();
    let faults = description.faults(&name, described, status, &body);
    assert_eq!(faults, Vec::<String>::new(), "{body:#}");
    body
}

/// What a published ledger is asked for.
async fn ledger_conforms(http: &Http<'_>) {
    for name in [
        "settings",
        "overrides",
        "transactions",
        "disposals",
        "issues",
        "reconciliation",
        "holdings",
        "summary",
    ] {
        let path = format!("/v1/ledgers/{}/{name}", tests::user::LEDGER);
        let described = format!("/v1/ledgers/{{ledger}}/{name}");
        let body = conforms(http, Method::GET, &path, &described, 200).await;
        let empty = body["items"].as_array().is_some_and(Vec::is_empty);
        assert!(!empty || name == "overrides", "{name} says nothing");
        if name != "settings" {
            let odd = format!("{path}?odd=1&limit=0");
            conforms(http, Method::GET, &odd, &described, 400).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_the_shape_its_description_gives() {
    let world = World::start(Setup::default()).await;
    let http = Http::of(&world);
    let file = ledger(35, 120);
    world.price(&file.prices_csv()).await;
    let done = world.ingest("a.csv", &file.csv()).await.job_id;
    let request = world.request("b.csv", b"a,b\n1,2\n").await;
    let terms = world.client.announce(&request);
    let waiting = terms.await.expect("terms").job_id;
    let job = "/v1/jobs/{id}";
    let of = |id: &str, rest: &str| format!("/v1/jobs/{id}{rest}");
    for id in [&done, &waiting] {
        conforms(&http, Method::GET, &of(id, ""), job, 200).await;
    }
    let list = conforms(&http, Method::GET, "/v1/jobs?limit=2", "/v1/jobs", 200).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    let receipt = "/v1/jobs/{id}/receipt";
    conforms(&http, Method::GET, &of(&done, "/receipt"), receipt, 200).await;
    conforms(&http, Method::GET, &of(&waiting, "/receipt"), receipt, 409).await;
    conforms(
        &http,
        Method::POST,
        &of(&done, "/retry"),
        "/v1/jobs/{id}/retry",
        409,
    )
    .await;
    conforms(&http, Method::DELETE, &of(&waiting, ""), job, 200).await;
    conforms(&http, Method::DELETE, &of("none", ""), job, 404).await;
    ledger_conforms(&http).await;
    world.settle("s104", "GBP").await;
    ledger_conforms(&http).await;
    conforms(
        &http,
        Method::POST,
        &of(&done, "/undo"),
        "/v1/jobs/{id}/undo",
        202,
    )
    .await;
    let page = http.ask(Method::GET, "/docs", "").await;
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .expect("text")
            .starts_with("default-src 'none'")
    );
}
