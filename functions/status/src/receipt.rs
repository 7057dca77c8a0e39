//! The step `receipt`: what a user keeps of a job that has ended: the file that was read, what became
//! of its records, and over which settings and prices the revision was computed that first shows it.
//!
//! Nothing of it changes after the end, so the same job has the same receipt, byte for byte. A digest
//! is `blake3:` and hex; two receipts with the same digest speak of the same thing.

use domain::ids::{JobId, LedgerId, TenantId, TurnId};
use domain::keys;
use domain::revision::{Revision, Snapshot};
use domain::settings::{ParseOptions, Settings};
use domain::state::{JobState, RecordCounts, Standing, Upload};
use ports::jobs::{self, KnownJob};
use ports::objects::read_whole;
use ports::{DoneSets, Objects, PortError, StateStore};
use serde::Serialize;

use crate::resource::{ErrorBody, undoes};

/// What a request for a receipt came to.
#[derive(Debug)]
pub enum Asked {
    /// It is this.
    Ready(Box<Receipt>),
    /// The job has not ended.
    TooEarly,
    /// The tenant has no such job.
    Unknown,
}

/// A receipt.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The job.
    pub job_id: JobId,
    /// What it was for.
    pub kind: &'static str,
    /// The upload that it took out; only of an undo.
    pub undoes: Option<JobId>,
    /// Its ledger.
    pub ledger: LedgerId,
    /// How it ended.
    pub state: JobState,
    /// Why it failed, when it did.
    pub error: Option<ErrorBody>,
    /// When it was requested, RFC 3339.
    pub requested_at: String,
    /// When it ended, RFC 3339.
    pub ended_at: String,
    /// The file; only of an upload.
    pub file: Option<FileRead>,
    /// What became of the file's records (I3).
    pub counts: RecordCounts,
    /// What the ledger shows since; only of a completed job.
    pub result: Option<Published>,
}

/// A file that was read.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FileRead {
    /// Its name, as the client gave it.
    pub filename: String,
    /// Its bytes.
    pub size: u64,
    /// Its SHA-256 in hex: declared by the client, and verified when the file was read.
    pub sha256: String,
    /// The version of the stored object that was read; null when it never was.
    pub object_version: Option<String>,
    /// How it was read.
    pub options: ParseOptions,
}

/// The revision that first shows the job.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Its number.
    pub revision: TurnId,
    /// Of its manifest: the uploads, settings, prices and overrides it was computed over, and the
    /// directory of every segment.
    pub digest: String,
    /// Uploads of the ledger in it.
    pub uploads: usize,
    /// Rows of the ledger in it, duplicates included.
    pub rows: u64,
    /// The settings in force.
    pub settings: Settings,
    /// Of those settings.
    pub settings_digest: String,
    /// Of the turns whose looked-up prices it sees, and of the price files of the user's own.
    pub prices_digest: String,
}

/// The receipt of a job that has ended.
///
/// # Errors
/// What the store says; `Invalid` when the manifest of its revision cannot be understood.
pub async fn receipt(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    objects: &dyn Objects,
    tenant: &TenantId,
    id: JobId,
) -> Result<Asked, PortError> {
    let Some(known) = jobs::read(state, sets, tenant, id).await? else {
        return Ok(Asked::Unknown);
    };
    let outcome = known.outcome();
    if !outcome.standing.is_terminal() {
        return Ok(Asked::TooEarly);
    }
    let job = &known.job.value;
    let result = match outcome.standing {
        Standing::Completed { revision } => {
            let key = keys::revision(&job.owner, revision);
            Some(published(revision, &read_whole(objects, &key).await?)?)
        }
        _ => None,
    };
    Ok(Asked::Ready(Box::new(Receipt {
        job_id: id,
        kind: job.kind.name(),
        undoes: undoes(&job.kind),
        ledger: job.owner.ledger.clone(),
        state: outcome.state,
        error: ErrorBody::of(&outcome.standing),
        requested_at: job.created_at.to_string(),
        ended_at: ended_at(&known),
        file: job.upload().map(FileRead::of),
        counts: outcome.counts,
        result,
    })))
}

/// A job that shares a turn's end ended with it: its own document may be marked as undone after that.
fn ended_at(known: &KnownJob) -> String {
    let own = known.job.value.updated_at;
    let ended = known.turn.as_ref().map_or(own, |turn| turn.updated_at);
    ended.to_string()
}

impl FileRead {
    fn of(upload: &Upload) -> Self {
        Self {
            filename: upload.filename.clone(),
            size: upload.size,
            sha256: upload.sha256.clone(),
            object_version: upload.object_version.clone(),
            options: upload.options.clone(),
        }
    }
}

fn published(revision: TurnId, manifest: &[u8]) -> Result<Published, PortError> {
    let unreadable = |error| PortError::invalid("status.receipt", error);
    let read: Revision = serde_json::from_slice(manifest).map_err(unreadable)?;
    let Snapshot {
        settings,
        uploads,
        pins,
        prices,
        ..
    } = read.snapshot;
    let seen = serde_json::to_vec(&(&pins, &prices)).map_err(unreadable)?;
    Ok(Published {
        revision,
        digest: digest(manifest),
        rows: uploads.iter().map(|upload| upload.rows).sum(),
        uploads: uploads.len(),
        settings_digest: digest(&serde_json::to_vec(&settings).map_err(unreadable)?),
        settings,
        prices_digest: digest(&seen),
    })
}

fn digest(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes).to_hex())
}
