//! A client of the HTTP API, like any other: it knows the API's paths and answers, no function and
//! no store.
//!
//! A signed URL is a secret. None is ever part of an error, a log line or a message here.

mod answers;
mod downloads;
mod error;
mod jobs;
mod ledger;
mod line;
mod parts;
mod send;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use reqwest::ClientBuilder;

use crate::http;

pub use answers::{
    Accepted, Counts, HeldPart, JobAnswer, JobProblem, PartsAnswer, Place, ProblemBody, Progress,
    Segments, SignedPart, SignedParts, SignedPut, StageProgress, Summary, SummaryCounts,
    UploadAnswer, UploadRequest, UploadTerms, Warning, YearTotals,
};
pub use downloads::Downloaded;
pub use error::ClientError;
pub use ledger::SettingsChange;
pub use upload::{Fingerprint, fingerprint};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server may be silent within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the API is and who asks.
#[derive(Clone)]
pub struct Endpoint {
    /// The address in front of `/v1`, without a slash at its end.
    pub base_url: String,
    /// The bearer token, without which only the API's description is answered.
    pub token: Option<String>,
    /// The longest pause between two questions about a job. The server names its own pauses, sized
    /// for thousands of clients; beside one's own laptop stack they only cost time.
    pub poll_at_most: Duration,
}

impl Endpoint {
    /// The stack in this process, with a token of its own.
    #[must_use]
    pub fn local(base_url: String, token: String) -> Self {
        Self {
            base_url,
            token: Some(token),
            poll_at_most: Duration::from_millis(20),
        }
    }

    /// A deployed stack.
    #[must_use]
    pub fn deployed(base_url: &str, token: Option<String>) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            token,
            poll_at_most: Duration::from_secs(30),
        }
    }
}

/// A client. Cheap to clone: clones share connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// For what goes up: without `READ_TIMEOUT`, which counts from when a request begins, so that no body
    /// could take longer to send. `line` watches over it.
    uploads: reqwest::Client,
    endpoint: Arc<Endpoint>,
}

impl Client {
    /// A client of an endpoint. No connection is made.
    ///
    /// # Errors
    /// `Setup` when TLS cannot be set up on this machine.
    pub fn new(endpoint: Endpoint) -> Result<Self, ClientError> {
        let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let is_near = loopback
            .iter()
            .any(|host| endpoint.base_url.starts_with(host));
        let builder = || {
            let builder = http::client()
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")));
            if is_near { builder.no_proxy() } else { builder }
        };
        let built = |builder: ClientBuilder| {
            let built = builder.build();
            built.map_err(|source| ClientError::Setup(source.without_url()))
        };
        Ok(Self {
            http: built(builder().read_timeout(READ_TIMEOUT))?,
            uploads: built(builder())?,
            endpoint: Arc::new(endpoint),
        })
    }

    /// Where the API is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.endpoint.base_url
    }
}
