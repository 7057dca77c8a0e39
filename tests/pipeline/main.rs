//! Does a file come all the way, and come out the same whatever happens on the way?
//!
//! Every test drives the whole stack through its HTTP API and presigned URLs, as any client does.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod bad_files;
mod balances;
mod clock;
mod events;
mod formats;
mod groups;
mod http_events;
mod in_parts;
mod invariance;
mod jobs;
mod mended;
mod overrides;
mod rates;
mod section_104;
mod tenants;
mod trouble;
mod turns;
mod webhook;
mod world;
