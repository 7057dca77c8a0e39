//! The endpoint over a real loopback listener: the signing contract, events, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads the clock the endpoint checks signatures with"
)]

mod sdk;

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use bytes::Bytes;
use domain::time::Instant;
use ports::contract::signing::{HttpClient, HttpRequest, HttpResponse, World};
use ports::{Objects, PutMode, PutTerms, SignedRequest, UploadSigner};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use super::*;
use crate::signing::Presigner;

const KEY: &str = "uploads/6c/main/job/file";
const MINUTE: Duration = Duration::from_mins(1);

fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Instant(i64::try_from(since.unwrap().as_micros()).unwrap())
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        Instant(1_767_225_600_500_000)
    }
}

/// A queue that can be away.
#[derive(Default)]
struct Queues {
    away: Mutex<bool>,
    sent: Mutex<Vec<(Queue, String)>>,
}

#[async_trait]
impl Sender for Queues {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        if *self.away.lock().unwrap() {
            return Err(PortError::retry("queue.send", "away"));
        }
        let bodies = messages.iter().map(|m| (queue, m.body.clone()));
        self.sent.lock().unwrap().extend(bodies);
        Ok(())
    }
}

struct Client(reqwest::Client);

impl Client {
    fn new() -> Self {
        // reqwest is built without a TLS provider and wants one even for plain HTTP; all tests of
        // this process share it, and only the first one's call installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self(reqwest::Client::builder().no_proxy().build().unwrap())
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PortError> {
        let failed = |e: reqwest::Error| PortError::retry("test.http", e.without_url());
        let method = request.method.parse().unwrap();
        let mut builder = self.0.request(method, request.url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.map_err(failed)?;
        let headers = response.headers().iter();
        Ok(HttpResponse {
            status: response.status().as_u16(),
            headers: headers
                .map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()))
                .collect(),
            body: response.bytes().await.map_err(failed)?,
        })
    }
}

/// An endpoint that listens, and everything around it.
struct Running {
    endpoint: Endpoint,
    queues: Arc<Queues>,
    signer: Presigner,
    client: Client,
    base: String,
}

