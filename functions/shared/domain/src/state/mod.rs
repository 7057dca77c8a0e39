//! The documents of the state table and the machines that move them.
//!
//! One file per document: its key, its shape, its transitions. A transition is a plain function
//! from the documents it read to the changes it wants; the store applies all changes or none,
//! under the versions that were read. Nothing here knows how a store works.

mod awaited;
mod change;
mod claim;
mod done_set;
mod export;
mod idempotency;
mod job;
mod job_kind;
mod ledger;
mod listed;
mod outbox;
mod outcome;
mod quota;
mod record_counts;
mod stage_times;
mod standing;
mod transition;
mod turn;
mod webhook;

pub use awaited::{AwaitedPlace, AwaitedUpload};
pub use change::{Change, Document, DocumentError, Key, Version, Versioned};
pub use claim::ContentClaim;
pub use done_set::{BatchFailure, BatchOutcome, DoneSet, Recorded};
pub use export::{ExportOrder, ExportState};
pub use idempotency::{Answered, Found, IdempotencyKey};
pub use job::{ErrorClass, Job, JobError, JobPhase, SplitFacts};
pub use job_kind::{JobKind, PartedUpload, Upload};
pub use ledger::{LedgerItem, TurnRequest};
pub use listed::ListedJob;
pub use outbox::{BatchRange, OutboxRecord};
pub use outcome::{JobState, Outcome, Warning};
pub use quota::{UploadDay, UploadSlot, partition as quota_partition};
pub use record_counts::RecordCounts;
pub use stage_times::{StageTime, StageTimes};
pub use standing::Standing;
pub use transition::Transition;
pub use turn::{Turn, TurnPhase, admit};
pub use webhook::{Undelivered, Webhook};

#[cfg(test)]
mod tests;
