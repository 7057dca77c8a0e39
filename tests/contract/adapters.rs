//! The adapters of AWS as the trials need them, and what a deployment creates before them: a bucket
//! with versions, a queue.

use std::time::Duration;

use async_trait::async_trait;
use aws::SdkConfig;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::limits::MAX_RECEIVES;
use ports::PortError;
use ports::contract::queue::Passing;
use ports::contract::signing::{HttpClient, HttpRequest, HttpResponse};
use tests::running::Running;

/// Where servers that take any region think they are.
const REGION: &str = "us-east-1";

/// Runs a trial's future.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// Settings for a server that takes the keys `test` and `test`.
pub(crate) async fn settings(endpoint: &str) -> SdkConfig {
    aws::sdk::against(endpoint, REGION, "test", "test").await
}

/// Settings for versitygw, which is strict about its own.
pub(crate) async fn settings_of_versitygw(running: &Running) -> SdkConfig {
    let server = running.versitygw();
    let (access, secret) = (server.access_key(), server.secret_key());
    aws::sdk::against(server.endpoint(), server.region(), access, secret).await
}

/// Creates a bucket that keeps versions.
pub(crate) async fn create_bucket(config: &SdkConfig, name: &str) {
    let path_style = aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    let client = aws_sdk_s3::Client::from_conf(path_style.build());
    let created = client.create_bucket().bucket(name).send().await;
    created.expect("a bucket");
    let versions = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let set = client.put_bucket_versioning().bucket(name);
    let set = set.versioning_configuration(versions).send().await;
    set.expect("versions");
}

/// Creates a queue and its dead-letter queue as the template does; answers the queue's URL.
pub(crate) async fn create_queue(config: &SdkConfig, name: &str) -> String {
    let client = aws_sdk_sqs::Client::new(config);
    let dead = client.create_queue().queue_name(format!("{name}-dlq"));
    let dead = dead.send().await.expect("a dead-letter queue");
    let arn = client
        .get_queue_attributes()
        .queue_url(dead.queue_url().expect("a URL"))
        .attribute_names(QueueAttributeName::QueueArn);
    let attributes = arn.send().await.expect("attributes").attributes;
    let attributes = attributes.expect("attributes");
    let arn = attributes.get(&QueueAttributeName::QueueArn);
    let redrive = serde_json::json!({
        "deadLetterTargetArn": arn.expect("an ARN"),
        "maxReceiveCount": MAX_RECEIVES,
    });
    let live = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
    let live = live.send().await.expect("a queue");
    live.queue_url().expect("a URL").to_owned()
}

/// Real seconds.
pub(crate) struct Seconds;

#[async_trait]
impl Passing for Seconds {
    async fn pass(&self, seconds: u32) {
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
    }
}

/// A browser, as far as signed requests go.
pub(crate) struct Browser(reqwest::Client);

impl Browser {
    pub(crate) fn new() -> Self {
        // Another trial may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirect = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(redirect).build();
        Self(client.expect("a client"))
    }
}

#[async_trait]
impl HttpClient for Browser {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PortError> {
        let failed = |error: reqwest::Error| PortError::retry("test.http", error.without_url());
        let method = request.method.parse().expect("a method");
        let mut builder = self.0.request(method, request.url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.map_err(failed)?;
        let headers = response.headers().iter();
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Ok(HttpResponse {
            status: response.status().as_u16(),
            headers: headers.map(|(n, v)| (n.to_string(), text(v))).collect(),
            body: response.bytes().await.map_err(failed)?,
        })
    }
}
