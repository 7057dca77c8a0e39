//! Does the API stay quick beside ten thousand jobs, and does a crowd get through it?
//!
//! `cargo bench -p tests --bench load -- [--clients 10000] [--seconds 15] [--most-ms 10]
//! [--watchers 200] [--watched-seconds 60] [--synced 0]`.
//! The embedded stack runs in a process of its own, as `millrace dev` starts it, with the limits that
//! everybody has; the clients are in this one, on loopback, and never have more connections than a
//! bound. First the crowd comes (`crowd`), every client with a file of its own, and what it leaves are
//! the jobs that are present afterwards: `steady` asks beside them at a steady rate, `watched` has jobs that
//! are each watched by the second while their files come over slow lines, and `polls` follows one large job. With `--synced 1` the stack waits for the disk, as with `--data`.
//!
//! Unlike speeds, these are promises, so the bench judges them and ends with 1 when one is not kept.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a bench fails by panicking, reads the clock, and computes ratios, not money"
)]

mod api;
mod arguments;
mod crowd;
mod latencies;
mod memory;
mod polls;
mod server;
mod steady;
mod verdict;
mod watched;

use std::process::ExitCode;

use api::Api;
use arguments::argument;
use server::Server;
use verdict::Verdict;

#[tokio::main]
async fn main() -> ExitCode {
    if server::served().await {
        return ExitCode::SUCCESS;
    }
    let clients = usize::try_from(argument("--clients", 10_000)).expect("a size");
    let asking = steady::Asking {
        seconds: argument("--seconds", 15),
        most_ms: argument("--most-ms", 10),
    };
    let watching = watched::Watching {
        watchers: u32::try_from(argument("--watchers", 200)).expect("few watchers"),
        seconds: argument("--watched-seconds", 60),
    };
    let server = Server::start(argument("--synced", 0) == 1);
    let api = Api::new(server.base_url(), server.token());
    println!("{} connections at most", api.connections());
    let mut verdict = Verdict::default();
    let jobs = crowd::come(&api, &server, clients, &mut verdict).await;
    steady::ask(&api, &server, &jobs, &asking, &mut verdict).await;
    watched::watch(&api, jobs.len(), &watching, &mut verdict).await;
    polls::alone(&api).await;
    server.stop();
    verdict.told()
}