impl Running {
    async fn over(store: ObjectStore) -> Self {
        let queues = Arc::new(Queues::default());
        let endpoint = Endpoint {
            store,
            bucket: "millrace-local".to_owned(),
            region: "local-1".to_owned(),
            credentials: Credentials::from_entropy(&[3; 32]),
            events: queues.clone(),
            clock: Arc::new(FixedClock),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = service(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let credentials = &endpoint.credentials;
        let signer = Presigner::new(&base, &endpoint.bucket, &endpoint.region, credentials);
        Self {
            signer: signer.unwrap(),
            client: Client::new(),
            endpoint,
            queues,
            base,
        }
    }

    async fn sign(&self, key: &str, body: &[u8]) -> SignedRequest {
        use base64::Engine;
        let terms = PutTerms {
            key: key.to_owned(),
            content_length: body.len() as u64,
            content_type: "text/csv".to_owned(),
            checksum_sha256: base64::engine::general_purpose::STANDARD.encode(Sha256::digest(body)),
        };
        self.signer.sign_put(&terms, now(), MINUTE).await.unwrap()
    }

    async fn put(&self, key: &str, body: &[u8]) -> HttpResponse {
        let signed = self.sign(key, body).await;
        self.send("PUT", signed.url, signed.headers, body).await
    }

    async fn send(
        &self,
        method: &'static str,
        url: String,
        headers: Vec<(String, String)>,
        body: &[u8],
    ) -> HttpResponse {
        let request = HttpRequest {
            method,
            url,
            headers,
            body: Bytes::copy_from_slice(body),
        };
        self.client.send(request).await.unwrap()
    }

    fn sent(&self) -> Vec<(Queue, String)> {
        self.queues.sent.lock().unwrap().clone()
    }
}

async fn keeps_the_contract(store: ObjectStore) {
    let running = Running::over(store).await;
    ports::contract::signing::run(&World {
        uploads: &running.signer,
        downloads: &running.signer,
        objects: &running.endpoint.store,
        client: &running.client,
        now: now(),
    })
    .await;
    ports::contract::multipart::run(&ports::contract::multipart::World {
        multipart: &running.endpoint,
        uploads: &running.signer,
        downloads: &running.signer,
        objects: &running.endpoint.store,
        client: &running.client,
        now: now(),
    })
    .await;
}

#[tokio::test]
async fn the_endpoint_in_memory_keeps_the_contracts_of_signing_and_parts() {
    keeps_the_contract(ObjectStore::in_memory().unwrap()).await;
}

#[tokio::test]
async fn the_endpoint_over_a_folder_keeps_the_contracts_of_signing_and_parts() {
    let folder = tempfile::tempdir().unwrap();
    keeps_the_contract(ObjectStore::open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn an_upload_announces_itself_as_eventbridge_does() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    let stored = running.put(KEY, b"a,b\n1,2\n").await;
    assert_eq!(stored.status, 200);
    let head = running.endpoint.store.head(KEY).await.unwrap().unwrap();

    let sent = running.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, Queue::Split);
    let event: EventBridgeEvent = serde_json::from_str(&sent[0].1).unwrap();
    assert_eq!(event.detail_type, "Object Created");
    assert_eq!(event.source, "aws.s3");
    assert_eq!(
        event.time.unwrap().to_rfc3339(),
        "2026-01-01T00:00:00+00:00"
    );
    assert_eq!(event.id.unwrap().len(), 36);
    let detail = &event.detail;
    assert_eq!(detail["bucket"]["name"], "millrace-local");
    assert_eq!(detail["object"]["key"], KEY);
    assert_eq!(detail["object"]["size"], 8);
    assert_eq!(detail["object"]["version-id"], head.version);
    assert_eq!(detail["reason"], "PutObject");
    let etag = stored.headers.iter().find(|(n, _)| n == "etag").unwrap();
    assert_eq!(
        etag.1,
        format!("\"{}\"", detail["object"]["etag"].as_str().unwrap())
    );
    for name in ["sequencer", "etag"] {
        assert!(
            detail["object"][name]
                .as_str()
                .is_some_and(|s| !s.is_empty())
        );
    }
}

#[tokio::test]
async fn only_uploads_announce_themselves() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    assert_eq!(running.put("exports/x.csv", b"x").await.status, 200);
    assert_eq!(running.put("notuploads/x.csv", b"x").await.status, 200);
    running
        .endpoint
        .store
        .put(KEY, Bytes::from_static(b"inside"), PutMode::Overwrite)
        .await
        .unwrap();
    assert_eq!(running.sent(), []);
    assert_eq!(running.endpoint.announce().await.unwrap(), 0);
}

#[tokio::test]
async fn an_event_is_saved_while_the_queue_is_away_and_sent_once_it_is_back() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    *running.queues.away.lock().unwrap() = true;
    assert_eq!(running.put(KEY, b"x").await.status, 200);
    running.endpoint.announce().await.unwrap_err();
    assert_eq!(running.sent(), []);

    *running.queues.away.lock().unwrap() = false;
    assert_eq!(running.endpoint.announce().await.unwrap(), 1);
    assert_eq!(running.endpoint.announce().await.unwrap(), 0);
    let sent = running.sent();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].1.contains(KEY));
}

#[tokio::test]
async fn a_refused_upload_announces_nothing() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    let signed = running.sign(KEY, b"good").await;
    let refused = running
        .send("PUT", signed.url, signed.headers, b"evil")
        .await;
    assert_eq!(refused.status, 400);
    assert!(String::from_utf8_lossy(&refused.body).contains("BadDigest"));
    assert_eq!(running.put(KEY, b"first").await.status, 200);
    assert_eq!(running.put(KEY, b"second").await.status, 412);
    assert_eq!(running.sent().len(), 1);
}

#[tokio::test]
async fn a_header_nobody_signed_is_refused() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    for name in ["x-amz-copy-source", "x-amz-meta-note", "x-amz-tagging"] {
        let mut signed = running.sign(KEY, b"x").await;
        signed
            .headers
            .push((name.to_owned(), "millrace-local/other".to_owned()));
        let answer = running.send("PUT", signed.url, signed.headers, b"x").await;
        assert_eq!(answer.status, 403, "{name}");
    }
    assert_eq!(running.endpoint.store.head(KEY).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_is_open_without_a_signature() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    assert_eq!(running.put(KEY, b"secret").await.status, 200);
    let bucket = format!("{}/millrace-local", running.base);
    for (method, url) in [
        ("GET", format!("{bucket}/{KEY}")),
        ("HEAD", format!("{bucket}/{KEY}")),
        ("PUT", format!("{bucket}/{KEY}2")),
        ("DELETE", format!("{bucket}/{KEY}")),
        ("GET", bucket.clone()),
        ("GET", format!("{bucket}?list-type=2")),
        ("GET", format!("{}/", running.base)),
    ] {
        let answer = running.send(method, url.clone(), Vec::new(), b"").await;
        assert_eq!(answer.status, 403, "{method} {url}");
        assert!(!answer.body.windows(6).any(|w| w == b"secret"));
    }
}

