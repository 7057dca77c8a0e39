#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot build its input has failed"
)]

mod overrides;
mod properties;
mod rules;
pub(crate) mod sample;
mod section_104;
mod small_us;
mod years;
