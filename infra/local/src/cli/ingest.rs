//! `millrace ingest`: its arguments, and the stack it runs against.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use domain::asset::Asset;
use domain::ids::{Account, LedgerId};
use embedded::Place;
use machine::{SystemClock, SystemIds};
use ports::{Clock, Ids};

use super::Failure;
use super::interrupt::interrupted;
use super::run::{Run, Wanted};
use crate::client::{Client, Endpoint, SettingsChange, UploadRequest};
use crate::stack::{Stack, StackConfig};
use crate::tokens::TENANT;

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
    /// Your own prices, a CSV `date,asset,currency,price`; they beat every other source. Or the
    /// ECB's exchange rates (eurofxref-hist.csv). May be given more than once
    #[arg(long, value_name = "FILE")]
    prices: Vec<PathBuf>,
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
    /// The bearer token for --endpoint [default: MILLRACE_TOKEN of the environment]
    #[arg(long, value_name = "T", requires = "endpoint")]
    token: Option<String>,
}

/// The cost methods.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// First in, first out
    Fifo,
    /// Last in, first out
    Lifo,
    /// Highest unit cost first
    Hifo,
    /// Lowest unit cost first
    Lofo,
    /// Average cost of the pool
    Average,
    /// UK section 104, with the UK tax profile: same day, 30 days, pool
    S104,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Lifo => "lifo",
            Self::Hifo => "hifo",
            Self::Lofo => "lofo",
            Self::Average => "average",
            Self::S104 => "s104",
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
    if let Some(url) = &args.endpoint {
        // Not clap's: a token that lies in the environment asks for no endpoint.
        let token = args.token.clone();
        let token = token.or_else(|| std::env::var("MILLRACE_TOKEN").ok());
        if token.is_none() {
            let what = "--endpoint asks for a token: give it as --token, or as MILLRACE_TOKEN in the environment";
            return Err(Failure::usage(what));
        }
        let client = Client::new(Endpoint::deployed(url, token))?;
        let wanted = args.wanted();
        return Run { client, wanted }.all().await;
    }
    let (place, _temporary) = place_of(args.data.as_deref())?;
    let config = StackConfig::from_env(place).map_err(Failure::usage)?;
    let stack = Stack::start(config).await;
    let stack = stack.map_err(|error| Failure::failed(error.to_string()))?;
    let token = stack.token(TENANT);
    let token = token.map_err(|error| Failure::failed(error.to_string()))?;
    let client = Client::new(Endpoint::local(stack.base_url().to_owned(), token))?;
    let kept = args.data.is_some();
    let wanted = args.wanted();
    let ended = tokio::select! {
        ended = async { Run { client, wanted }.all().await } => ended,
        () = interrupted() => Err(Failure::failed(if kept {
            "interrupted; the same command goes on where this one stopped"
        } else {
            "interrupted"
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

impl Args {
    fn wanted(self) -> Wanted {
        let ledger = self.ledger_name();
        Wanted {
            files: self.files,
            upload: UploadRequest {
                ledger,
                account: self.account.map(|account| account.to_string()),
                timezone: self.timezone,
                ..UploadRequest::default()
            },
            settings: SettingsChange {
                method: self.method.map(|method| method.name().to_owned()),
                base: self.base.map(|base| base.to_string()),
            },
            prices: self.prices,
            out: self.out,
            json: self.json,
        }
    }

    /// The ledger that was named; a deployed stack gets a fresh one for each run that names none.
    fn ledger_name(&self) -> String {
        match (&self.ledger, &self.endpoint) {
            (Some(ledger), _) => ledger.to_string(),
            (None, None) => DEFAULT_LEDGER.to_owned(),
            (None, Some(_)) => {
                let id = SystemIds::new().job_id(SystemClock::new().now());
                format!("run-{id}")
            }
        }
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
    fn a_place_that_is_not_named_is_gone_at_the_end() {
        let (place, temporary) = place_of(None).unwrap();
        let folder = place.folder().unwrap().to_owned();
        assert!(folder.is_dir());
        drop(temporary);
        assert!(!folder.exists());
    }
}
