//! The page before the deployed API.

use millrace::stack::page_policy;
use reqwest::header::CONTENT_SECURITY_POLICY;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::World;

/// Its files and the API come from one address, and a token is asked for there as everywhere.
pub(crate) fn one_site(world: &World) {
    let page = world.deployment.page_url();
    let policy = page_policy(&[world.deployment.emulator()]);
    world.runtime.block_on(async {
        let http = Client::builder().no_proxy().build().expect("a client");
        let files = http.get(page).send().await.expect("the page");
        assert_eq!(files.status(), StatusCode::OK);
        assert_eq!(files.headers()[CONTENT_SECURITY_POLICY], policy);
        let jobs = format!("{page}/v1/jobs");
        let nobody = http.get(&jobs).send().await.expect("an answer");
        assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
        let asked = http.get(&jobs).bearer_auth(world.token("ada"));
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let listed: Value = answer.json().await.expect("JSON");
        assert!(listed["items"].is_array(), "{listed}");
    });
}

/// What `infra/web/publish` puts beside the files names the issuer.
pub(crate) fn sign_in(world: &World) {
    let config = world.deployment.output("PageConfig").expect("an output");
    let config: Value = serde_json::from_str(config).expect("JSON");
    let issuer = world.deployment.issuer().url();
    let audience = millrace::tokens::AUDIENCE;
    let expected = json!({"issuer": issuer, "client_id": "", "audience": audience});
    assert_eq!(config, expected);
}
