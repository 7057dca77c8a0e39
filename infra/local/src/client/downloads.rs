//! Files come down: 202 while one is being written, then 303 to a signed URL.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Method, Response, StatusCode};

use super::{Client, ClientError, send};
use crate::whole_file::WholeFile;

/// The pause when the server names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
/// How long a file may take to be written on the other side before this client gives up.
const PATIENCE: Duration = Duration::from_secs(900);

/// What came down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Downloaded {
    /// Bytes written.
    pub bytes: u64,
}

impl Client {
    /// Downloads `path` of the API into a file, which appears whole or not at all.
    ///
    /// # Errors
    /// `File`, or what the API says.
    pub async fn download(
        &self,
        what: &'static str,
        path: &str,
        to: &Path,
    ) -> Result<Downloaded, ClientError> {
        let mut answer = self.written(what, path).await?;
        let trouble = |source| ClientError::File {
            path: to.to_owned(),
            source,
        };
        let mut file = WholeFile::begin(to).map_err(trouble)?;
        let mut bytes = 0;
        while let Some(piece) = answer
            .chunk()
            .await
            .map_err(|error| ClientError::away(what, error))?
        {
            file.write_all(&piece).map_err(trouble)?;
            bytes += piece.len() as u64;
        }
        file.finish().map_err(trouble)?;
        Ok(Downloaded { bytes })
    }

    /// The answer that carries the file, waited for and followed to.
    async fn written(&self, what: &'static str, path: &str) -> Result<Response, ClientError> {
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.send(what, || self.request(Method::GET, path)).await?;
            let answer = send::good(what, answer).await?;
            match answer.status() {
                StatusCode::ACCEPTED => {
                    let named = send::retry_after(answer.headers()).unwrap_or(DEFAULT_PAUSE);
                    let pause = named
                        .min(self.endpoint.poll_at_most)
                        .max(Duration::from_millis(10));
                    if waited > PATIENCE {
                        return Err(ClientError::unexpected(
                            what,
                            "the file was not written in 15 minutes",
                        ));
                    }
                    crate::ambient::pause(pause).await;
                    waited += pause;
                }
                StatusCode::SEE_OTHER => return self.follow(what, &answer).await,
                _ => return Ok(answer),
            }
        }
    }

    async fn follow(&self, what: &'static str, answer: &Response) -> Result<Response, ClientError> {
        let url = answer
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .ok_or_else(|| ClientError::unexpected(what, "a redirect to nowhere"))?
            .to_owned();
        let answer = self.send(what, || self.signed(Method::GET, &url)).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status => Err(ClientError::unexpected(
                what,
                format!("the storage answered {status}"),
            )),
        }
    }
}
