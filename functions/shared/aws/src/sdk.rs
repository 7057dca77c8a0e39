//! How every client of AWS behaves: how long it waits, how often it tries, over which TLS.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedHttpClient};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

/// A connection inside a region takes milliseconds; a lost first packet is sent again after one
/// second, so two seconds mean that nobody is there.
const CONNECT: Duration = Duration::from_secs(2);
/// From the first byte sent to the first byte of the answer: a part of 8 MiB goes up in less at
/// 1 MB/s, and a long poll of the queues waits for one second.
const READ: Duration = Duration::from_secs(10);
/// One attempt: connecting and reading, whatever of both it needs.
const ATTEMPT: Duration = Duration::from_secs(12);
/// All attempts of one call together: two that hang, and still an answer of our own before API
/// Gateway gives up after 30 s. A queue's function has more time, but trying longer than this is the
/// queue's work: the message comes back.
const OPERATION: Duration = Duration::from_secs(25);
/// Attempts in all. A throttled partition of DynamoDB is usually free again within a second.
const ATTEMPTS: u32 = 4;
/// The first pause, doubled each time and drawn between nothing and that: the SDK's second would
/// make a throttled function pay for sleeping.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The settings of a deployed function: region, credentials and, where a server of one's own stands
/// in for AWS, `AWS_ENDPOINT_URL`, all from the environment as the SDK reads them.
pub async fn load() -> SdkConfig {
    settings().load().await
}

/// The settings for a server that is not AWS, with keys of its own.
pub async fn against(
    endpoint: &str,
    region: &str,
    access_key: &str,
    secret_key: &str,
) -> SdkConfig {
    let keys = Credentials::new(access_key, secret_key, None, None, "given");
    let named = settings()
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()));
    named.credentials_provider(keys).load().await
}

fn settings() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE);
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts)
        .retry_config(retries)
}

/// HTTP over rustls with ring; the certificates are the host's.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https()
}
