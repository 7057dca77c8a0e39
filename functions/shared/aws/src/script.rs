//! Answers that a test makes up, in place of AWS.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{
    Credentials, HttpClient, RuntimeComponents, SharedAsyncSleep, SharedCredentialsProvider,
};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;

/// What a request is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Status, headers and body.
    Http(u16, Vec<(&'static str, &'static str)>, String),
    /// Nothing: the request may have arrived or not.
    Lost,
}

/// An answer without headers.
pub(crate) fn http(status: u16, body: &str) -> Answer {
    Answer::Http(status, Vec::new(), body.to_owned())
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Answers in order, one to a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            sent: Arc::default(),
        }
    }

    /// What was sent so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Settings with which this is all there is of AWS: three attempts, without pauses.
    pub(crate) fn config(&self) -> SdkConfig {
        let keys = Credentials::new("key", "secret", None, None, "test");
        let retries = aws_config::retry::RetryConfig::standard().with_max_attempts(3);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .retry_config(retries)
            .sleep_impl(SharedAsyncSleep::new(NoSleep))
            .http_client(self.clone())
            .build()
    }
}

/// Pauses end at once.
#[derive(Debug)]
struct NoSleep;

impl aws_sdk_s3::config::AsyncSleep for NoSleep {
    fn sleep(&self, _: std::time::Duration) -> aws_sdk_s3::config::Sleep {
        aws_sdk_s3::config::Sleep::new(std::future::ready(()))
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter();
        self.sent.lock().unwrap().push(Sent {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        });
        let answer = self.answers.lock().unwrap().pop_front();
        HttpConnectorFuture::ready(match answer.expect("an answer for every request") {
            Answer::Http(status, headers, body) => {
                let status = StatusCode::try_from(status).expect("a status");
                let mut response = HttpResponse::new(status, SdkBody::from(body));
                for (name, value) in headers {
                    response.headers_mut().insert(name, value);
                }
                Ok(response)
            }
            Answer::Lost => Err(ConnectorError::io("connection reset".into())),
        })
    }
}

impl HttpClient for Script {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
