//! The command `millrace`, and the whole stack in one process.
//!
//! `generate` makes files, `client` speaks the HTTP API like any other client, `stack` runs every
//! function beside embedded queues, tables and objects, `deployed` deploys them onto an emulator of
//! AWS, `tokens` makes what lets a user in, and `cli` is the command that puts them together. Adapters
//! meet functions in `stack::wiring` and nowhere else in this crate.

mod ambient;
pub mod cli;
pub mod client;
pub mod deployed;
pub mod generate;
mod http;
pub mod stack;
pub mod tokens;
mod whole_file;
