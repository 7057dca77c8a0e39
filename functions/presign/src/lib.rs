//! `presign`: gives a client a job and a URL to upload its file to.
//!
//! Trigger: `POST /v1/uploads`; `GET /v1/jobs/{id}/parts` and `POST /v1/jobs/{id}/complete` of a file
//! that goes up in parts. Effect: a job in state `awaiting_upload` and a claim on the file's content,
//! in one transaction; only then a PUT or parts are signed (I1), so no file can arrive without a job.
//! Completing makes the object, whose event `split` waits for; the job is not touched by it.
//! Idempotency: by tenant, ledger, size, SHA-256 and parse options; by `Idempotency-Key`, which is
//! remembered for `IDEMPOTENCY_KEY_SECONDS` in a document of its own; completing twice finds the object.
//! Limits: `MAX_FILE_BYTES`, `MAX_FILENAME_BYTES`, `UPLOAD_VALID_SECONDS`; `SINGLE_PUT_BYTES` in one
//! PUT, above it at most `MAX_PARTS`, of which `SIGNED_PARTS` are signed in one answer.
//! A tenant has at most `UPLOADS_IN_FLIGHT` and begins `UPLOADS_PER_DAY`; `GET /v1/limits` tells all.
//! Absent on purpose: aborting. `sweep` ends the parts of a job that has ended without its file.
//!
//! A file of 0 bytes is accepted here and refused by `split`, so that everybody is told the same way:
//! by the job.

pub mod answer;
pub mod config;
pub mod handler;
#[cfg(test)]
mod handler_tests;
pub mod idempotency;
#[cfg(test)]
mod idempotency_tests;
pub mod limits;
pub mod openapi;
pub mod parts;
#[cfg(test)]
mod parts_tests;
pub mod presign;
pub mod quota;
#[cfg(test)]
mod quota_tests;
pub mod request;

pub use config::Config;
pub use handler::{Deps, router};
