//! Requests as clients make them, with a bound on connections, and the answers as they come.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream};
use millrace::client::{UploadAnswer, UploadRequest, UploadTerms};
use millrace::generate::Ledger;
use reqwest::header::{HeaderMap, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Body, Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// Connections, when the system lets a process have several times as many files.
const CONNECTIONS: usize = 512;
/// Bytes that a slow line takes at once.
const PIECE_BYTES: usize = 8 * 1024;

/// A client of the API. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    base_url: String,
    token: String,
    free: Arc<Semaphore>,
    connections: usize,
}

/// An answer, read whole.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

/// A file that a client has.
#[derive(Clone)]
pub(crate) struct File {
    /// What is said of it.
    pub(crate) request: UploadRequest,
    bytes: Bytes,
}

impl Api {
    /// A client of the stack at this address, with its token.
    pub(crate) fn new(base_url: &str, token: &str) -> Self {
        // Fails only when a provider was installed before, and any will do.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let connections = CONNECTIONS.min(open_files() / 4);
        let http = Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(connections)
            .build()
            .expect("an HTTP client");
        Self {
            http,
            base_url: base_url.to_owned(),
            token: token.to_owned(),
            free: Arc::new(Semaphore::new(connections)),
            connections,
        }
    }

    /// Connections at the same time.
    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let _connection = self.free.acquire().await.expect("never closed");
        let answer = request.send().await.expect("an answer");
        Answer {
            status: answer.status(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.expect("a whole answer"),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// Asks for something.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Asks for something of which `tag` is held.
    pub(crate) async fn get_unless(&self, path: &str, tag: Option<&str>) -> Answer {
        let mut request = self.request(Method::GET, path);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        self.send(request).await
    }

    /// Stops a job.
    pub(crate) async fn cancel(&self, job: &str) -> Answer {
        let path = format!("/v1/jobs/{job}");
        self.send(self.request(Method::DELETE, &path)).await
    }

    /// Announces a file.
    pub(crate) async fn announce(&self, file: &File, key: Option<&str>) -> Answer {
        let mut request = self
            .request(Method::POST, "/v1/uploads")
            .json(&file.request);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request).await
    }

    /// Puts an announced file where the answer says.
    pub(crate) async fn put(&self, file: &File, answer: &Answer) -> Answer {
        self.put_body(file.bytes.clone().into(), answer).await
    }

    /// The same over a line that takes so many bytes a second.
    pub(crate) async fn put_slowly(
        &self,
        file: &File,
        answer: &Answer,
        bytes_per_second: u64,
    ) -> Answer {
        let body = Body::wrap_stream(paced(file.bytes.clone(), bytes_per_second));
        self.put_body(body, answer).await
    }

    async fn put_body(&self, body: Body, answer: &Answer) -> Answer {
        let announced: UploadAnswer = serde_json::from_slice(&answer.body).expect("an answer");
        let Some(UploadTerms::Single(put)) = announced.upload else {
            panic!("a small file goes up in one PUT: {announced:?}");
        };
        let mut request = self.http.put(&put.url).body(body);
        for (name, value) in &put.headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(name, value);
            }
        }
        self.send(request).await
    }
}

/// Bytes in pieces, each when a line that takes so many a second has taken it.
fn paced(
    bytes: Bytes,
    bytes_per_second: u64,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let began = Instant::now();
    stream::unfold((bytes, 0), move |(mut left, before)| async move {
        let piece = left.split_to(left.len().min(PIECE_BYTES));
        if piece.is_empty() {
            return None;
        }
        let sent = before + piece.len() as u64;
        sleep_until(began + Duration::from_micros(sent * 1_000_000 / bytes_per_second)).await;
        Some((Ok(piece), (left, sent)))
    })
}

impl Answer {
    /// The body's JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON answer")
    }

    /// The job of an upload's answer.
    pub(crate) fn job(&self) -> String {
        let json = self.json();
        json["job_id"].as_str().expect("a job").to_owned()
    }

    /// The seconds after which to ask again, if it says so.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
    }

    /// The entity tag, if it has one.
    pub(crate) fn tag(&self) -> Option<String> {
        let tag = self.headers.get(reqwest::header::ETAG)?;
        Some(tag.to_str().ok()?.to_owned())
    }
}

impl File {
    /// A file of which there is nothing but what is said of it.
    pub(crate) fn of_digest(number: u64, ledger: String) -> Self {
        let request = UploadRequest {
            filename: format!("{number}.csv"),
            size: 1_000,
            sha256: format!("{number:064x}"),
            ledger,
            ..UploadRequest::default()
        };
        Self {
            request,
            bytes: Bytes::new(),
        }
    }

    /// The same file for another ledger.
    pub(crate) fn of_ledger(&self, ledger: String) -> Self {
        let mut file = self.clone();
        file.request.ledger = ledger;
        file
    }

    /// The file that is drawn from `seed`, for a ledger.
    pub(crate) fn drawn(seed: u64, rows: usize, ledger: String) -> Self {
        let bytes = Bytes::from(Ledger::new(seed, rows, 3).csv());
        let digest = Sha256::digest(&bytes);
        let request = UploadRequest {
            filename: format!("{seed}.csv"),
            size: bytes.len() as u64,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            ledger,
            ..UploadRequest::default()
        };
        Self { request, bytes }
    }
}

/// Files that this process may have open.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    // What every system grants.
    soft.unwrap_or(256)
}
