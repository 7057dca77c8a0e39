//! A ledger's settings and prices.

use std::fs::File;
use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
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
        let packed = gzip(file).map_err(|source| ClientError::File {
            path: file.to_owned(),
            source,
        })?;
        let body = bytes::Bytes::from(packed);
        let path = format!("/v1/ledgers/{ledger}/prices");
        let answer = self
            .send(what, || {
                let request = self
                    .request(Method::PUT, &path)
                    .header(CONTENT_TYPE, "text/csv")
                    .header(CONTENT_ENCODING, "gzip");
                request.body(body.clone())
            })
            .await?;
        send::json(what, answer).await
    }
}

/// A file's bytes, packed.
fn gzip(file: &Path) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    io::copy(&mut File::open(file)?, &mut encoder)?;
    encoder.finish()
}
