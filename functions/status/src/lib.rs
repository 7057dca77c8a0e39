//! `status`: what has become of a job, and the requests that move an ended one again.
//!
//! Trigger: `GET /v1/jobs/{id}`, `POST .../retry`, `POST .../undo`, `GET .../rejects`. Effect: none
//! for the resource; a new generation for retry; a new job for undo; an order to `export` for a
//! rejects file that is not there yet. Idempotency: a second retry or undo finds the first and is
//! answered 409; ordering twice is ordering once. Limits: a handful of reads per request, whatever
//! the size of the file. It never reads Cassandra and never an object.

pub mod handler;
pub mod progress;
pub mod rejects;
pub mod resource;
pub mod retry;
pub mod undo;
pub mod view;

#[cfg(test)]
mod handler_tests;
#[cfg(test)]
mod resource_tests;

pub use handler::{Deps, router};
