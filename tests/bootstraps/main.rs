//! Are the built bootstraps small, quick, and honest about their environment?
//!
//! `cargo test -p tests --features servers --test bootstraps -- --folder DIR [FILTER]`, where DIR is
//! what `sam build` wrote (`DIR/PresignFunction/bootstrap`), or a folder of binaries (`DIR/presign`);
//! without it the environment's MILLRACE_BOOTSTRAPS, or `.aws-sam/build`. At the end it prints a table:
//! each function's size, zipped size, and the time from spawn to the first `/next`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and it is outside of what it measures"
)]

mod links;
mod process;
mod start;
mod table;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tests::functions::FUNCTIONS;
use tests::running::Running;

use table::Table;

fn main() {
    let (folder, rest) = folder(std::env::args().collect());
    let mut arguments = Arguments::from_iter(rest);
    // Beside another trial a start would take longer than it does.
    arguments.test_threads.get_or_insert(1);
    let (running, table) = (Arc::new(Running::default()), Arc::new(Table::default()));
    let mut trials = links::trials();
    for function in FUNCTIONS {
        let binary = binary(&folder, &function.resource(), function.name);
        trials.extend(table::trials(function, &binary, &table));
        trials.extend(start::trials(function, &binary, &table, &running));
    }
    trials.extend(start::answering(&binary(
        &folder,
        "PresignFunction",
        "presign",
    )));
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Before the exit, which drops nothing.
    drop(running);
    println!("{}", table.text());
    conclusion.exit();
}

/// The folder with the bootstraps, and the arguments without it.
fn folder(arguments: Vec<String>) -> (PathBuf, Vec<String>) {
    let mut rest = Vec::new();
    let mut given = std::env::var_os("MILLRACE_BOOTSTRAPS").map(PathBuf::from);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if argument == "--folder" {
            let folder = arguments.next().expect("--folder needs a folder");
            given = Some(PathBuf::from(folder));
        } else {
            rest.push(argument);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = given.unwrap_or_else(|| PathBuf::from(".aws-sam/build"));
    // Cargo runs tests in the package's folder; whoever calls stands at the root.
    (root.join(folder), rest)
}

fn binary(folder: &Path, resource: &str, name: &str) -> PathBuf {
    let built = folder.join(resource).join("bootstrap");
    if built.exists() {
        built
    } else {
        folder.join(name)
    }
}

/// A trial.
fn trial(name: String, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}
