//! Jobs: asked about until they end.

use std::time::Duration;

use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};

use super::answers::{Accepted, JobAnswer};
use super::{Client, ClientError, send};

/// The pause when the server names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(2);

impl Client {
    /// A job as it is now.
    ///
    /// # Errors
    /// What the API says.
    pub async fn job(&self, id: &str) -> Result<JobAnswer, ClientError> {
        let what = "asking for a job";
        let path = format!("/v1/jobs/{id}");
        let answer = self.send(what, || self.request(Method::GET, &path)).await?;
        send::json(what, answer).await
    }

    /// Asks about a job until it ends; `seen` is told each time it has changed.
    ///
    /// # Errors
    /// What the API says.
    pub async fn wait(
        &self,
        id: &str,
        mut seen: impl FnMut(&JobAnswer),
    ) -> Result<JobAnswer, ClientError> {
        let what = "asking for a job";
        let path = format!("/v1/jobs/{id}");
        let mut known: Option<HeaderValue> = None;
        let mut pause = DEFAULT_PAUSE;
        loop {
            let answer = self
                .send(what, || {
                    let request = self.request(Method::GET, &path);
                    match &known {
                        Some(etag) => request.header(IF_NONE_MATCH, etag),
                        None => request,
                    }
                })
                .await?;
            if answer.status() != StatusCode::NOT_MODIFIED {
                known = answer.headers().get(ETAG).cloned();
                let job: JobAnswer = send::json(what, answer).await?;
                seen(&job);
                if job.is_terminal {
                    return Ok(job);
                }
                pause = job
                    .poll_after_seconds
                    .map_or(DEFAULT_PAUSE, Duration::from_secs);
            }
            crate::ambient::pause(pause.min(self.endpoint.poll_at_most)).await;
        }
    }

    /// Takes an upload out of its ledger again; answers the job that does it.
    ///
    /// # Errors
    /// What the API says.
    pub async fn undo(&self, id: &str) -> Result<Accepted, ClientError> {
        self.act("taking an upload back", id, "undo").await
    }

    /// Stops a job: one that a turn has already is undone.
    ///
    /// # Errors
    /// What the API says.
    pub async fn cancel(&self, id: &str) -> Result<(), ClientError> {
        let what = "cancelling a job";
        let path = format!("/v1/jobs/{id}");
        let answer = self
            .send(what, || self.request(Method::DELETE, &path))
            .await?;
        send::good(what, answer).await.map(drop)
    }

    /// Tries what failed of a job once more.
    ///
    /// # Errors
    /// What the API says.
    pub async fn retry(&self, id: &str) -> Result<Accepted, ClientError> {
        self.act("retrying a job", id, "retry").await
    }

    async fn act(
        &self,
        what: &'static str,
        id: &str,
        action: &str,
    ) -> Result<Accepted, ClientError> {
        let path = format!("/v1/jobs/{id}/{action}");
        let answer = self
            .send(what, || self.request(Method::POST, &path))
            .await?;
        send::json(what, answer).await
    }
}
