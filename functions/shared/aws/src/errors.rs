//! What AWS answers, as what the caller should do: the one place that decides.
//!
//! An error keeps the service's code and message and nothing else: no URL (a signed one is a
//! secret), no header, no body.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use ports::{PortError, PortErrorKind};

/// Characters of a service's message that are kept.
const KEPT: usize = 300;

/// What a service refused.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Refused {
    code: String,
    message: String,
}

/// A call that failed, as the port's error.
pub(crate) fn port_error<E>(op: &'static str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => {
            let text = format!("the request could not be made: {}", causes(error));
            PortError::bug(op, text)
        }
        SdkError::TimeoutError(_) => PortError::retry(op, "no answer in time"),
        SdkError::DispatchFailure(_) => {
            let text = format!("the request could not be sent: {}", causes(error));
            PortError::retry(op, text)
        }
        SdkError::ResponseError(_) => {
            let text = format!("the answer could not be read: {}", causes(error));
            PortError::retry(op, text)
        }
        SdkError::ServiceError(refused) => {
            let (answer, status) = (refused.err(), refused.raw().status().as_u16());
            let code = answer.code();
            let kind = kind(code.unwrap_or_default(), status);
            let code = code.map_or_else(|| format!("HTTP {status}"), ToOwned::to_owned);
            service_error(kind, op, code, answer.message())
        }
        _ => PortError::retry(op, "the call failed in a way this build does not know"),
    }
}

/// What a service said about a part of a request: an entry of a batch, a change of a transaction.
pub(crate) fn service_error(
    kind: PortErrorKind,
    op: &'static str,
    code: impl Into<String>,
    message: Option<&str>,
) -> PortError {
    let message = message.unwrap_or("no message");
    let refused = Refused {
        code: code.into(),
        message: message.chars().take(KEPT).collect(),
    };
    PortError::new(kind, op, refused)
}

/// What to do about a code; about one that is not named here, its HTTP status tells.
pub(crate) fn kind(code: &str, status: u16) -> PortErrorKind {
    match code {
        // A condition we set.
        "ConditionalCheckFailed"
        | "ConditionalCheckFailedException"
        | "PreconditionFailed"
        | "ConditionalRequestConflict" => PortErrorKind::Conflict,
        // Busy, or something of ours is still under way.
        "ExpiredToken"
        | "ExpiredTokenException"
        | "KmsThrottled"
        | "KMS.ThrottlingException"
        | "OperationAborted"
        | "OverLimit"
        | "ProvisionedThroughputExceeded"
        | "ProvisionedThroughputExceededException"
        | "RequestExpired"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestTimeTooSkewed"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingError"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "TransactionConflict"
        | "TransactionConflictException"
        | "TransactionInProgressException" => PortErrorKind::Retry,
        // The request itself is wrong.
        "DuplicateItem"
        | "IdempotentParameterMismatchException"
        | "ItemCollectionSizeLimitExceeded"
        | "SerializationException"
        | "ValidationError"
        | "ValidationException" => PortErrorKind::Bug,
        _ => match status {
            // 200 with an error in the body: S3 began to answer before it failed.
            200..=299 | 408 | 429 | 500.. => PortErrorKind::Retry,
            409 | 412 => PortErrorKind::Conflict,
            _ => PortErrorKind::Reject,
        },
    }
}

/// The chain of causes in words. Whoever names an address in one is left out.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut words = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !text.contains("://") && words.last() != Some(&text) {
            words.push(text.chars().take(KEPT).collect());
        }
        next = cause.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_not_known_is_judged_by_its_status() {
        for (code, status, expected) in [
            ("SomethingNew", 503, PortErrorKind::Retry),
            ("", 429, PortErrorKind::Retry),
            ("InternalError", 200, PortErrorKind::Retry),
            ("SomethingNew", 412, PortErrorKind::Conflict),
            ("AccessDenied", 403, PortErrorKind::Reject),
            ("NoSuchBucket", 404, PortErrorKind::Reject),
            // SQS throttles with a status that says otherwise.
            ("RequestThrottled", 403, PortErrorKind::Retry),
            ("ValidationException", 400, PortErrorKind::Bug),
        ] {
            assert_eq!(kind(code, status), expected, "{code} {status}");
        }
    }

    #[test]
    fn a_long_message_is_cut_and_a_cause_with_an_address_is_left_out() {
        let long = "é".repeat(1_000);
        let error = service_error(PortErrorKind::Bug, "op", "Code", Some(&long));
        assert_eq!(error.to_string().chars().count(), "op: Code: ".len() + KEPT);

        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Cause(&'static str, #[source] Option<Box<Cause>>);
        let inner = Cause("connection refused", None);
        let middle = Cause("GET http://secret/?X-Amz-Signature=1", Some(inner.into()));
        let outer = Cause("outside", Some(middle.into()));
        assert_eq!(causes(&outer), "connection refused");
    }
}
