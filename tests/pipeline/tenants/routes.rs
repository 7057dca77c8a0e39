//! Every request that can name something of a tenant's, as the served description has it: a route that
//! is added is asked as well, and one whose names are new says so here.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::asker::Asker;

/// Parameters that only choose among what the address holds, or are no name.
const CHOICES: [&str; 12] = [
    "from",
    "to",
    "account",
    "asset",
    "type",
    "issue",
    "has_issue",
    "unmatched",
    "disposal",
    "limit",
    "year",
    "Idempotency-Key",
];

/// Prices that somebody brings.
pub(super) const PRICES: &str =
    "date,asset,currency,price\n2020-02-01,BTC,USD,1500\n2021-03-01,ETH,USD,4000\n";

/// An operation that takes a name.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    parameters: Vec<String>,
    /// Whether it says that what is named may not be there.
    pub(super) may_find_nothing: bool,
}

/// What a request names.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) id: String,
    pub(super) ledger: String,
    /// A file of an export; everybody has the same.
    pub(super) name: String,
    pub(super) revision: Option<String>,
    pub(super) cursor: Option<String>,
    pub(super) identity: String,
    pub(super) tag: String,
}

/// The operations of a description that take a name in their address, or a page's.
pub(super) fn operations(description: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, said) in methods.as_object().expect("methods") {
            let parameters = said["parameters"].as_array().cloned().unwrap_or_default();
            let parameters: Vec<String> = parameters
                .iter()
                .map(|parameter| parameter["name"].as_str().expect("a name").to_owned())
                .collect();
            let named = |name: &String| !CHOICES.contains(&name.as_str());
            if parameters.iter().any(named) {
                found.push(Operation {
                    method: method.to_uppercase().parse().expect("a method"),
                    path: path.clone(),
                    parameters,
                    may_find_nothing: said["responses"]["404"].is_object(),
                });
            }
        }
    }
    found
}

impl Operation {
    pub(super) fn takes(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|name| name == parameter)
    }

    /// Whether it names something within a ledger, apart from the ledger itself.
    pub(super) fn names_within(&self) -> bool {
        self.takes("id") || self.takes("cursor") || self.takes("revision") || self.says_of_rows()
    }

    /// Whether it is the one whose body names rows.
    pub(super) fn says_of_rows(&self) -> bool {
        self.method == Method::PUT && self.path.ends_with("/overrides")
    }

    /// The request of somebody for these names.
    pub(super) fn request(&self, asker: &Asker, names: &Names) -> RequestBuilder {
        let path = self
            .path
            .replace("{id}", &names.id)
            .replace("{ledger}", &names.ledger)
            .replace("{name}", &names.name);
        assert!(!path.contains('{'), "say here what {path} names");
        let mut query: Vec<String> = Vec::new();
        let mut request_tag = None;
        for parameter in &self.parameters {
            match parameter.as_str() {
                "id" | "ledger" | "name" => {}
                "cursor" => query.extend(names.cursor.iter().map(|it| format!("cursor={it}"))),
                "revision" => {
                    query.extend(names.revision.iter().map(|it| format!("revision={it}")))
                }
                "If-None-Match" => request_tag = Some(&names.tag),
                "limit" => query.push("limit=1".to_owned()),
                choice => assert!(CHOICES.contains(&choice), "say here what {choice} names"),
            }
        }
        // Cursors and numbers stand in an address as they are.
        let address = format!("{path}?{}", query.join("&"));
        let mut request = asker.request(self.method.clone(), &address);
        if let Some(tag) = request_tag {
            request = request.header("if-none-match", tag);
        }
        self.with_body(request, names)
    }

    fn with_body(&self, request: RequestBuilder, names: &Names) -> RequestBuilder {
        if self.method != Method::PUT {
            return request;
        }
        match self.path.rsplit('/').next() {
            Some("settings") => request.json(&json!({"method": "lifo"})),
            Some("prices") => request.header("content-type", "text/csv").body(PRICES),
            Some("overrides") => {
                let change = json!({"identity": names.identity, "set": {"ignore": true}});
                request.json(&json!({"changes": [change]}))
            }
            other => panic!("say here what is put to {other:?}"),
        }
    }
}
