//! `notify`: tells a tenant's webhook that a job has ended.
//!
//! - Trigger: queue `notify`: `Ended` for a job that ended by itself, `TurnEnded` for each job of a
//!   turn that ended. Whatever ends a job writes the record in the same transaction (I1).
//! - Effect: one POST of the job's end as JSON (`event`), signed as Standard Webhooks 1.0 says. It
//!   tells what `GET /v1/jobs/{id}` tells: state, counts, the error. A receiver that answers 410 is
//!   marked as gone. A receiver that answers anything else than 2xx, or nothing, gets the event again
//!   by the queue's backoff and at last as a dead letter, which `failure` notes on the webhook.
//! - Idempotency: at least once. `webhook-id` is made of job and generation, and a generation ends
//!   once, so a receiver drops a repeat by its id. An end that a retry has left behind before it was
//!   told is not told: the next end is.
//! - Limits: a handful of reads, one request of 15 seconds at most. `limits::MAX_RECEIVES` attempts.
//! - Absent on purpose: no row, amount, file name or content leaves by a webhook, only what is needed
//!   to go and ask. No order of events: their `timestamp` is when the job ended. No SNS or mail.

pub mod config;
mod event;
mod handler;
mod sign;
mod tell;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use handler::{Deps, handle};
