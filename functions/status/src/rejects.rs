//! The step `rejects`: the refused records of a job as a file.

use std::time::Duration;

use domain::ids::{JobId, TenantId};
use domain::keys;
use domain::limits::DOWNLOAD_VALID_SECONDS;
use domain::message::Task;
use domain::state::{DoneSet, Standing};
use domain::time::Instant;
use ports::orders::is_ready;
use ports::{DoneSets, DownloadSigner, PortError, Sender, SignedRequest, StateStore};

use crate::view::View;

/// What a request for the file came to.
#[derive(Debug, PartialEq, Eq)]
pub enum RejectsFile {
    /// It is there.
    Ready(SignedRequest),
    /// It is being written.
    Ordered,
    /// The file is still being read.
    TooEarly,
    /// There never will be one; why.
    None(&'static str),
    /// The tenant has no such job.
    Unknown,
}

/// Answers the refused records of a job whose chunks are all read; the first request orders them.
/// There is a file also when nothing was refused: it has a header only.
///
/// # Errors
/// What the store or the signer says; asking again is right.
pub async fn rejects(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    sender: &dyn Sender,
    signer: &dyn DownloadSigner,
    tenant: &TenantId,
    id: JobId,
    now: Instant,
) -> Result<RejectsFile, PortError> {
    let Some(view) = View::read(state, sets, tenant, id).await? else {
        return Ok(RejectsFile::Unknown);
    };
    let job = &view.job.value;
    let Some(upload) = job.upload() else {
        return Ok(RejectsFile::None("the job has no file"));
    };
    let Some(set) = view.ingest.as_ref().filter(|set| DoneSet::is_full(set)) else {
        return Ok(match job.standing(view.turn.as_ref()) {
            Standing::AwaitingUpload | Standing::Running => RejectsFile::TooEarly,
            Standing::Completed { .. }
            | Standing::Failed(_)
            | Standing::Expired
            | Standing::Cancelled => {
                RejectsFile::None("the job ended before its records were read")
            }
        });
    };
    let key = keys::rejects(&job.owner, id, set.generation);
    let task = Task::Rejects {
        job: id,
        generation: set.generation,
    };
    if !is_ready(state, sender, &job.owner, &key, &task, now).await? {
        return Ok(RejectsFile::Ordered);
    }
    let valid_for = Duration::from_secs(DOWNLOAD_VALID_SECONDS);
    let name = save_as(&upload.filename);
    let signed = signer.sign_get(&key, &name, now, valid_for).await?;
    Ok(RejectsFile::Ready(signed))
}

/// The name the download is saved under: the upload's, in letters every header and disk takes.
fn save_as(filename: &str) -> String {
    let stem = filename.strip_suffix(".csv").unwrap_or(filename);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    format!(
        "{}.rejects.csv",
        stem.chars().map(plain).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_is_named_after_the_upload_in_plain_letters() {
        assert_eq!(save_as("a b\"2024.csv"), "a_b_2024.rejects.csv");
        assert_eq!(save_as("ledger.tsv"), "ledger.tsv.rejects.csv");
    }
}
