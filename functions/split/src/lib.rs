//! `split`: an uploaded file becomes a plan of chunks.
//!
//! - Trigger: queue `split`. EventBridge's "Object Created" events of the bucket, and the task
//!   `Split` that a retry sends.
//! - Effect: one streaming pass over the announced version (I9): format, record boundaries, groups of
//!   records that belong together, length and SHA-256. Then the chunk plan is stored, and one transaction moves the job on, begins the
//!   done-set of `ingest` and writes the outbox record of the chunk messages (I1, I4).
//!   A file that cannot be split fails its job with class `data`; nothing of it is parsed.
//! - Idempotency: the job and its generation. Only a job that awaits its upload is split; the
//!   plan is a function of bytes and options, so writing it again writes the same.
//! - Limits: `domain::limits`, from `MAX_FILE_BYTES` to `CHUNK_BYTES`. Memory is a few blocks of
//!   the file and the first records, whatever its size; of a grouped format 24 bytes for each group.
//! - Deliberately absent: rows. Messages carry byte ranges, and nothing here reads or writes
//!   Cassandra.

pub mod chunker;
pub mod config;
pub mod detect;
pub mod event;
pub mod fault;
pub mod groups;
pub mod handler;
pub mod pass;
pub mod scanner;
pub mod split;