#[tokio::test]
async fn another_bucket_or_another_key_pair_is_refused() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    let bucket = Presigner::new(
        &running.base,
        "another-bucket",
        "local-1",
        &running.endpoint.credentials,
    );
    let stranger = Presigner::new(
        &running.base,
        "millrace-local",
        "local-1",
        &Credentials::from_entropy(&[4; 32]),
    );
    for (signer, status) in [(bucket, 404), (stranger, 403)] {
        let signed =
            ports::DownloadSigner::sign_get(&signer.unwrap(), KEY, "f", now(), MINUTE).await;
        let answer = running
            .send("GET", signed.unwrap().url, Vec::new(), b"")
            .await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_large_upload_streams_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::over(ObjectStore::open(folder.path()).unwrap()).await;
    let body: Vec<u8> = (0u8..=250).cycle().take(5_000_003).collect();
    assert_eq!(running.put(KEY, &body).await.status, 200);
    let signed = ports::DownloadSigner::sign_get(&running.signer, KEY, "f", now(), MINUTE)
        .await
        .unwrap();
    let got = running
        .send("GET", signed.url.clone(), Vec::new(), b"")
        .await;
    assert_eq!(got.status, 200);
    assert!(got.body == body);
    let range = vec![("range".to_owned(), "bytes=-1500000".to_owned())];
    let tail = running.send("GET", signed.url, range, b"").await;
    assert_eq!(tail.status, 206);
    assert!(tail.body == body[body.len() - 1_500_000..]);
}

#[tokio::test]
async fn an_upload_cut_off_leaves_nothing() {
    use tokio::io::AsyncWriteExt;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::over(ObjectStore::open(folder.path()).unwrap()).await;
    let body = vec![b'x'; 2_000_000];
    let signed = running.sign(KEY, &body).await;
    let (host, path) = signed.url[7..].split_once('/').unwrap();
    let mut request = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in &signed.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket.write_all(b"\r\n").await.unwrap();
    socket.write_all(&body[..1_000_000]).await.unwrap();
    drop(socket);

    // The same URL still works: whatever the cut-off upload left would answer 412.
    let again = running.send("PUT", signed.url, signed.headers, &body).await;
    assert_eq!(again.status, 200);
    // The endpoint notices a closed socket in its own time.
    let bodies = folder.path().join("bodies");
    let is_part =
        |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().path().extension().is_some();
    let mut waits = 0;
    while std::fs::read_dir(&bodies).unwrap().any(is_part) {
        waits += 1;
        assert!(waits < 200, "the part of a cut-off upload is removed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(running.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    let body = vec![b'x'; 20_000_000];
    for _ in 0..4 {
        let mut signed = running.sign(KEY, &body).await;
        signed.headers.retain(|(name, _)| name != "if-none-match");
        let answer = running.send("PUT", signed.url, signed.headers, &body).await;
        assert_eq!(answer.status, 403);
    }
}

/// Everything any crate writes to the log, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_holds_a_signed_url_a_key_pair_or_a_body() {
    let running = Running::over(ObjectStore::in_memory().unwrap()).await;
    *running.queues.away.lock().unwrap() = true;
    let signed = running.sign(KEY, b"secret row").await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let router = service(running.endpoint.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    for status in [200, 412] {
        let mut request = Request::put(&signed.url[running.base.len()..])
            .header("host", &running.base["http://".len()..]);
        for (name, value) in &signed.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from("secret row")).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status);
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("an upload's event waits"), "{log}");
    let secret = running.endpoint.credentials.secret_key();
    for hidden in ["X-Amz-Signature", "secret row", secret] {
        assert!(!log.contains(hidden), "{log}");
    }
}
