//! What stands in front of everything the loopback address serves: a name for each request, and no
//! way in from elsewhere.
//!
//! A web page opened in a browser reaches the loopback address too, so requests that name another
//! host (DNS rebinding) or come from another site are refused, whatever token they bring.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda::problem::{Problem, RequestId};

/// Names the request, and refuses what comes from elsewhere.
pub(super) async fn cross(number: u64, mut request: Request, next: Next) -> Response {
    if !is_local(request.headers()) {
        let detail = "the local stack answers only to 127.0.0.1 and localhost, and to no web page of another site";
        let problem = Problem::new(StatusCode::FORBIDDEN, "not_local", "Not from here", detail);
        return problem.into_response();
    }
    let id = RequestId(format!("local-{number}"));
    request.extensions_mut().insert(id);
    next.run(request).await
}

/// Whether a request names this machine, and no page of another site made it.
pub(super) fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).is_none_or(names_loopback);
    let origin = text(header::ORIGIN)
        .is_none_or(|origin| origin.strip_prefix("http://").is_some_and(names_loopback));
    host && origin
}

/// Whether `host[:port]` is a name of this machine.
fn names_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        is_local(&headers)
    }

    #[test]
    fn this_machine_may_ask() {
        assert!(
            asked("127.0.0.1:8080", None) && asked("localhost", None) && asked("[::1]:9", None)
        );
        assert!(asked("127.0.0.1:8080", Some("http://127.0.0.1:8080")));
        assert!(is_local(&HeaderMap::new()));
    }

    #[test]
    fn a_rebound_name_and_another_sites_page_may_not() {
        assert!(!asked("evil.example", None));
        assert!(!asked("127.0.0.1.evil.example:80", None));
        assert!(!asked("127.0.0.1:8080", Some("https://evil.example")));
        assert!(!asked("127.0.0.1:8080", Some("null")));
    }
}
