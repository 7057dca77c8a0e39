//! Does the tree keep to its layers, and does clippy refuse what steps must not do?

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod ambient;
mod environment;
mod files;
mod graph;
mod layers;
mod openapi;
mod template;
