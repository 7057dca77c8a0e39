//! One request: asked again while the server is busy, and its answer read once.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::answers::ProblemBody;
use super::{Client, ClientError};

/// How often a request is made that the server is too busy for, or that got no answer.
const ATTEMPTS: u32 = 5;
/// The longest pause a server can ask for between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Bytes of an answer that is read whole; pages and jobs are far smaller.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

impl Client {
    /// A request to the API, with the token where there is one.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.endpoint.base_url));
        match &self.endpoint.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A request to a signed URL: no token, the signature is in it.
    pub(super) fn signed(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends what `build` makes until there is an answer other than "busy". Only for requests that
    /// may be made twice: all of the API's are such, by content hash or by their own meaning.
    pub(super) async fn send(
        &self,
        what: &'static str,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Response, ClientError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pause = match build().send().await {
                Ok(answer) if is_busy(answer.status()) && attempt < ATTEMPTS => {
                    retry_after(answer.headers()).unwrap_or(backoff(attempt))
                }
                Ok(answer) => return Ok(answer),
                Err(_) if attempt < ATTEMPTS => backoff(attempt),
                Err(error) => return Err(ClientError::away(what, error)),
            };
            crate::ambient::pause(pause.min(LONGEST_PAUSE)).await;
        }
    }
}

fn is_busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
    )
}

pub(super) fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(100 << attempt.min(6))
}

/// The pause the server asks for, when it names seconds.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// The JSON of a good answer; the API's reason when it is not one.
pub(super) async fn json<T: DeserializeOwned>(
    what: &'static str,
    answer: Response,
) -> Result<T, ClientError> {
    let body = body(what, good(what, answer).await?).await?;
    serde_json::from_slice(&body)
        .map_err(|error| ClientError::unexpected(what, format!("an odd answer: {error}")))
}

/// The answer itself when it is a good one (2xx or 3xx).
pub(super) async fn good(what: &'static str, answer: Response) -> Result<Response, ClientError> {
    let status = answer.status();
    if status.is_success() || status.is_redirection() {
        return Ok(answer);
    }
    let body = body(what, answer).await?;
    match serde_json::from_slice::<ProblemBody>(&body) {
        Ok(problem) if !problem.code.is_empty() => Err(ClientError::Refused {
            what,
            problem: Box::new(problem),
        }),
        // What stands in front of the API answers in a form of its own.
        _ => Err(ClientError::unexpected(
            what,
            format!("the server answered {status}"),
        )),
    }
}

async fn body(what: &'static str, mut answer: Response) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(piece) = answer
        .chunk()
        .await
        .map_err(|error| ClientError::away(what, error))?
    {
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(ClientError::unexpected(what, "the answer is too large"));
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_names_its_pause_in_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        let date = reqwest::header::HeaderValue::from_static("Fri, 31 Dec 1999 23:59:59 GMT");
        headers.insert(RETRY_AFTER, date);
        assert_eq!(retry_after(&headers), None);
    }

    #[test]
    fn pauses_grow() {
        assert!((1..5).all(|attempt| backoff(attempt) < backoff(attempt + 1)));
    }
}
