//! Who asks: the local stack's own issuer of tokens, and its check of them, as API Gateway's JWT
//! authorizer makes it in the cloud. Algorithm, issuer, audience and times are fixed here; the tenant
//! is the verified `sub` and nothing else (I8).
//!
//! Who signs is who verifies, so one secret is enough (HS256), and no set of public keys is fetched or
//! kept. A data folder keeps its secret, so that a page that is open stays signed in when the stack
//! starts again.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use domain::ids::TenantId;
use embedded::Place;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode};
use lambda::admission::tenant_named;
use lambda::problem::Problem;
use machine::SystemClock;
use ports::Clock;
use serde::Deserialize;

use super::StackError;
use crate::tokens::{AUDIENCE, Mint, TokenError};
use crate::whole_file::WholeFile;

/// `iss` of every token.
const ISSUER: &str = "urn:millrace:local";
/// Bytes of the secret: as many as the digest has (RFC 7518, section 3.2).
const SECRET_BYTES: usize = 32;
/// The secret's file in a data folder.
const SECRET_FILE: &str = "token.key";
/// Seconds a token is good for: a month. It is for this machine only, and whoever could read it here
/// could read the data as well.
const TOKEN_SECONDS: i64 = 30 * 24 * 3600;
/// Seconds by which `exp` and `nbf` are not taken at their word.
const LEEWAY_SECONDS: u64 = 30;

/// Makes tokens and knows its own again.
pub(super) struct Identity {
    mint: Mint,
    key: DecodingKey,
    expected: Validation,
}

/// What is read of a token that is good.
#[derive(Deserialize)]
struct Verified {
    sub: String,
}

impl Identity {
    /// With the secret of a data folder, made at the first start; without a folder, with one that is
    /// gone with the process.
    pub(super) fn of(place: &Place) -> Result<Self, StackError> {
        let secret = match place {
            Place::Folder(folder) => kept_secret(&folder.join(SECRET_FILE))?,
            Place::Scratch(_) | Place::InMemory => new_secret()?,
        };
        Ok(Self::with(&secret))
    }

    /// With a secret that is gone with the process.
    pub(super) fn passing() -> Result<Self, StackError> {
        Self::of(&Place::InMemory)
    }

    fn with(secret: &[u8]) -> Self {
        let mut expected = Validation::new(Algorithm::HS256);
        expected.set_issuer(&[ISSUER]);
        expected.set_audience(&[AUDIENCE]);
        expected.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        expected.validate_nbf = true;
        expected.leeway = LEEWAY_SECONDS;
        Self {
            mint: Mint {
                issuer: ISSUER.to_owned(),
                header: Header::new(Algorithm::HS256),
                key: EncodingKey::from_secret(secret),
                seconds: TOKEN_SECONDS,
            },
            key: DecodingKey::from_secret(secret),
            expected,
        }
    }

    /// A token of a tenant, good from now. Tokens are made and checked by the machine's clock, whatever
    /// the stack's says.
    pub(super) fn token(&self, tenant: &str) -> Result<String, TokenError> {
        let now_seconds = SystemClock::new().now().0.div_euclid(1_000_000);
        self.mint.token_for(AUDIENCE, tenant, now_seconds)
    }

    /// Whose a request is. What is wrong with a token is told nobody: the answer is the same.
    pub(super) fn tenant_of(&self, request: &Request) -> Result<TenantId, Problem> {
        let token = bearer(request.headers()).ok_or_else(Problem::unauthenticated)?;
        let verified = decode::<Verified>(token, &self.key, &self.expected)
            .map_err(|_| Problem::unauthenticated())?;
        tenant_named(&verified.claims.sub)
    }
}

/// The token of `Authorization: Bearer`, when that header stands there once (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

fn new_secret() -> Result<[u8; SECRET_BYTES], StackError> {
    crate::ambient::entropy().map_err(|error| StackError::Entropy(error.to_string()))
}

/// The secret in a file that only its owner may read; made when there is none.
fn kept_secret(file: &Path) -> Result<[u8; SECRET_BYTES], StackError> {
    let trouble = |source| StackError::Secret {
        file: file.to_owned(),
        source,
    };
    match fs::read(file) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            let what = "is no secret of this stack; remove it, and the next start makes another";
            trouble(io::Error::new(io::ErrorKind::InvalidData, what))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = new_secret()?;
            keep(file, &secret).map_err(trouble)?;
            Ok(secret)
        }
        Err(error) => Err(trouble(error)),
    }
}

fn keep(file: &Path, secret: &[u8]) -> io::Result<()> {
    let mut writing = WholeFile::begin_private(file)?;
    writing.write_all(secret)?;
    writing.finish()
}

#[cfg(test)]
mod tests;
