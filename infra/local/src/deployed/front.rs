//! What CloudFront does in the cloud: the page's files and the API behind one address, so that a browser
//! asks the API as the page's own site.

use std::net::Ipv4Addr;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use lambda::problem::{Problem, no_route};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::DeployError;
use crate::stack::page_routes;

/// Bytes of a request that are handed on: more than any route takes.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// Seconds after which an API that did not answer is worth asking again.
const AWAY_SECONDS: u32 = 2;

/// The address before it is served: the stack is told it when it is deployed.
pub(super) struct Place {
    listener: TcpListener,
    url: String,
}

impl Place {
    /// A free port of 127.0.0.1.
    pub(super) async fn take() -> Result<Self, DeployError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(DeployError::page)?;
        let address = listener.local_addr().map_err(DeployError::page)?;
        let url = format!("http://{address}");
        Ok(Self { listener, url })
    }

    /// Its address, without a slash at its end: the page's origin.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// The page at work; dropping it ends it.
pub(super) struct Front {
    url: String,
    serving: JoinHandle<()>,
}

impl Front {
    /// Serves the page before the API at `api`; its files go to `storage`.
    pub(super) fn serve(place: Place, api: String, storage: &str) -> Result<Self, DeployError> {
        let Place { listener, url } = place;
        let http = crate::http::client()
            .no_proxy()
            .build()
            .map_err(DeployError::page)?;
        let behind = any(hand_on).with_state(Behind { http, api });
        let routes = page_routes(&url, &[storage])
            .map_err(DeployError::page)?
            .route("/v1/{*path}", behind.clone())
            .route("/openapi.json", behind.clone())
            .route("/docs", behind)
            .fallback(no_route);
        let serving = crate::ambient::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the page ended");
            }
        });
        Ok(Self { url, serving })
    }

    /// The page's address, without a slash at its end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The API, and the way to it.
#[derive(Clone)]
struct Behind {
    http: reqwest::Client,
    api: String,
}

async fn hand_on(State(behind): State<Behind>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return Problem::too_large(MAX_BODY_BYTES).into_response();
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let asked = behind
        .http
        .request(parts.method, format!("{}{path}", behind.api))
        .headers(without_connection(parts.headers))
        .body(body);
    match answered(asked).await {
        Ok((status, headers, body)) => {
            let mut response = (status, Body::from(body)).into_response();
            *response.headers_mut() = without_connection(headers);
            response
        }
        Err(error) => {
            tracing::warn!(error = %error.without_url(), "the API did not answer");
            Problem::busy(AWAY_SECONDS).into_response()
        }
    }
}

async fn answered(
    asked: reqwest::RequestBuilder,
) -> Result<(reqwest::StatusCode, HeaderMap, Bytes), reqwest::Error> {
    let answer = asked.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok((status, headers, answer.bytes().await?))
}

/// Headers but those that say how one connection carries a body.
fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use axum::Router;
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::routing::put;

    use super::*;

    /// An API that tells what it was asked.
    async fn api() -> String {
        let told = async |Path(path): Path<String>, headers: HeaderMap, body: String| {
            let token = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
            let answer = format!("{path} {token} {body}");
            (StatusCode::ACCEPTED, [(header::RETRY_AFTER, "7")], answer)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/stage", listener.local_addr().unwrap());
        let routes = Router::new().route("/stage/v1/{*path}", put(told));
        crate::ambient::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        url
    }

    #[tokio::test]
    async fn the_page_and_the_api_are_one_site() {
        let place = Place::take().await.unwrap();
        let front = Front::serve(place, api().await, "http://127.0.0.1:9").unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let page = http.get(front.url()).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str();
        assert!(
            policy
                .unwrap()
                .contains("connect-src 'self' http://127.0.0.1:9;")
        );
        let url = format!("{}/v1/ledgers/main/settings?x=1", front.url());
        let asked = http.put(url).bearer_auth("a.b.c").body("{}");
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "7");
        let told = answer.text().await.unwrap();
        assert_eq!(told, "ledgers/main/settings Bearer a.b.c {}");
        let none = http.get(format!("{}/other", front.url())).send().await;
        assert_eq!(none.unwrap().status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn an_api_that_is_away_is_busy() {
        let gone = Place::take().await.unwrap().url().to_owned();
        let place = Place::take().await.unwrap();
        let front = Front::serve(place, gone, "http://127.0.0.1:9").unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("{}/v1/jobs", front.url())).send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
