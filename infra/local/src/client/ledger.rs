//! A ledger's settings and prices.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use domain::limits::MAX_PRICES_BYTES;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde::Serialize;

use super::answers::Accepted;
use super::{Client, ClientError, send};

/// Settings to change; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SettingsChange {
    /// The cost method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The base currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

impl Client {
    /// Changes a ledger's settings; answers the job that carries the change, or nothing when these
    /// settings hold already.
    ///
    /// # Errors
    /// What the API says.
    pub async fn put_settings(
        &self,
        ledger: &str,
        change: &SettingsChange,
    ) -> Result<Option<Accepted>, ClientError> {
        let what = "changing the settings";
        let path = format!("/v1/ledgers/{ledger}/settings");
        let answer = self
            .send(what, || self.request(Method::PUT, &path).json(change))
            .await?;
        if answer.status() == StatusCode::OK {
            return Ok(None);
        }
        send::json(what, answer).await.map(Some)
    }

    /// Gives a ledger the user's own prices, a CSV `date,asset,currency,price`, or the ECB's rates;
    /// answers the job.
    ///
    /// # Errors
    /// `File`, or what the API says, with the lines at fault.
    pub async fn put_prices(&self, ledger: &str, file: &Path) -> Result<Accepted, ClientError> {
        let what = "giving the prices";
        let (media_type, body) = as_sent(file).map_err(|source| ClientError::File {
            path: file.to_owned(),
            source,
        })?;
        let body = bytes::Bytes::from(body);
        let path = format!("/v1/ledgers/{ledger}/prices");
        let answer = self
            .send(what, || {
                let request = self
                    .request(Method::PUT, &path)
                    .header(CONTENT_TYPE, media_type);
                request.body(body.clone())
            })
            .await?;
        send::json(what, answer).await
    }
}

/// A file as it is sent, with its media type: as it is while that fits, else packed, under a type that
/// no gateway on the way takes for text.
fn as_sent(file: &Path) -> io::Result<(&'static str, Vec<u8>)> {
    let mut source = File::open(file)?;
    if source.metadata()?.len() <= MAX_PRICES_BYTES as u64 {
        let mut plain = Vec::new();
        source.read_to_end(&mut plain)?;
        return Ok(("text/csv", plain));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    io::copy(&mut source, &mut encoder)?;
    Ok(("application/gzip", encoder.finish()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_file_is_packed_when_it_would_be_refused_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prices.csv");
        std::fs::write(&file, vec![b'x'; MAX_PRICES_BYTES]).unwrap();
        let (media_type, body) = as_sent(&file).unwrap();
        assert_eq!((media_type, body.len()), ("text/csv", MAX_PRICES_BYTES));
        std::fs::write(&file, vec![b'x'; MAX_PRICES_BYTES + 1]).unwrap();
        let (media_type, body) = as_sent(&file).unwrap();
        assert_eq!(media_type, "application/gzip");
        assert!(body.len() < MAX_PRICES_BYTES && body.starts_with(b"\x1f\x8b"));
    }
}
