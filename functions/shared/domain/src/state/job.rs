//! A job: one piece of requested work on a ledger, from its request to its end.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{Generation, JobId, LedgerRef, TenantId, TurnId};
use crate::settings::{ParseOptions, Settings};
use crate::time::{Day, Instant};

/// What a job is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// A file comes in.
    Upload(Upload),
    /// An upload goes out.
    Undo {
        /// The upload.
        of: JobId,
    },
    /// The ledger's settings change.
    Settings {
        /// The settings from here on.
        settings: Settings,
    },
    /// The user's own prices come in; the rows are in the table of ledger prices under this job.
    Prices {
        /// The earliest day that is priced.
        earliest: Day,
        /// The prices given.
        rows: u64,
    },
}

/// An upload's own facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The file's name as the client gave it: shown, never part of a key.
    pub filename: String,
    /// Bytes that were declared and signed.
    pub size: u64,
    /// Hex SHA-256 that was declared.
    pub sha256: String,
    /// How it is to be read.
    pub options: ParseOptions,
    /// Key of the object; made here, never by the client.
    pub object_key: String,
    /// Last instant an upload may begin.
    pub expires_at: Instant,
    /// Records of the file, once `split` has counted them.
    pub records: Option<u64>,
    /// The object version that was announced, once `split` has seen it (I9).
    pub object_version: Option<String>,
    /// The undo that took this upload out of its ledger.
    pub undone_by: Option<JobId>,
}

/// How far a job is. What a turn decides about it stands in the turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum JobPhase {
    /// Signed, not yet arrived.
    AwaitingUpload,
    /// Arrived and split; chunks are being parsed.
    Ingesting,
    /// Everything of its own is done; it waits for a turn of its ledger.
    AwaitingTurn,
    /// It is part of a turn and shares its end.
    InTurn {
        /// The turn.
        turn: TurnId,
    },
    /// It ended before it had a turn.
    Failed {
        /// Why.
        error: JobError,
    },
    /// Nothing arrived in time.
    Expired,
}

/// Whose fault it is, which decides what a user can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The file: correct it and upload it anew.
    Data,
    /// A server that did not answer: retry.
    Transient,
    /// A price source: retry later.
    Price,
    /// Us.
    Internal,
}

/// Why a job or turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// Whose fault it is.
    pub class: ErrorClass,
    /// A stable code.
    pub code: String,
    /// What happened, where, and what to do.
    pub message: String,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its id; also the upload sequence number of the total order.
    pub id: JobId,
    /// Its ledger.
    pub owner: LedgerRef,
    /// What it is for.
    #[serde(flatten)]
    pub kind: JobKind,
    /// How far it is.
    #[serde(flatten)]
    pub phase: JobPhase,
    /// The attempt.
    pub generation: Generation,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// The id every line of log about it carries.
    pub correlation: String,
}

impl Job {
    /// Where a job stands. The key holds the tenant, so no id leads into another tenant's data (I8).
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: JobId) -> Key {
        Key::new(partition(tenant, id), "job")
    }

    /// The upload's facts, when it is one.
    #[must_use]
    pub fn upload(&self) -> Option<&Upload> {
        match &self.kind {
            JobKind::Upload(upload) => Some(upload),
            JobKind::Undo { .. } | JobKind::Settings { .. } | JobKind::Prices { .. } => None,
        }
    }
}

impl Document for Job {
    const KIND: &'static str = "job";

    fn key(&self) -> Key {
        Self::key_of(&self.owner.tenant, self.id)
    }
}

pub(super) fn partition(tenant: &TenantId, id: JobId) -> String {
    format!("job#{tenant}#{id}")
}
