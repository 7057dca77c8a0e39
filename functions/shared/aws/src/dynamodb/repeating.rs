//! Which attempts of a conditional write the SDK may repeat by itself.
//!
//! A write whose answer was lost may have been applied. Were it repeated, its condition would fail on
//! its own effect, and the caller would be told that somebody else was first. So only those attempts
//! are repeated of which DynamoDB said that it did nothing; of the others the caller is told `Retry`
//! and repeats them itself, knowing that a conflict may then be its own doing.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};

/// A client that repeats only what was not done.
pub(super) fn only_what_was_not_done(config: &SdkConfig) -> Client {
    let config = aws_sdk_dynamodb::config::Builder::from(config);
    Client::from_conf(config.retry_classifier(OnlyRefusals).build())
}

/// Forbids repeating unless DynamoDB answered that it refused the request (HTTP 4xx): whether that is
/// worth repeating is then the SDK's own judgement.
#[derive(Debug)]
struct OnlyRefusals;

impl ClassifyRetry for OnlyRefusals {
    fn classify_retry(&self, attempt: &InterceptorContext) -> RetryAction {
        let status = attempt.response().map(|answer| answer.status());
        let refused = status.is_some_and(|status| status.is_client_error());
        if refused || matches!(attempt.output_or_error(), Some(Ok(_))) {
            RetryAction::NoActionIndicated
        } else {
            RetryAction::RetryForbidden
        }
    }

    fn name(&self) -> &'static str {
        "only refusals"
    }
}
