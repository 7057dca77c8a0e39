//! Problem answers: every HTTP request that fails is answered with RFC 9457 `problem+json`.
//!
//! `code` is stable and meant for programs, `detail` is for people, `errors[]` names every bad field
//! at once, `request_id` finds the request in the log. `stamp` is the middleware that adds the id
//! and turns axum's own plain refusals (405, a path that is not UTF-8) into problems too.

use std::fmt;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ports::{PortError, PortErrorKind};
use serde::Serialize;

pub use crate::fault::{Fault, Place};

/// The media type of every problem (RFC 9457, section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";
/// The header a request's id comes in and goes out by.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of a request id a client may choose; a longer one is not taken.
const MAX_REQUEST_ID_BYTES: usize = 128;
/// Seconds a client waits after a 503 before it asks again.
const BUSY_SECONDS: u32 = 2;
/// Bad fields one answer names; the rest is only counted.
pub const MAX_ERRORS: usize = 100;

/// The id API Gateway gave a request; an extension put there by whoever serves it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// The same words for every problem of this code.
    pub title: &'static str,
    /// What happened this time and what to do.
    pub detail: String,
    /// Every fault that was found.
    pub errors: Vec<Fault>,
    /// Seconds after which the same request may succeed.
    pub retry_after: Option<u32>,
    /// The limit that was met.
    pub limit: Option<Limit>,
}

/// A limit as an answer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Its name in `GET /v1/limits`.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
}

impl Problem {
    /// A problem without faults.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            limit: None,
        }
    }

    /// 400: the request makes no sense as a whole.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            code,
            "The request cannot be understood",
            detail,
        )
    }

    /// 400: fields are wrong. At most `MAX_ERRORS` are named, all are counted.
    #[must_use]
    pub fn invalid(errors: Vec<Fault>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::faulty(status, "invalid_request", "The request is invalid", errors)
    }

    /// 422: the request can be read, but what it asks for does not fit what there is. Faults are
    /// named as in `invalid`.
    #[must_use]
    pub fn unprocessable(code: &'static str, errors: Vec<Fault>) -> Self {
        let title = "The request does not fit the ledger";
        Self::faulty(StatusCode::UNPROCESSABLE_ENTITY, code, title, errors)
    }

    fn faulty(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        mut errors: Vec<Fault>,
    ) -> Self {
        let found = errors.len();
        errors.truncate(MAX_ERRORS);
        let detail = match found {
            1 => "1 thing in the request is wrong; see errors".to_owned(),
            n if n > MAX_ERRORS => {
                format!("{n} things in the request are wrong; errors names the first {MAX_ERRORS}")
            }
            n => format!("{n} things in the request are wrong; see errors"),
        };
        Self {
            errors,
            ..Self::new(status, code, title, detail)
        }
    }

    /// 401: nobody says whose request it is.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let detail = "send a valid token as Authorization: Bearer";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Sign in first",
            detail,
        )
    }

    /// 404: there is no such thing, or it is another tenant's: the answer does not tell which (I8).
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// 409: it cannot be done in the present state.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            code,
            "Not possible in the present state",
            detail,
        )
    }

    /// 413: the body has more bytes than are taken.
    #[must_use]
    pub fn too_large(max_bytes: usize) -> Self {
        let detail = format!("the body may have at most {max_bytes} bytes");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The body is too large",
            detail,
        )
    }

    /// 429: a limit of the tenant's is used up for now.
    #[must_use]
    pub fn limited(limit: Limit, detail: impl Into<String>, seconds: u32) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self {
            retry_after: Some(seconds),
            limit: Some(limit),
            ..Self::new(status, "limit_reached", "A limit is reached", detail)
        }
    }

    /// 503: something we need is busy or away.
    #[must_use]
    pub fn busy(seconds: u32) -> Self {
        let detail = format!("a service is busy; ask again in {seconds} seconds");
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy", detail);
        Self {
            retry_after: Some(seconds),
            ..problem
        }
    }

    /// 500: our fault. What it was stands in the log, under the request's id.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "something failed on our side; it is recorded under the request_id";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
            detail,
        )
    }

    /// A refusal by the router itself.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("there is nothing under this address"),
            StatusCode::METHOD_NOT_ALLOWED => {
                let detail = "this address does not take this method; see the Allow header";
                Self::new(status, "method_not_allowed", "Method not allowed", detail)
            }
            status if status.is_client_error() => Self::new(
                status,
                "bad_request",
                "The request cannot be understood",
                "the request was refused",
            ),
            _ => Self::internal(),
        }
    }

    fn respond(&self, request_id: Option<&str>) -> Response {
        let body = Body {
            kind: format!("urn:millrace:problem:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            request_id,
            errors: &self.errors,
            limit: self.limit,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 11.6.1: a 401 names how to sign in.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// The JSON of a problem (RFC 9457, section 3.1; `code`, `request_id`, `errors` and `limit` are extensions).
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Limit>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.respond(None)
    }
}

/// The one place that maps trouble to an HTTP answer. It is logged here, once; the client learns
/// only what it can do.
impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        match error.kind {
            PortErrorKind::Retry => {
                tracing::warn!(cause = %error, "answered that we are busy");
                Self::busy(BUSY_SECONDS)
            }
            PortErrorKind::Conflict => {
                tracing::info!(cause = %error, "answered a conflict");
                Self::conflict(
                    "conflict",
                    "somebody else changed the same thing at the same time; ask again",
                )
            }
            PortErrorKind::Reject | PortErrorKind::Invalid | PortErrorKind::Bug => {
                tracing::error!(cause = %error, "answered an internal error");
                Self::internal()
            }
        }
    }
}

