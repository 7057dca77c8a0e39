//! Tokens that are made on this machine: by the local stack for itself, and by the issuer beside a
//! deployed one. What stands in them is what the API asks for: who made it, for whom it is, whose it
//! is, and how long.

use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

/// Whom tokens are for: the audience that this machine's stacks expect.
pub const AUDIENCE: &str = "millrace-local";
/// Whose everything is on one's own machine: the tenant of the tokens that the command prints.
pub const TENANT: &str = "local";

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a token cannot be signed: {0}")]
pub struct TokenError(#[from] jsonwebtoken::errors::Error);

/// Makes tokens.
pub(crate) struct Mint {
    /// Their `iss`.
    pub(crate) issuer: String,
    /// The header of all of them: algorithm, and the key's name where there is a set of keys.
    pub(crate) header: Header,
    /// What they are signed with.
    pub(crate) key: EncodingKey,
    /// Seconds one is good for.
    pub(crate) seconds: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Mint {
    /// A token of a tenant, good from `now_seconds` (Unix).
    pub(crate) fn token_for(
        &self,
        audience: &str,
        tenant: &str,
        now_seconds: i64,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            iss: &self.issuer,
            aud: audience,
            sub: tenant,
            iat: now_seconds,
            nbf: now_seconds,
            exp: now_seconds + self.seconds,
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.key)?)
    }
}
