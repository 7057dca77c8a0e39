//! The same bytes as the Python driver's plugin by AWS itself, and the exchange around them.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

/// Made by `vectors.py` with PyPI's cassandra-sigv4; the keys are made up.
const VECTORS: &str = include_str!("vectors.json");

#[derive(serde::Deserialize)]
struct Vector {
    nonce: String,
    unix_ms: i64,
    region: String,
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    answer: String,
}

fn credentials(vector: &Vector) -> Credentials {
    Credentials::new(
        &vector.access_key,
        &vector.secret_key,
        vector.session_token.clone(),
        None,
        "test",
    )
}

#[test]
fn answers_are_byte_for_byte_those_of_the_python_plugin() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).expect("vectors");
    assert!(vectors.iter().any(|vector| vector.session_token.is_some()));
    assert!(vectors.iter().any(|vector| vector.session_token.is_none()));
    for vector in &vectors {
        let now = Timestamp::from_millisecond(vector.unix_ms).expect("a time");
        let nonce = hex::decode(&vector.nonce).expect("a nonce");
        let answer = answer(&nonce, now, &credentials(vector), &vector.region);
        assert_eq!(answer, vector.answer);
    }
}

#[test]
fn a_nonce_is_found_and_a_challenge_without_one_is_refused() {
    let nonce = [7; NONCE_BYTES];
    let challenge = [b"x=1,nonce=".as_slice(), &nonce, b",y"].concat();
    assert_eq!(nonce_of(&challenge), Some(nonce.as_slice()));
    for bad in [b"".as_slice(), b"nonce=", b"nonce=short", b"something else"] {
        assert_eq!(nonce_of(bad), None);
    }
}

#[tokio::test]
async fn the_exchange_says_hello_and_signs_each_challenge_with_the_keys_of_that_moment() {
    let keys = Credentials::new(
        "AKID",
        "secret",
        Some("token".to_owned()),
        Some(UNIX_EPOCH + Duration::from_secs(1)),
        "test",
    );
    let provider = SigV4::new("eu-west-1", SharedCredentialsProvider::new(keys));
    let (hello, mut session) = provider
        .start_authentication_session("any")
        .await
        .expect("an exchange");
    assert_eq!(hello.as_deref(), Some(b"SigV4\0\0".as_slice()));
    let challenge = [b"nonce=".as_slice(), &[1; NONCE_BYTES]].concat();
    let answer = session.evaluate_challenge(Some(&challenge)).await;
    let answer = String::from_utf8(answer.expect("an answer").expect("bytes")).expect("text");
    assert!(
        answer.starts_with("signature=") && answer.ends_with(",session_token=token"),
        "{answer}"
    );
    let refused = session.evaluate_challenge(None).await;
    assert!(refused.expect_err("no nonce").contains("nonce"));
}
