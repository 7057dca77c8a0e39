//! `ingest`: one chunk of a file becomes rows.
//!
//! - Trigger: queue A, the task `Chunk`.
//! - Effect: a ranged GET of the version the plan names (I9); its records become rows under
//!   (job, generation, month, bucket), rejects under (job, generation, chunk), and one digest. Only
//!   then the chunk counts as done. Records of a group that stands apart in the file are kept instead;
//!   whoever completes the last chunk joins them, as one more batch. Whoever sees the done-set over
//!   ends the stage: the job asks for its turn, or fails with what its chunks died of (I4).
//! - Idempotency: (job, generation, chunk). Every write has a deterministic key and the same
//!   value each time, so a chunk that is done twice, late or out of order is done once (I2); a
//!   message of another generation, or for a job that is past this stage, changes nothing.
//! - Limits: a chunk has at most `limits::MAX_CHUNK_BYTES` bytes, a join `limits::MAX_FRAGMENTS`
//!   records.
//! - A row that cannot be read is a reject, never the chunk's failure (I6). A chunk fails when its
//!   bytes are gone.

pub mod config;
pub mod handler;
pub mod ingest;
mod join;
pub mod parse;
pub mod records;
