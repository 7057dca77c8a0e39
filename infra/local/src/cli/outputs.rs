//! The files of `--out`. All but `job.json` are the ledger's own exports and hold no job id and no
//! time of the run, so the same rows give the same bytes (I11).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Failure;
use super::report::FileOutcome;
use crate::client::{Client, JobAnswer};
use crate::whole_file::{self, WholeFile};

/// The exports of a ledger, under the names the API gives them.
const EXPORTS: [&str; 7] = [
    "transactions.csv",
    "disposals.csv",
    "disposals.jsonl",
    "transfers.csv",
    "issues.csv",
    "holdings.csv",
    "summary.json",
];
/// Those of them that the report reads; they are fetched in any case.
const READ_BY_REPORT: [&str; 4] = [
    "disposals.csv",
    "transfers.csv",
    "holdings.csv",
    "summary.json",
];

/// A folder with the results: the user's, or a temporary one for the report alone.
pub(super) struct Outputs {
    folder: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Outputs {
    /// Outputs in `folder`, from which what a killed run left half-written goes, or in a temporary one.
    pub(super) fn new(folder: Option<&Path>) -> Result<Self, Failure> {
        if let Some(folder) = folder {
            whole_file::remove_abandoned(folder).map_err(|error| unwritable(folder, &error))?;
            return Ok(Self {
                folder: folder.to_owned(),
                temporary: None,
            });
        }
        let temporary = tempfile::tempdir().map_err(|error| {
            Failure::failed(format!("no temporary folder can be made: {error}"))
        })?;
        Ok(Self {
            folder: temporary.path().to_owned(),
            temporary: Some(temporary),
        })
    }

    /// The user's folder; none when nobody asked for files.
    pub(super) fn kept(&self) -> Option<&Path> {
        self.temporary.is_none().then_some(self.folder.as_path())
    }

    /// Every file that is written.
    pub(super) fn names() -> Vec<&'static str> {
        EXPORTS
            .into_iter()
            .chain(["rejects.csv", "job.json"])
            .collect()
    }

    /// The path of a file.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Fetches every file that is wanted.
    pub(super) async fn download(
        &self,
        client: &Client,
        ledger: &str,
        files: &[FileOutcome],
    ) -> Result<(), Failure> {
        let wanted = EXPORTS
            .into_iter()
            .filter(|name| self.kept().is_some() || READ_BY_REPORT.contains(name));
        let downloads = wanted.map(|name| async move {
            let path = format!("/v1/ledgers/{ledger}/exports/{name}");
            let to = self.path(name);
            client.download("downloading an export", &path, &to).await
        });
        futures::future::try_join_all(downloads).await?;
        if self.kept().is_some() {
            self.download_rejects(client, files).await?;
        }
        Ok(())
    }

    /// After a failure: the records that were refused are all there is, if any were.
    pub(super) async fn refused_records(
        &self,
        client: &Client,
        files: &[FileOutcome],
    ) -> Result<(), Failure> {
        let refused = |file: &&FileOutcome| file.job.counts.rejected > 0;
        let files: Vec<&FileOutcome> = files.iter().filter(refused).collect();
        if self.kept().is_none() || files.is_empty() {
            return Ok(());
        }
        self.download_rejects(client, files).await
    }

    /// The rejects of all files in the order of the command line. A file may have as many as it has
    /// rows, so they never stand in memory.
    async fn download_rejects(
        &self,
        client: &Client,
        files: impl IntoIterator<Item = &FileOutcome>,
    ) -> Result<(), Failure> {
        let (to, part) = (
            self.path("rejects.csv"),
            self.path(".millrace-rejects.part"),
        );
        let trouble = |error| unwritable(&to, &error);
        let mut all = WholeFile::begin(&to).map_err(trouble)?;
        let mut header = Vec::new();
        for file in files {
            let path = format!("/v1/jobs/{}/rejects", file.job.job_id);
            client
                .download("downloading the rejects", &path, &part)
                .await?;
            let appended = File::open(&part)
                .and_then(|part| append_rejects(&mut all, &mut header, &mut BufReader::new(part)));
            appended.map_err(trouble)?;
            std::fs::remove_file(&part).map_err(|error| unwritable(&part, &error))?;
        }
        all.finish().map_err(trouble)
    }
}

/// Appends one file's rejects: without its header when that is the header which stands first.
fn append_rejects(
    all: &mut dyn Write,
    header: &mut Vec<u8>,
    part: &mut dyn BufRead,
) -> io::Result<()> {
    let mut first = Vec::new();
    part.read_until(b'\n', &mut first)?;
    if header.is_empty() {
        header.clone_from(&first);
        all.write_all(&first)?;
    } else if first != *header {
        all.write_all(&first)?;
    }
    io::copy(part, all).map(drop)
}

/// Everything about a run that differs from the next one: job ids and times.
#[derive(Serialize)]
struct Jobs<'a> {
    ledger: &'a str,
    /// Settings and prices.
    changes: &'a [JobAnswer],
    files: Vec<FileJob<'a>>,
}

#[derive(Serialize)]
struct FileJob<'a> {
    file: String,
    /// The same content was in the ledger before this run.
    known_before: bool,
    job: &'a JobAnswer,
}

/// Writes `job.json`.
pub(super) fn write_jobs(
    folder: &Path,
    ledger: &str,
    changes: &[JobAnswer],
    files: &[FileOutcome],
) -> Result<(), Failure> {
    let files = files
        .iter()
        .map(|file| FileJob {
            file: file.file.display().to_string(),
            known_before: file.known_before,
            job: &file.job,
        })
        .collect();
    let jobs = Jobs {
        ledger,
        changes,
        files,
    };
    let mut text = serde_json::to_vec_pretty(&jobs)
        .map_err(|error| Failure::failed(format!("job.json: {error}")))?;
    text.push(b'\n');
    write(&folder.join("job.json"), &text)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = WholeFile::begin(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.finish()
    });
    written.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn joined(parts: &[&str]) -> String {
        let (mut all, mut header) = (Vec::new(), Vec::new());
        for part in parts {
            append_rejects(&mut all, &mut header, &mut part.as_bytes()).unwrap();
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn equal_headers_stand_once() {
        assert_eq!(joined(&["a,b\n1,2\n", "a,b\n3,4\n"]), "a,b\n1,2\n3,4\n");
        assert_eq!(joined(&["a,b\n", "a,b\n3,4\n"]), "a,b\n3,4\n");
    }

    #[test]
    fn another_header_stands_before_its_rows() {
        assert_eq!(joined(&["a,b\n1,2\n", "c\n3\n"]), "a,b\n1,2\nc\n3\n");
        assert_eq!(joined(&["", "c\n3\n"]), "c\n3\n");
    }

    #[test]
    fn job_json_is_the_only_file_with_job_ids() {
        let folder = tempfile::tempdir().unwrap();
        let job: JobAnswer = serde_json::from_str(r#"{"job_id":"0190"}"#).unwrap();
        let file = FileOutcome {
            file: "a.csv".into(),
            known_before: false,
            job,
        };
        write_jobs(folder.path(), "main", &[], &[file]).unwrap();
        let text = std::fs::read_to_string(folder.path().join("job.json")).unwrap();
        assert!(text.contains("0190") && text.ends_with("}\n"));
    }
}
