//! What travels on a queue. Small, versioned, and the same for every stage.

use serde::{Deserialize, Serialize};

use crate::ids::{Generation, JobId, LedgerId, LedgerRef, TenantId, TurnId};

/// The envelope's schema version.
pub const SCHEMA_VERSION: u16 = 1;

/// The queues. The names are those of the template's resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// S3 ObjectCreated events for `split`.
    Split,
    /// Queue A: chunks for `ingest`.
    Ingest,
    /// Queue B: turns and price batches for `price`.
    Price,
    /// Queue C: plans and segments for `reconcile`.
    Reconcile,
    /// Queue D: segments and publishing for `metrics`.
    Metrics,
    /// CSVs to write, for `export`.
    Export,
    /// Ends of jobs to tell of, for `notify`.
    Notify,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 7] = [
        Self::Split,
        Self::Ingest,
        Self::Price,
        Self::Reconcile,
        Self::Metrics,
        Self::Export,
        Self::Notify,
    ];

    /// The queue's name; its dead-letter queue is the name with `-dlq` behind it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Ingest => "ingest",
            Self::Price => "price",
            Self::Reconcile => "reconcile",
            Self::Metrics => "metrics",
            Self::Export => "export",
            Self::Notify => "notify",
        }
    }
}

/// What the receiver is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// `split`: split the job's file again, after a retry; the first time an S3 event asks for it.
    Split {
        /// The job.
        job: JobId,
        /// The attempt.
        generation: Generation,
    },
    /// `ingest`: parse and write chunk `batch` of the job.
    Chunk {
        /// The job.
        job: JobId,
        /// The attempt.
        generation: Generation,
        /// The chunk's index.
        batch: u32,
    },
    /// `price`: give the ledger's waiting jobs a turn, if none is running.
    Admit,
    /// `price`: point the admitted jobs to their turn, take the snapshot, plan the price requests.
    Begin {
        /// The turn.
        turn: TurnId,
    },
    /// `price`: do price request group `batch` and pin what it finds.
    Fetch {
        /// The turn.
        turn: TurnId,
        /// The group's index.
        batch: u32,
    },
    /// `reconcile`: cut the ledger into segments.
    Plan {
        /// The turn.
        turn: TurnId,
    },
    /// `reconcile`: fold segment `batch`.
    Reconcile {
        /// The turn.
        turn: TurnId,
        /// The segment's index.
        batch: u32,
    },
    /// `metrics`: fold segment `batch`.
    Metrics {
        /// The turn.
        turn: TurnId,
        /// The segment's index.
        batch: u32,
    },
    /// `metrics`: write the manifest and publish the revision.
    Publish {
        /// The turn.
        turn: TurnId,
    },
    /// `export`: write one file of a revision.
    Export {
        /// The revision.
        turn: TurnId,
        /// The file's name.
        name: String,
    },
    /// `export`: cut a job's rejected records out of its file.
    Rejects {
        /// The job.
        job: JobId,
        /// The attempt.
        generation: Generation,
    },
    /// `notify`: tell of the end of a job that ended by itself, before it had a turn.
    Ended {
        /// The job.
        job: JobId,
        /// The attempt that ended.
        generation: Generation,
    },
    /// `notify`: tell of the end of a turn's job, which shares the turn's end.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// The job's place among the turn's jobs.
        batch: u32,
    },
}

impl Task {
    /// The task's name in logs: that of its JSON form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Split { .. } => "split",
            Self::Chunk { .. } => "chunk",
            Self::Admit => "admit",
            Self::Begin { .. } => "begin",
            Self::Fetch { .. } => "fetch",
            Self::Plan { .. } => "plan",
            Self::Reconcile { .. } => "reconcile",
            Self::Metrics { .. } => "metrics",
            Self::Publish { .. } => "publish",
            Self::Export { .. } => "export",
            Self::Rejects { .. } => "rejects",
            Self::Ended { .. } => "ended",
            Self::TurnEnded { .. } => "turn_ended",
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Schema version; an unknown one is trouble, not bad data.
    pub v: u16,
    /// Whose work it is.
    pub tenant: TenantId,
    /// The ledger.
    pub ledger: LedgerId,
    /// What to do.
    #[serde(flatten)]
    pub task: Task,
    /// The id that every line of log about this work carries: the job's or turn's, deterministic.
    pub correlation: String,
}

/// The message could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope.
    #[error("the message is not an envelope: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A newer or older sender.
    #[error("the message has schema version {0}; this build understands 1")]
    UnknownVersion(u16),
}

impl Envelope {
    /// A message of this build about work on a ledger.
    #[must_use]
    pub fn new(owner: &LedgerRef, task: Task, correlation: impl Into<String>) -> Self {
        Self {
            v: SCHEMA_VERSION,
            tenant: owner.tenant.clone(),
            ledger: owner.ledger.clone(),
            task,
            correlation: correlation.into(),
        }
    }

    /// Reads a message body.
    ///
    /// # Errors
    /// `Malformed`, `UnknownVersion`.
    pub fn parse(body: &str) -> Result<Self, EnvelopeError> {
        #[derive(Deserialize)]
        struct Version {
            v: u16,
        }
        let Version { v } = serde_json::from_str(body)?;
        if v != SCHEMA_VERSION {
            return Err(EnvelopeError::UnknownVersion(v));
        }
        Ok(serde_json::from_str(body)?)
    }

    /// The message body.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