/// Middleware: puts the request's id into problems and onto every answer, and gives axum's own
/// refusals the form of a problem. Layering it twice is layering it once.
pub async fn stamp(request: Request, next: Next) -> Response {
    let id = id_of(&request);
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = response
            .extensions_mut()
            .remove::<Problem>()
            .unwrap_or_else(|| Problem::of_status(status));
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.respond(id.as_deref());
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if let Some(value) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Answers an address that no router knows; the fallback of whoever serves the routers.
pub async fn no_route() -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}

fn id_of(request: &Request) -> Option<String> {
    match request.extensions().get::<RequestId>() {
        Some(RequestId(id)) => Some(id.clone()),
        None => chosen_id(request.headers()),
    }
}

fn chosen_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = !id.is_empty()
        && id.len() <= MAX_REQUEST_ID_BYTES
        && id.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot build its request has failed"
    )]

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn ask(path: &str, method: &str, id: Option<&str>) -> (Response, serde_json::Value) {
        let router = Router::new()
            .route("/gone", get(async || Problem::not_found("no such job")))
            .route(
                "/busy",
                get(async || {
                    Problem::from(PortError::retry(
                        "state.get",
                        "connection to 10.0.0.7 reset",
                    ))
                }),
            )
            .route(
                "/broken",
                get(async || Problem::from(PortError::bug("state.get", "secret cause"))),
            )
            .route("/fine", get(async || "ok"))
            .layer(axum::middleware::from_fn(stamp));
        let mut request = Request::builder().uri(path).method(method);
        if let Some(id) = id {
            request = request.header(REQUEST_ID, id);
        }
        let mut response = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let body = axum::body::to_bytes(std::mem::take(response.body_mut()), 10_000)
            .await
            .unwrap();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        (response, json)
    }

    #[tokio::test]
    async fn a_problem_carries_code_and_request_id() {
        let (response, body) = ask("/gone", "GET", Some("abc-1")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(response.headers()[REQUEST_ID], "abc-1");
        assert_eq!(body["code"], "not_found");
        assert_eq!(body["request_id"], "abc-1");
        assert_eq!(body["status"], 404);
    }

    #[tokio::test]
    async fn a_busy_port_is_a_503_that_says_when_to_come_back() {
        let (response, body) = ask("/busy", "GET", None).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert!(!body.to_string().contains("10.0.0.7"));
        assert!(body.get("request_id").is_none());
    }

    #[tokio::test]
    async fn a_bug_is_a_500_without_its_cause() {
        let (response, body) = ask("/broken", "GET", None).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn the_routers_own_refusal_is_a_problem_too() {
        let (response, body) = ask("/fine", "POST", None).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(body["code"], "method_not_allowed");
        assert!(response.headers().contains_key(header::ALLOW));
        let (response, body) = ask("/nowhere", "GET", None).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(body["code"], "not_found");
    }

    #[tokio::test]
    async fn an_odd_request_id_is_not_taken() {
        let (response, body) = ask("/gone", "GET", Some("two words")).await;
        assert!(!response.headers().contains_key(REQUEST_ID));
        assert!(body.get("request_id").is_none());
    }

    #[test]
    fn every_fault_is_counted_and_the_first_hundred_are_named() {
        let faults = (0..250)
            .map(|line| Fault::cell(line, Some("price"), "is no number"))
            .collect();
        let problem = Problem::invalid(faults);
        assert_eq!(problem.errors.len(), MAX_ERRORS);
        assert!(problem.detail.contains("250"));
    }
}
