//! The stack as a whole: files through the API and every function, by hand and by itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

use std::path::Path;
use std::time::Duration;

use domain::message::Queue;
use embedded::Place;
use ports::Parted;

use super::*;
use crate::client::{
    Client, ClientError, Endpoint, JobAnswer, UploadRequest, UploadTerms, fingerprint,
};
use crate::generate::Ledger;
use crate::tokens::TENANT;

/// Rows of a generated file: enough for transfers, few enough for a test.
const ROWS: usize = 60;

fn by_hand(place: Place) -> StackConfig {
    StackConfig {
        pumping: Pumping::ByHand,
        chunk_rows: Some(7),
        segment_rows: 13,
        ..StackConfig::new(place)
    }
}

fn client(stack: &Stack) -> Client {
    client_with(stack, stack.token(TENANT).unwrap())
}

fn client_with(stack: &Stack, token: String) -> Client {
    Client::new(Endpoint::local(stack.base_url().to_owned(), token)).unwrap()
}

/// Uploads a file and answers its job.
async fn upload(client: &Client, file: &Path) -> String {
    let print = fingerprint(file).await.unwrap();
    let request = UploadRequest {
        filename: "rows.csv".to_owned(),
        size: print.size,
        sha256: print.sha256,
        ledger: "main".to_owned(),
        ..UploadRequest::default()
    };
    client.upload(file, &request).await.unwrap().job_id
}

fn generated(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("rows.csv");
    std::fs::write(&file, Ledger::new(11, ROWS, 4).csv()).unwrap();
    file
}

async fn job_at_end(client: &Client, id: &str) -> JobAnswer {
    let job = client.job(id).await.unwrap();
    assert!(job.is_terminal, "{job:?}");
    job
}

/// The bytes of an export of a stack that is pumped by hand.
async fn export(stack: &Stack, client: &Client, name: &str, folder: &Path) -> Vec<u8> {
    let to = folder.join(name);
    let path = format!("/v1/ledgers/main/exports/{name}");
    let download = client.download("downloading", &path, &to);
    let pump = async {
        loop {
            stack.settle(1).await.unwrap();
            crate::ambient::pause(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        done = download => done.unwrap(),
        () = pump => panic!("pumping never ends"),
    };
    std::fs::read(to).unwrap()
}

#[tokio::test]
async fn a_file_goes_all_the_way_in_any_order_of_messages() {
    let folder = tempfile::tempdir().unwrap();
    let file = generated(folder.path());
    let mut seen: Option<Vec<u8>> = None;
    for seed in [1, 2, 3] {
        let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
        let client = client(&stack);
        let id = upload(&client, &file).await;
        let settled = stack.settle(seed).await.unwrap();
        assert_eq!(settled.next_due, None, "every message was dealt with");
        let job = job_at_end(&client, &id).await;
        assert!(job.succeeded(), "{job:?}");
        let counts = job.counts;
        assert_eq!((counts.total, counts.accepted, counts.pending), (60, 60, 0));
        let rows = export(&stack, &client, "transactions.csv", folder.path()).await;
        assert_eq!(rows.iter().filter(|byte| **byte == b'\n').count(), ROWS + 1);
        assert_eq!(seen.get_or_insert_with(|| rows.clone()), &rows);
        stack.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_left_another_finishes() {
    let folder = tempfile::tempdir().unwrap();
    let file = generated(folder.path());
    let place = Place::Folder(folder.path().join("data"));
    let first = Stack::start(by_hand(place.clone())).await.unwrap();
    let id = upload(&client(&first), &file).await;
    while first
        .pump_once(QueueName::live(Queue::Split))
        .await
        .unwrap()
        == 0
    {}
    assert!(
        first
            .pump_once(QueueName::live(Queue::Ingest))
            .await
            .unwrap()
            > 0
    );
    first.stop().await;

    let second = Stack::start(StackConfig::new(place)).await.unwrap();
    let mut totals = Vec::new();
    let job = client(&second)
        .wait(&id, |job| totals.push(job.counts))
        .await
        .unwrap();
    assert!(job.succeeded(), "{job:?}");
    for counts in totals.iter().filter(|counts| counts.total > 0) {
        let settled = counts.accepted + counts.duplicate + counts.rejected + counts.ignored;
        assert_eq!(counts.total, settled + counts.failed + counts.pending, "I3");
    }
    second.stop().await;
}

#[tokio::test]
async fn bytes_that_were_not_announced_are_refused_by_the_storage() {
    let folder = tempfile::tempdir().unwrap();
    let file = generated(folder.path());
    let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
    let client = client(&stack);
    let print = fingerprint(&file).await.unwrap();
    let request = UploadRequest {
        filename: "rows.csv".to_owned(),
        size: print.size,
        sha256: "0".repeat(64),
        ledger: "main".to_owned(),
        ..UploadRequest::default()
    };
    let terms = client.announce(&request).await.unwrap().upload.unwrap();
    let UploadTerms::Single(terms) = terms else {
        panic!("{terms:?}")
    };
    let refused = client.put(&file, print.size, &terms).await.unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, ClientError::Unexpected { .. }), "{text}");
    assert!(!text.contains("X-Amz") && !text.contains("http"), "{text}");
    assert_eq!(stack.settle(1).await.unwrap().messages, 0);
    stack.stop().await;
}

#[tokio::test]
async fn an_unknown_job_and_ledger_are_refused_with_the_apis_reason() {
    let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
    let client = client(&stack);
    let missing = client.job("no-such-job").await.unwrap_err();
    let ClientError::Refused { problem, .. } = missing else {
        panic!("{missing}")
    };
    assert_eq!((problem.status, problem.code.as_str()), (404, "not_found"));
    assert!(problem.request_id.unwrap().starts_with("local-"));
    stack.stop().await;
}

#[tokio::test]
async fn a_tenant_sees_its_own_jobs_and_none_of_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let file = generated(folder.path());
    let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
    let ada = client_with(&stack, stack.token("ada").unwrap());
    let eve = client_with(&stack, stack.token("eve").unwrap());
    let id = upload(&ada, &file).await;
    stack.settle(1).await.unwrap();
    job_at_end(&ada, &id).await;
    let missing = eve.job(&id).await.unwrap_err();
    let ClientError::Refused { problem, .. } = missing else {
        panic!("{missing}")
    };
    assert_eq!((problem.status, problem.code.as_str()), (404, "not_found"));
    assert_ne!(
        upload(&eve, &file).await,
        id,
        "the same bytes are a job of one's own"
    );
    stack.stop().await;
}

#[tokio::test]
async fn without_a_good_token_nothing_but_what_is_open_is_answered() {
    let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("{}{path}", stack.base_url());
    for path in [
        "/v1/jobs",
        "/v1/limits",
        "/v1/ledgers/main/settings",
        "/v1/webhook",
    ] {
        for token in [None, Some("e30.e30.e30")] {
            let mut request = http.get(url(path));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            let problem: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], "unauthenticated");
            assert!(
                problem["request_id"]
                    .as_str()
                    .unwrap()
                    .starts_with("local-")
            );
        }
    }
    for path in ["/", "/main.js", "/healthz", "/openapi.json", "/docs"] {
        let answer = http.get(url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    // S3 knows no such way to sign.
    let object = http.get(url("/millrace/x"));
    let opened = object
        .bearer_auth(stack.token(TENANT).unwrap())
        .send()
        .await;
    let status = opened.unwrap().status();
    assert_eq!(status, 400, "a token opens no object");
    let nobody = http.get(url("/millrace/x")).send().await.unwrap();
    assert_eq!(nobody.status(), 403);
    stack.stop().await;
}

#[tokio::test]
async fn a_browser_that_takes_its_token_along_to_a_signed_url_gets_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = generated(folder.path());
    let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
    let client = client(&stack);
    upload(&client, &file).await;
    stack.settle(1).await.unwrap();
    let rows = export(&stack, &client, "transactions.csv", folder.path()).await;
    // This client follows redirects as a browser does: the token goes to the same site.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!(
        "{}/v1/ledgers/main/exports/transactions.csv",
        stack.base_url()
    );
    let asked = http.get(url).bearer_auth(stack.token(TENANT).unwrap());
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), rows);
    stack.stop().await;
}

