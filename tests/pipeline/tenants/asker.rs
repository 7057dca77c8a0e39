//! Who asks, and what is answered, as it goes over the line.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::world::World;

/// A client with a tenant's token.
pub(super) struct Asker {
    http: reqwest::Client,
    base_url: String,
    token: String,
}

/// An answer, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Asker {
    pub(super) fn of(world: &World, tenant: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().expect("a client"),
            base_url: world.stack.base_url().to_owned(),
            token: world.stack.token(tenant).expect("a token"),
        }
    }

    /// A request to the API.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// A request to a signed address, which takes no token.
    pub(super) fn signed(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        sent(self.request(Method::GET, path)).await
    }
}

/// What a request is answered.
pub(super) async fn sent(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value)));
    Answer {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        body: answer.text().await.expect("a body"),
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The answer without what every answer has of its own: the request's id, the time.
    pub(super) fn unnamed(mut self) -> Self {
        let id = self.headers.remove("x-request-id").expect("a request's id");
        self.headers.remove("date");
        // Its id has as many digits as it has.
        self.headers.remove("content-length");
        self.body = self.body.replace(&format!("\"{id}\""), "\"REQUEST\"");
        self
    }

    /// The same with one word for each of `names`, wherever they stand.
    pub(super) fn saying(mut self, names: &[(&str, &str)]) -> Self {
        for (name, word) in names {
            self.body = self.body.replace(name, word);
            for value in self.headers.values_mut() {
                *value = value.replace(name, word);
            }
        }
        self
    }
}
