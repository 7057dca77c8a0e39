//! What the HTTP functions share: whose request it is, its body within a bound, and entity tags.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::TenantId;
use serde::Serialize;

use crate::problem::Problem;

/// Whose request it is: the `TenantId` extension that the server put there after checking the token.
#[derive(Debug, Clone)]
pub struct Tenant(pub TenantId);

impl<S: Send + Sync> FromRequestParts<S> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<TenantId>()
            .cloned()
            .map(Self)
            .ok_or_else(Problem::unauthenticated)
    }
}

/// A request's body, whole.
///
/// # Errors
/// 413 when it has more than `max_bytes`; 400 when it breaks off.
pub async fn read_body(
    body: Body,
    headers: &HeaderMap,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > max_bytes) {
        return Err(Problem::too_large(max_bytes));
    }
    // One byte more than allowed tells a long body from one that broke off.
    match to_bytes(body, max_bytes + 1).await {
        Ok(bytes) if bytes.len() <= max_bytes => Ok(bytes),
        Ok(_) => Err(Problem::too_large(max_bytes)),
        Err(error) if is_limit(&error) => Err(Problem::too_large(max_bytes)),
        Err(_) => Err(Problem::bad_request(
            "body_broken_off",
            "the body could not be read to its end",
        )),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.to_string().contains("length limit"))
}

/// 200 with a strong entity tag over the body's bytes, or 304 when the client has exactly these.
/// `poll_after` becomes `Retry-After`: when it is worth asking again.
///
/// # Errors
/// 500 when the body has no JSON form.
pub fn tagged_json<T: Serialize>(
    body: &T,
    asked: &HeaderMap,
    poll_after: Option<u32>,
) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|_| Problem::internal())?;
    let tag = format!("\"{}\"", &blake3::hash(&bytes).to_hex()[..32]);
    let mut response = if holds(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (
            [(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )],
            bytes,
        )
            .into_response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(seconds) = poll_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// Whether `If-None-Match` names this tag (weak comparison, RFC 9110 section 13.1.2).
fn holds(asked: &HeaderMap, tag: &str) -> bool {
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag)
}

/// 303 to a signed URL. The URL is a secret: no cache keeps the answer.
///
/// # Errors
/// 500 when the URL is no header value.
pub fn see_other(url: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(url).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Seconds after which a file that is being written is worth asking for again.
const WRITING_SECONDS: u32 = 1;

#[derive(Serialize)]
struct BeingWritten<'a> {
    state: &'static str,
    poll_after_seconds: u32,
    status_url: &'a str,
}

/// 202: the file is being written; ask `status_url` again.
#[must_use]
pub fn being_written(status_url: &str) -> Response {
    let body = BeingWritten {
        state: "being_written",
        poll_after_seconds: WRITING_SECONDS,
        status_url,
    };
    let retry_after = [(header::RETRY_AFTER, HeaderValue::from(WRITING_SECONDS))];
    (StatusCode::ACCEPTED, retry_after, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot build its request has failed"
    )]

    use super::*;

    fn asked(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_same_body_is_answered_304_to_who_holds_its_tag() {
        let first = tagged_json(&["a"], &HeaderMap::new(), Some(2)).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].clone();
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)]);
        let second = tagged_json(&["a"], &again, Some(2)).unwrap();
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(second.headers()[header::RETRY_AFTER], "2");
        assert_eq!(
            tagged_json(&["b"], &again, None).unwrap().status(),
            StatusCode::OK
        );
    }

    #[test]
    fn a_list_a_weak_tag_and_a_star_are_understood() {
        assert!(holds(&asked("\"x\", W/\"y\""), "\"y\""));
        assert!(holds(&asked("*"), "\"y\""));
        assert!(!holds(&asked("\"x\""), "\"y\""));
    }

    #[tokio::test]
    async fn a_body_over_the_bound_is_413_and_one_at_it_is_read() {
        let none = HeaderMap::new();
        assert_eq!(
            read_body(Body::from("12345"), &none, 5)
                .await
                .unwrap()
                .len(),
            5
        );
        let problem = read_body(Body::from("123456"), &none, 5).await.unwrap_err();
        assert_eq!(problem.code, "too_large");
        let problem = read_body(Body::from("123456789"), &none, 5)
            .await
            .unwrap_err();
        assert_eq!(problem.code, "too_large");
    }
}
