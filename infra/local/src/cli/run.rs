//! One run of `ingest` against an API, wherever that is.

use std::path::{Path, PathBuf};

use futures::stream::{self, StreamExt};

use super::outputs::{self, Outputs};
use super::progress::Board;
use super::report::{FileOutcome, FileReport, Report};
use super::{Failure, tell};
use crate::client::{Accepted, Client, JobAnswer, SettingsChange, UploadRequest, fingerprint};

/// Files that are hashed and uploaded at the same time.
const UPLOADS_AT_ONCE: usize = 4;

/// What is wanted.
pub(super) struct Wanted {
    /// The files, in the order of the command line.
    pub(super) files: Vec<PathBuf>,
    /// Where they go and how they are read; name, size and digest are filled in for each.
    pub(super) upload: UploadRequest,
    /// What the ledger's settings become first.
    pub(super) settings: SettingsChange,
    /// The files of prices and rates it is given first, in this order.
    pub(super) prices: Vec<PathBuf>,
    /// Where results are written.
    pub(super) out: Option<PathBuf>,
    /// One JSON document instead of tables.
    pub(super) json: bool,
}

/// One run.
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) wanted: Wanted,
}

impl Run {
    /// Changes the ledger, takes the files all the way, writes and shows the results.
    pub(super) async fn all(&self) -> Result<(), Failure> {
        let board = Board::new(self.wanted.json);
        let ended = self.jobs(&board).await;
        board.finish();
        let (changes, files) = ended?;
        if let Some(out) = &self.wanted.out {
            outputs::write_jobs(out, self.ledger(), &changes, &files)?;
        }
        let outputs = Outputs::new(self.wanted.out.as_deref())?;
        if files.iter().any(|file| !file.job.succeeded()) {
            outputs.refused_records(&self.client, &files).await?;
            return Err(self.failed(files)?);
        }
        let writing = board.busy("writing the results".to_owned());
        outputs
            .download(&self.client, self.ledger(), &files)
            .await?;
        writing.finish_and_clear();
        let report = Report::read(self.ledger(), files, &outputs)?;
        for warning in report.warnings() {
            tell(&format!("warning: {warning}"));
        }
        let text = if self.wanted.json {
            report.json()?
        } else {
            report.text()
        };
        super::print(&text)
    }

    fn ledger(&self) -> &str {
        &self.wanted.upload.ledger
    }

    /// Settings and prices first, then all files at once. Answers the changes' jobs and the files'.
    async fn jobs(&self, board: &Board) -> Result<(Vec<JobAnswer>, Vec<FileOutcome>), Failure> {
        let changes = self.change_ledger().await?;
        let uploads = self
            .wanted
            .files
            .iter()
            .map(|file| self.one_file(file, board));
        let mut uploads = stream::iter(uploads).buffered(UPLOADS_AT_ONCE);
        let mut uploaded = Vec::new();
        while let Some(file) = uploads.next().await {
            uploaded.push(file?);
        }
        let waits = uploaded
            .into_iter()
            .map(|(file, job_id, known_before)| async move {
                let job = self.client.wait(&job_id, |job| board.update(job)).await?;
                Ok::<_, Failure>(FileOutcome {
                    file,
                    known_before,
                    job,
                })
            });
        let files = futures::future::try_join_all(waits).await?;
        Ok((changes, files))
    }

    async fn change_ledger(&self) -> Result<Vec<JobAnswer>, Failure> {
        let mut asked: Vec<(String, Accepted)> = Vec::new();
        let settings = &self.wanted.settings;
        if settings.method.is_some() || settings.base.is_some() {
            let changed = self.client.put_settings(self.ledger(), settings).await?;
            asked.extend(changed.map(|accepted| ("the settings".to_owned(), accepted)));
        }
        for prices in &self.wanted.prices {
            let name = prices.display().to_string();
            let given = self.client.put_prices(self.ledger(), prices).await;
            let accepted = given.map_err(|error| Failure::failed(format!("{name}: {error}")))?;
            asked.push((name, accepted));
        }
        let mut jobs = Vec::new();
        for (what, accepted) in asked {
            let job = self.client.wait(&accepted.job_id, |_| {}).await?;
            if !job.succeeded() {
                return Err(Failure::failed(format!("{what}: {}", cause(&job))));
            }
            jobs.push(job);
        }
        Ok(jobs)
    }

    /// Hashes and uploads one file; answers its job and whether its content was there before.
    async fn one_file(
        &self,
        file: &Path,
        board: &Board,
    ) -> Result<(PathBuf, String, bool), Failure> {
        let name = file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy();
        let bar = board.busy(format!("uploading {name}"));
        let print = fingerprint(file).await?;
        let request = UploadRequest {
            filename: name.into_owned(),
            size: print.size,
            sha256: print.sha256,
            ..self.wanted.upload.clone()
        };
        let answer = self.client.upload(file, &request).await;
        bar.finish_and_clear();
        let named = |error| Failure::failed(format!("{}: {error}", file.display()));
        let answer = answer.map_err(named)?;
        Ok((file.to_owned(), answer.job_id, answer.deduplicated))
    }

    /// Names every file that failed and why; with `--json` the document says it too.
    fn failed(&self, files: Vec<FileOutcome>) -> Result<Failure, Failure> {
        let failed = files.iter().filter(|file| !file.job.succeeded());
        let refused = files.iter().any(|file| file.job.counts.rejected > 0);
        let causes = failed.map(|file| format!("{}: {}", file.file.display(), cause(&file.job)));
        let mut message = causes.collect::<Vec<_>>().join("\nerror: ");
        if self.wanted.json {
            let files: Vec<FileReport> = files.into_iter().map(FileReport::of).collect();
            let ledger = self.ledger();
            let document = serde_json::json!({"ledger": ledger, "error": message, "files": files});
            super::print(&format!("{document:#}\n"))?;
        }
        if let Some(out) = &self.wanted.out {
            let jobs = out.join("job.json");
            message.push_str(&format!("\nwhat is known of the jobs: {}", jobs.display()));
            let rejects = out.join("rejects.csv");
            if refused {
                message.push_str(&format!("\nthe refused records: {}", rejects.display()));
            }
        }
        Ok(Failure::failed(message))
    }
}

/// What a job says of its end.
fn cause(job: &JobAnswer) -> String {
    match &job.error {
        Some(error) => format!("{} ({})", error.message, error.code),
        None => format!("the job is {}", job.state),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn a_job_that_failed_says_why() {
        let body = r#"{"state":"failed","error":{"class":"data","code":"unknown_header","message":"line 1: no"}}"#;
        let job: JobAnswer = serde_json::from_str(body).unwrap();
        assert_eq!(cause(&job), "line 1: no (unknown_header)");
        let job: JobAnswer = serde_json::from_str(r#"{"state":"expired"}"#).unwrap();
        assert_eq!(cause(&job), "the job is expired");
    }
}