#[tokio::test]
async fn a_folder_and_a_port_belong_to_one_stack_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    let first = Stack::start(by_hand(place.clone())).await.unwrap();
    let refused = Stack::start(by_hand(place)).await.err().unwrap();
    assert!(refused.to_string().contains("in use"), "{refused}");
    let port = first
        .base_url()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let config = StackConfig {
        port,
        ..by_hand(Place::InMemory)
    };
    let refused = Stack::start(config).await.err().unwrap();
    assert!(refused.to_string().contains(&port.to_string()), "{refused}");
    first.stop().await;
}

#[tokio::test]
async fn a_sweep_of_a_quiet_stack_does_nothing() {
    let stack = Stack::start(by_hand(Place::InMemory)).await.unwrap();
    assert_eq!(stack.sweep().await.unwrap(), sweep::Swept::default());
    stack.stop().await;
}

#[tokio::test]
async fn parts_that_nobody_completes_are_dropped_after_a_day() {
    let clock = Arc::new(embedded::ManualClock::at(Instant(1_700_000_000_000_000)));
    let config = StackConfig {
        clock: clock.clone(),
        ..by_hand(Place::InMemory)
    };
    let stack = Stack::start(config).await.unwrap();
    // As presign leaves it that dies before its job is saved: no job names it.
    let multipart = &stack.assembly.outside().multipart;
    let upload = multipart.begin("uploads/left", "text/csv").await.unwrap();
    for (seconds, expected) in [(24 * 3_600, Parted::Open(Vec::new())), (1, Parted::Gone)] {
        clock.advance_seconds(seconds);
        stack.sweep().await.unwrap();
        let looked = multipart.look("uploads/left", &upload).await.unwrap();
        assert_eq!(looked, expected);
    }
}
