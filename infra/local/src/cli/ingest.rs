//! `millrace ingest`: files all the way, through the API like any client.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use domain::asset::Asset;
use domain::ids::{Account, LedgerId};
use embedded::{Place, SystemClock, SystemIds};
use futures::stream::{self, StreamExt};
use ports::{Clock, Ids};

use super::outputs::{self, Outputs};
use super::progress::Board;
use super::report::{FileOutcome, Report};
use super::{Failure, tell};
use crate::client::{Client, Endpoint, JobAnswer, SettingsChange, UploadRequest, fingerprint};
use crate::stack::{Stack, StackConfig};

/// Files that are hashed and uploaded at the same time.
const UPLOADS_AT_ONCE: usize = 4;
/// The ledger of a run that names none, in a place of its own.
const DEFAULT_LEDGER: &str = "main";

/// Arguments of `ingest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CSV files; all go into one ledger and are reconciled together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The account of rows that name none
    #[arg(long)]
    account: Option<Account>,
    /// The ledger; without it and without --data each run starts from an empty one
    #[arg(long)]
    ledger: Option<LedgerId>,
    /// How disposals find their cost
    #[arg(long, value_enum)]
    method: Option<Method>,
    /// The currency of values, gains and totals
    #[arg(long, value_name = "CURRENCY")]
    base: Option<Asset>,
    /// The zone of times that name none, as an IANA name [default: UTC]
    #[arg(long, value_name = "TZ", value_parser = timezone)]
    timezone: Option<String>,
    /// Your own prices, a CSV `date,asset,currency,price`; they beat every other source
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Write transactions.csv, disposals.csv, disposals.jsonl, transfers.csv, issues.csv,
    /// holdings.csv, summary.json, rejects.csv and job.json into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON document instead of tables, and no progress
    #[arg(long)]
    json: bool,
    /// Keep the data in this folder, so that later runs add to it
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint")]
    data: Option<PathBuf>,
    /// Use a deployed stack instead of one in this process
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    endpoint: Option<String>,
    /// The bearer token for --endpoint
    #[arg(
        long,
        requires = "endpoint",
        env = "MILLRACE_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

/// The cost methods.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// First in, first out
    Fifo,
    /// Average cost of the pool
    Average,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Average => "average",
        }
    }
}

fn timezone(name: &str) -> Result<String, String> {
    match jiff::tz::TimeZoneDatabase::bundled().get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err("is no IANA time zone; one is named like Europe/Berlin".to_owned()),
    }
}

fn endpoint_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#']) => Ok(text.to_owned()),
        _ => Err("must be an http:// or https:// address without ? and #".to_owned()),
    }
}

/// Runs the command: exit code 2 for a file that is not there, 1 when a job fails.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    for file in args.files.iter().chain(&args.prices) {
        readable(file)?;
    }
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out)
            .map_err(|error| Failure::usage(format!("{}: {error}", out.display())))?;
    }
    let ledger = ledger_of(&args);
    if let Some(url) = &args.endpoint {
        let client = Client::new(Endpoint::deployed(url, args.token.clone()))?;
        return Run {
            args: &args,
            client,
            ledger,
        }
        .all()
        .await;
    }
    let (place, _temporary) = place_of(args.data.as_deref())?;
    let config = StackConfig::from_env(place).map_err(Failure::usage)?;
    let stack = Stack::start(config)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    let client = Client::new(Endpoint::local(stack.base_url().to_owned()))?;
    let run = Run {
        args: &args,
        client,
        ledger,
    };
    let ended = tokio::select! {
        ended = run.all() => ended,
        _ = tokio::signal::ctrl_c() => Err(Failure::failed(match &args.data {
            Some(_) => "interrupted; the same command goes on where this one stopped",
            None => "interrupted",
        })),
    };
    stack.stop().await;
    ended
}

/// Where the stack keeps its data: the folder that was named, or a temporary one that goes when the
/// answer's second part is dropped.
pub(super) fn place_of(data: Option<&Path>) -> Result<(Place, Option<tempfile::TempDir>), Failure> {
    if let Some(folder) = data {
        return Ok((Place::Folder(folder.to_owned()), None));
    }
    let temporary = tempfile::Builder::new()
        .prefix("millrace-")
        .tempdir()
        .map_err(|error| Failure::failed(format!("no temporary folder can be made: {error}")))?;
    Ok((Place::Scratch(temporary.path().to_owned()), Some(temporary)))
}

