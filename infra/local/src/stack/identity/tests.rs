#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

const SECRET: [u8; SECRET_BYTES] = [7; SECRET_BYTES];

fn identity() -> Identity {
    Identity::with(&SECRET)
}

fn now() -> i64 {
    SystemClock::new().now().0 / 1_000_000
}

/// Claims that are good for an hour; `changes` replace some, and null takes one away.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "nbf": now(), "exp": now() + 3600,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

fn signed(header: &Header, secret: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// A token with the right signature.
fn saying(changes: &Value) -> String {
    signed(&Header::new(Algorithm::HS256), &SECRET, &claims(changes))
}

fn asked(authorization: &[&str]) -> Result<TenantId, Problem> {
    let mut request = Request::builder().uri("/v1/jobs?sub=mallory");
    request = request.header("x-tenant", "mallory");
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    identity().tenant_of(&request.body(Body::empty()).unwrap())
}

fn tenant(token: &str) -> Result<String, Problem> {
    asked(&[&format!("Bearer {token}")]).map(|tenant| tenant.as_str().to_owned())
}

#[test]
fn a_tokens_tenant_is_its_subject_whatever_else_the_request_says() {
    for name in ["ada", "ben", crate::tokens::TENANT] {
        assert_eq!(tenant(&identity().token(name).unwrap()).unwrap(), name);
    }
    let small = format!("bearer {}", saying(&json!({})));
    assert_eq!(asked(&[&small]).unwrap().as_str(), "ada");
}

#[test]
fn claims_that_are_missing_or_others_are_refused_and_the_reason_is_not_told() {
    let refused = [
        json!({"iss": "urn:millrace:other"}),
        json!({"iss": null}),
        json!({"aud": "another"}),
        json!({"aud": ["another"]}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"exp": null}),
        json!({"exp": "never"}),
        json!({"exp": now() - 60}),
        json!({"nbf": null}),
        json!({"nbf": now() + 60}),
    ];
    for changes in refused {
        let problem = tenant(&saying(&changes)).expect_err(&changes.to_string());
        assert_eq!(problem, Problem::unauthenticated(), "{changes}");
    }
    // Clocks differ by seconds.
    for changes in [json!({"exp": now() - 10}), json!({"nbf": now() + 10})] {
        assert_eq!(tenant(&saying(&changes)).unwrap(), "ada", "{changes}");
    }
}

#[test]
fn a_token_of_another_secret_or_algorithm_is_refused() {
    let good = claims(&json!({}));
    let other = signed(&Header::new(Algorithm::HS256), &[8; 32], &good);
    let stronger = signed(&Header::new(Algorithm::HS512), &SECRET, &good);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = format!("{}.{}.", part(&json!({"alg": "none"})), part(&good));
    let mut changed: Vec<String> = saying(&json!({})).split('.').map(str::to_owned).collect();
    changed[1] = part(&claims(&json!({"sub": "mallory"})));
    for token in [other, stronger, none, changed.join("."), String::new()] {
        assert_eq!(tenant(&token).unwrap_err(), Problem::unauthenticated());
    }
}

#[test]
fn a_header_that_is_not_one_bearer_token_is_refused() {
    let token = saying(&json!({}));
    let (bearer, basic) = (format!("Bearer {token}"), format!("Basic {token}"));
    let twice = format!("Bearer {token} {token}");
    let refused: [&[&str]; 6] = [
        &[],
        &[&token],
        &[&basic],
        &[&twice],
        &[&bearer, &bearer],
        &["Bearer"],
    ];
    for given in refused {
        assert_eq!(asked(given).unwrap_err(), Problem::unauthenticated());
    }
}

#[test]
fn a_subject_that_is_no_tenants_name_is_told_so() {
    let problem = tenant(&saying(&json!({"sub": "ada/../ben"}))).unwrap_err();
    assert_eq!(problem.code, "unusable_subject");
}

#[test]
fn a_data_folder_keeps_its_secret_for_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::Folder(root.path().to_owned());
    let first = Identity::of(&place).unwrap().token("ada").unwrap();
    let bearing = |token: &str| {
        let request = Request::builder().header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.body(Body::empty()).unwrap()
    };
    let again = Identity::of(&place).unwrap();
    assert_eq!(again.tenant_of(&bearing(&first)).unwrap().as_str(), "ada");
    let elsewhere = Identity::passing().unwrap();
    assert!(elsewhere.tenant_of(&bearing(&first)).is_err());
    let file = root.path().join(SECRET_FILE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    fs::write(&file, "short").unwrap();
    let refused = Identity::of(&place).err().unwrap().to_string();
    assert!(
        refused.contains("token.key") && refused.contains("remove it"),
        "{refused}"
    );
}
