//! `presign`: gives a client a job and a URL to upload its file to.
//!
//! Trigger: `POST /v1/uploads`. Effect: a job in state `awaiting_upload` and a claim on the file's
//! content, in one transaction; only then a PUT is signed (I1), so no file can arrive without a job.
//! Idempotency: by tenant, ledger, SHA-256 and parse options. Limits: `MAX_FILE_BYTES`,
//! `MAX_FILENAME_BYTES`, `UPLOAD_VALID_SECONDS`. It never touches the object store: signing is
//! arithmetic.
//!
//! A file of 0 bytes is accepted here and refused by `split`, so that everybody is told the same way:
//! by the job.

pub mod config;
pub mod handler;
#[cfg(test)]
mod handler_tests;
pub mod presign;
pub mod request;

pub use config::Config;
pub use handler::{Deps, router};