fn readable(path: &Path) -> Result<(), Failure> {
    let trouble = |what: &str| Failure::usage(format!("{}: {what}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| trouble(&error.to_string()))?;
    match file.metadata() {
        Ok(data) if data.is_file() => Ok(()),
        Ok(_) => Err(trouble("is no file")),
        Err(error) => Err(trouble(&error.to_string())),
    }
}

/// The ledger that was named; a deployed stack gets a fresh one for each run that names none.
fn ledger_of(args: &Args) -> String {
    match (&args.ledger, &args.endpoint) {
        (Some(ledger), _) => ledger.to_string(),
        (None, None) => DEFAULT_LEDGER.to_owned(),
        (None, Some(_)) => {
            let id = SystemIds::new().job_id(SystemClock::new().now());
            format!("run-{id}")
        }
    }
}

/// One run against an API.
struct Run<'a> {
    args: &'a Args,
    client: Client,
    ledger: String,
}

impl Run<'_> {
    async fn all(&self) -> Result<(), Failure> {
        let board = Board::new(self.args.json);
        let ended = self.jobs(&board).await;
        board.finish();
        let (changes, files) = ended?;
        if let Some(out) = &self.args.out {
            outputs::write_jobs(out, &self.ledger, &changes, &files)?;
        }
        if let Some(failed) = files.iter().find(|file| !file.job.succeeded()) {
            return Err(self.failed(failed, &files));
        }
        let outputs = Outputs::new(self.args.out.as_deref())?;
        outputs.download(&self.client, &self.ledger, &files).await?;
        let report = Report::read(&self.ledger, files, &outputs)?;
        for warning in report.warnings() {
            tell(&format!("warning: {warning}"));
        }
        super::print(&if self.args.json {
            report.json()?
        } else {
            report.text()
        })
    }

    /// Settings and prices first, then all files at once. Answers the changes' jobs and the files'.
    async fn jobs(&self, board: &Board) -> Result<(Vec<JobAnswer>, Vec<FileOutcome>), Failure> {
        let changes = self.change_ledger().await?;
        let uploads = self
            .args
            .files
            .iter()
            .map(|file| self.one_file(file, board));
        let mut files = Vec::new();
        let mut uploads = stream::iter(uploads).buffered(UPLOADS_AT_ONCE);
        while let Some(uploaded) = uploads.next().await {
            files.push(uploaded?);
        }
        let waits = files.into_iter().map(|(file, id, known)| async move {
            let job = self.client.wait(&id, |job| board.update(job)).await?;
            Ok::<_, Failure>(FileOutcome {
                file,
                known_before: known,
                job,
            })
        });
        let files = futures::future::try_join_all(waits).await?;
        Ok((changes, files))
    }

    async fn change_ledger(&self) -> Result<Vec<JobAnswer>, Failure> {
        let mut asked = Vec::new();
        let change = SettingsChange {
            method: self.args.method.map(|method| method.name().to_owned()),
            base: self.args.base.as_ref().map(ToString::to_string),
        };
        if change.method.is_some() || change.base.is_some() {
            let changed = self.client.put_settings(&self.ledger, &change).await?;
            asked.extend(changed.map(|accepted| ("the settings", accepted)));
        }
        if let Some(prices) = &self.args.prices {
            asked.push((
                "the prices",
                self.client.put_prices(&self.ledger, prices).await?,
            ));
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
        let bar = board.uploading(&name);
        let print = fingerprint(file).await?;
        let request = UploadRequest {
            filename: name.into_owned(),
            size: print.size,
            sha256: print.sha256,
            ledger: self.ledger.clone(),
            account: self.args.account.as_ref().map(ToString::to_string),
            timezone: self.args.timezone.clone(),
            ..UploadRequest::default()
        };
        let answer = self.client.upload(file, &request).await;
        bar.finish_and_clear();
        let answer =
            answer.map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
        Ok((file.to_owned(), answer.job_id, answer.deduplicated))
    }

    fn failed(&self, failed: &FileOutcome, files: &[FileOutcome]) -> Failure {
        let mut message = format!("{}: {}", failed.file.display(), cause(&failed.job));
        let others = files.iter().filter(|file| !file.job.succeeded()).count() - 1;
        if others > 0 {
            message.push_str(&format!("\n{others} more of {} files failed", files.len()));
        }
        if let Some(out) = &self.args.out {
            message.push_str(&format!(
                "\nthe jobs are in {}",
                out.join("job.json").display()
            ));
        }
        Failure::failed(message)
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
    fn a_missing_file_and_a_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = readable(&folder.path().join("none.csv")).unwrap_err();
        assert!(missing.to_string().contains("none.csv"), "{missing}");
        let error = readable(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("is no file"), "{error}");
    }

    #[test]
    fn time_zones_and_endpoints_are_checked_before_anything_starts() {
        assert!(timezone("Europe/Berlin").is_ok() && timezone("Mars/Olympus").is_err());
        assert!(endpoint_url("https://api.example").is_ok());
        assert!(endpoint_url("ftp://x").is_err() && endpoint_url("http://").is_err());
    }

    #[test]
    fn a_job_that_failed_says_why() {
        let body = r#"{"state":"failed","error":{"class":"data","code":"unknown_header","message":"line 1: no"}}"#;
        let job: JobAnswer = serde_json::from_str(body).unwrap();
        assert_eq!(cause(&job), "line 1: no (unknown_header)");
    }

    #[test]
    fn a_place_that_is_not_named_is_gone_at_the_end() {
        let (place, temporary) = place_of(None).unwrap();
        let folder = place.folder().unwrap().to_owned();
        assert!(folder.is_dir());
        drop(temporary);
        assert!(!folder.exists());
    }
}
