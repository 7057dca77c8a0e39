//! The page (`infra/web`), embedded: the files of that folder at `/`, beside the API they speak with.
//!
//! Signed URLs name the address the stack listens on, and a browser sends a file only to the sites that
//! the page's policy names: who asks for the page at another name of this machine is sent on to that
//! address.

use axum::Router;
use axum::extract::Request;
use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

/// What a browser lets the page do: run its own files and ask its own site, and these others, nothing
/// else. The template says the same of the page in the cloud.
#[must_use]
pub fn page_policy(others: &[&str]) -> String {
    let asked: String = others.iter().map(|other| format!(" {other}")).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{asked}; \
         worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The headers of every file of the page. It is small and near: a browser asks for it anew each time, and
/// so never mixes two versions of it.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// A file of the page.
struct File {
    name: &'static str,
    body: &'static [u8],
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(File { name: $name, body: include_bytes!(concat!("../../../web/", $name)) }),+]
    };
}

/// The files by name; a route each, so that no path leads anywhere else.
const FILES: &[File] = files![
    "api.js",
    "bring.js",
    "config.json",
    "errors.js",
    "hash-worker.js",
    "hash.js",
    "icon.svg",
    "index.html",
    "live.js",
    "main.js",
    "pace.js",
    "parts.js",
    "patience.js",
    "poll.js",
    "put.js",
    "rejects.js",
    "results-view.js",
    "session.js",
    "settings-view.js",
    "sha256.js",
    "sign-in.js",
    "style.css",
    "upload.js",
    "words.js",
    "work-view.js",
    "work.js",
];

/// The routes of the page, for who listens on `base_url`; it may also ask `others`.
pub(crate) fn routes(base_url: &str, others: &[&str]) -> Result<Router, InvalidHeaderValue> {
    let mut routes = Router::new();
    let policy = HeaderValue::try_from(page_policy(others))?;
    for file in FILES {
        let policy = policy.clone();
        let answer = get(async move || file.answer(policy.clone()));
        if file.name == "index.html" {
            let home = format!("{base_url}/");
            let sent_on = middleware::from_fn(move |request: Request, next: Next| {
                at_home(home.clone(), request, next)
            });
            routes = routes.route("/", answer.layer(sent_on));
        } else {
            routes = routes.route(&format!("/{}", file.name), answer);
        }
    }
    Ok(routes)
}

/// Answers a request that names the page's own address, and sends any other there.
async fn at_home(home: String, request: Request, next: Next) -> Response {
    let asked = request.headers().get(header::HOST);
    let own = asked.is_none_or(|host| home == format!("http://{}/", host.to_str().unwrap_or("?")));
    if own {
        return next.run(request).await;
    }
    Redirect::temporary(&home).into_response()
}

impl File {
    fn answer(&self, policy: HeaderValue) -> Response {
        let mut response = self.body.into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.media_type()),
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            Some((_, "json")) => "application/json",
            _ => "text/html; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::collections::BTreeSet;
    use std::path::Path;

    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    const BASE: &str = "http://127.0.0.1:8080";

    async fn ask(path: &str, host: &str) -> Response {
        let request = Request::builder().uri(path).header(header::HOST, host);
        let request = request.body(Body::empty()).unwrap();
        routes(BASE, &[]).unwrap().oneshot(request).await.unwrap()
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_no_other() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
        let names = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(names)
            .filter(|name| {
                !["README.md", "package.json", "publish", "tests"].contains(&name.as_str())
            })
            .collect();
        let served: BTreeSet<String> = FILES.iter().map(|file| file.name.to_owned()).collect();
        assert_eq!(there, served);
    }

    #[tokio::test]
    async fn the_page_may_do_nothing_but_ask_its_own_site() {
        for (path, kind) in [
            ("/", "text/html"),
            ("/main.js", "text/javascript"),
            ("/hash-worker.js", "text/javascript"),
            ("/style.css", "text/css"),
            ("/icon.svg", "image/svg+xml"),
            ("/config.json", "application/json"),
        ] {
            let response = ask(path, "127.0.0.1:8080").await;
            let headers = response.headers();
            let text = |name| headers[name].to_str().unwrap();
            assert!(text(header::CONTENT_TYPE).starts_with(kind), "{path}");
            assert_eq!(text(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
            let policy = text(header::CONTENT_SECURITY_POLICY);
            assert!(policy.starts_with("default-src 'none';"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }

    #[tokio::test]
    async fn who_asks_at_another_name_of_the_machine_is_sent_to_the_one_that_signatures_name() {
        let response = ask("/", "localhost:8080").await;
        assert_eq!(
            response.headers()[header::LOCATION],
            "http://127.0.0.1:8080/"
        );
        assert!(response.status().is_redirection());
    }

    #[tokio::test]
    async fn a_file_that_is_not_of_the_page_is_not_there() {
        for path in [
            "/README.md",
            "/package.json",
            "/publish",
            "/index.html",
            "/..%2fCargo.toml",
        ] {
            let status = ask(path, "127.0.0.1:8080").await.status();
            assert_eq!(status.as_u16(), 404, "{path}");
        }
    }
}
