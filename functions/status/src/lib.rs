//! `status`: what has become of a job, the requests that move an ended one again, and where a tenant
//! is told of the ends.
//!
//! Trigger: `GET /v1/jobs`, `GET|DELETE /v1/jobs/{id}`, `POST .../retry`, `POST .../undo`,
//! `GET .../rejects`, `GET .../receipt`; `GET|PUT|DELETE /v1/webhook`;
//! `GET /openapi.json`, `GET /docs`. Effect: none for the resource and the list; a new
//! generation for retry; a new job for undo; DELETE ends a job before a turn has it and is an undo after;
//! an order to `export` for a rejects file that is not there yet; the webhook's document.
//! Idempotency: a second retry or undo finds the first and is answered 409, a second DELETE like the first; ordering twice is ordering
//! once; setting a webhook again brings a new secret, because the answer that shows a secret may be
//! lost. The resource stays byte for byte the same between two changes of the job (`estimate`), so that
//! who polls is mostly answered 304. Limits: a handful of reads per request, whatever the size of the file. It never reads
//! Cassandra, and of objects only the manifest of the revision a receipt is about.
//!
//! The webhook is here because it is the same answer the other way round: what `notify` posts is what
//! the job resource shows. `presign` would be the wrong place, as a tenant has one webhook whatever it
//! uploads, and `ledger`, as the webhook belongs to no ledger. Nothing is posted from here.

pub mod cancel;
pub mod config;
pub mod docs;
pub mod estimate;
pub mod handler;
pub mod list;
pub mod openapi;
pub mod progress;
pub mod receipt;
pub mod rejects;
pub mod resource;
pub mod retry;
pub mod undo;
pub mod view;
pub mod webhook;

#[cfg(test)]
mod cancel_tests;
#[cfg(test)]
mod estimate_tests;
#[cfg(test)]
mod handler_tests;
#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod receipt_tests;
#[cfg(test)]
mod resource_tests;
#[cfg(test)]
mod webhook_tests;

pub use config::Config;
pub use handler::{Deps, router};
