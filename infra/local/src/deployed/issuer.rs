//! Who signs people in beside a deployed stack on this machine: an OpenID Connect issuer on loopback
//! with a key of its own, made at start and gone with the process.
//!
//! It has the two documents that API Gateway's JWT authorizer reads, and no sign-in page: a token is
//! made for whoever starts it.

use std::net::Ipv4Addr;

use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::DeployError;
use crate::tokens::{AUDIENCE, Mint};

/// Bits of the key: the least that RS256 verifiers take.
const KEY_BITS: usize = 2048;
/// The key's name in tokens and in the key set.
const KEY_ID: &str = "local";
/// Seconds a token is good for: a working day.
const TOKEN_SECONDS: i64 = 12 * 3600;

/// A running issuer.
pub struct Issuer {
    mint: Mint,
    serving: JoinHandle<()>,
}

impl Issuer {
    /// Makes a key and serves its public half on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The system has no random bytes or no free port.
    pub async fn start() -> Result<Self, DeployError> {
        let key = new_key()?;
        let keys = JwkSet {
            keys: vec![public_half(&key)?],
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(DeployError::issuer)?;
        let address = listener.local_addr().map_err(DeployError::issuer)?;
        let url = format!("http://{address}");
        let routes = routes(&url, &keys)?;
        let serving = crate::ambient::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the issuer ended");
            }
        });
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(KEY_ID.to_owned());
        let mint = Mint {
            issuer: url,
            header,
            key,
            seconds: TOKEN_SECONDS,
        };
        Ok(Self { mint, serving })
    }

    /// The issuer's name, which is its address: `iss` of every token.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.mint.issuer
    }

    /// A token of a tenant, good for twelve hours from `now_seconds` (Unix).
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn token(&self, tenant: &str, now_seconds: i64) -> Result<String, DeployError> {
        self.token_for(AUDIENCE, tenant, now_seconds)
    }

    /// A token for another audience, which the authorizer must refuse.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn token_for(
        &self,
        audience: &str,
        tenant: &str,
        now_seconds: i64,
    ) -> Result<String, DeployError> {
        let made = self.mint.token_for(audience, tenant, now_seconds);
        made.map_err(DeployError::issuer)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn new_key() -> Result<EncodingKey, DeployError> {
    let mut system = rsa::rand_core::OsRng;
    let key = RsaPrivateKey::new(&mut system, KEY_BITS).map_err(DeployError::issuer)?;
    let der = key.to_pkcs1_der().map_err(DeployError::issuer)?;
    Ok(EncodingKey::from_rsa_der(der.as_bytes()))
}

fn public_half(key: &EncodingKey) -> Result<Jwk, DeployError> {
    let mut public = Jwk::from_encoding_key(key, Algorithm::RS256).map_err(DeployError::issuer)?;
    public.common.key_id = Some(KEY_ID.to_owned());
    Ok(public)
}

/// The two documents of OpenID Connect Discovery 1.0 that a verifier reads.
fn routes(url: &str, keys: &JwkSet) -> Result<Router, DeployError> {
    let keys = serde_json::to_value(keys).map_err(DeployError::issuer)?;
    let configuration = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    Ok(Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(async move || Json(configuration.clone())),
        )
        .route("/jwks.json", get(async move || Json(keys.clone()))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;

    async fn document(url: &str) -> Value {
        let http = crate::http::client().no_proxy().build().unwrap();
        let answer = http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    #[tokio::test]
    async fn a_token_verifies_against_the_published_keys_and_names_its_tenant() {
        let issuer = Issuer::start().await.unwrap();
        let found = format!("{}/.well-known/openid-configuration", issuer.url());
        let configuration = document(&found).await;
        assert_eq!(configuration["issuer"], issuer.url());
        let keys = document(configuration["jwks_uri"].as_str().unwrap()).await;
        let keys: JwkSet = serde_json::from_value(keys).unwrap();
        let key = DecodingKey::from_jwk(keys.find(KEY_ID).unwrap()).unwrap();

        let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap();
        let token = issuer.token("ada", now).unwrap();
        let mut expected = Validation::new(Algorithm::RS256);
        expected.set_audience(&[AUDIENCE]);
        expected.set_issuer(&[issuer.url()]);
        let claims = decode::<Value>(&token, &key, &expected).unwrap().claims;
        assert_eq!(claims["sub"], "ada");
        let other = issuer.token_for("another", "ada", now).unwrap();
        assert!(decode::<Value>(&other, &key, &expected).is_err());
    }
}
