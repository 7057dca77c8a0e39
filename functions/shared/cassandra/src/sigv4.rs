//! How Keyspaces lets in: a nonce is signed with the function's AWS credentials, as Signature
//! Version 4 signs a request `PUT /authenticate` whose body is the nonce.

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use jiff::Timestamp;
use scylla::authentication::{AuthError, AuthenticatorProvider, AuthenticatorSession};
use sha2::{Digest, Sha256};

/// What opens the exchange.
const HELLO: &[u8] = b"SigV4\0\0";
/// What stands before the nonce in a challenge, and the nonce's bytes.
const NONCE_MARK: &[u8] = b"nonce=";
const NONCE_BYTES: usize = 32;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "cassandra";

/// Answers challenges for a region.
pub(crate) struct SigV4 {
    region: String,
    credentials: SharedCredentialsProvider,
}

impl SigV4 {
    pub(crate) fn new(region: &str, credentials: SharedCredentialsProvider) -> Self {
        Self {
            region: region.to_owned(),
            credentials,
        }
    }
}

#[async_trait]
impl AuthenticatorProvider for SigV4 {
    async fn start_authentication_session(
        &self,
        _authenticator: &str,
    ) -> Result<(Option<Vec<u8>>, Box<dyn AuthenticatorSession>), AuthError> {
        let session = Exchange {
            region: self.region.clone(),
            credentials: self.credentials.clone(),
        };
        Ok((Some(HELLO.to_vec()), Box::new(session)))
    }
}

/// One connection's exchange.
struct Exchange {
    region: String,
    credentials: SharedCredentialsProvider,
}

#[async_trait]
impl AuthenticatorSession for Exchange {
    /// Credentials are fetched for each challenge: a role's are short-lived, and connections are
    /// made again as long as the process lives.
    async fn evaluate_challenge(
        &mut self,
        token: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, AuthError> {
        let nonce = nonce_of(token.unwrap_or_default()).ok_or("the challenge holds no nonce")?;
        let credentials = self.credentials.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| format!("no AWS credentials to sign with: {error}"))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature carries the time it was made"
        )]
        let now = Timestamp::now();
        let answer = answer(nonce, now, &credentials, &self.region);
        Ok(Some(answer.into_bytes()))
    }

    async fn success(&mut self, _token: Option<&[u8]>) -> Result<(), AuthError> {
        Ok(())
    }
}

fn nonce_of(challenge: &[u8]) -> Option<&[u8]> {
    let mark = challenge
        .windows(NONCE_MARK.len())
        .position(|window| window == NONCE_MARK)?;
    let start = mark + NONCE_MARK.len();
    challenge.get(start..start + NONCE_BYTES)
}

/// The answer to a nonce at a time.
fn answer(nonce: &[u8], now: Timestamp, credentials: &Credentials, region: &str) -> String {
    let time = now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let scope = format!("{}/{region}/{SERVICE}/aws4_request", now.strftime("%Y%m%d"));
    let access_key = credentials.access_key_id();
    let request = format!(
        "PUT\n/authenticate\nX-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={access_key}%2F{}&X-Amz-Date={}&X-Amz-Expires=900\nhost:{SERVICE}\n\nhost\n{}",
        scope.replace('/', "%2F"),
        time.replace(':', "%3A"),
        hex::encode(Sha256::digest(nonce)),
    );
    let to_sign = format!(
        "{ALGORITHM}\n{time}\n{scope}\n{}",
        hex::encode(Sha256::digest(&request)),
    );
    let key = generate_signing_key(credentials.secret_access_key(), now.into(), region, SERVICE);
    let signature = calculate_signature(key, to_sign.as_bytes());
    let mut answer = format!("signature={signature},access_key={access_key},amzdate={time}");
    if let Some(token) = credentials.session_token() {
        answer.push_str(",session_token=");
        answer.push_str(token);
    }
    answer
}

#[cfg(test)]
mod tests;
