//! What a job is for: an upload with its own facts, or a change that brings no file.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::ids::JobId;
use crate::parts::PartCut;
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
    /// The user's own prices, or exchange rates, come in; the rows are in the table of ledger prices under this job.
    Prices {
        /// The earliest day that is priced.
        earliest: Day,
        /// The prices given.
        rows: u64,
        /// The national currencies that assets other than money are priced in, sorted.
        quotes: Vec<Asset>,
    },
    /// What the user says of single rows changes; the changes are in an object under this job.
    Override {
        /// How many.
        changes: u32,
    },
}

impl JobKind {
    /// The kind's name in answers and events.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Upload(_) => "upload",
            Self::Undo { .. } => "undo",
            Self::Settings { .. } => "settings",
            Self::Prices { .. } => "prices",
            Self::Override { .. } => "override",
        }
    }
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
    /// The upload in parts, when the file is too large for one PUT: boxed, for few files are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Box<PartedUpload>>,
    /// The slot it holds among its tenant's uploads in flight (`UploadSlot`), until the file is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
}

/// An upload in parts as it was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartedUpload {
    /// The object store's name for it.
    pub id: String,
    /// Bytes of every part but the last, which has the rest.
    pub part_bytes: u64,
}

impl Upload {
    /// How the file is cut, when it comes in parts.
    #[must_use]
    pub fn cut(&self) -> Option<PartCut> {
        let parts = self.parts.as_ref()?;
        Some(PartCut::new(self.size, parts.part_bytes))
    }
}
