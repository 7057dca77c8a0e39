//! The command line: what is asked, and the exit code it ends with.

mod dev;
mod failure;
mod generate;
mod ingest;
mod interrupt;
mod outputs;
mod progress;
mod report;
mod run;
mod table;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// Turns CSVs of transactions into priced, reconciled, tax-ready rows.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take files all the way: upload, split, parse, price, reconcile, compute lots, and show the result
    Ingest(ingest::Args),
    /// Serve the HTTP API on this machine, with every function in one process
    Dev(dev::Args),
    /// Make a realistic file of transactions, the same for the same seed on every machine
    Generate(generate::Args),
}

/// Runs the command and says how it ended: 0 completed, 1 failed, 2 asked wrongly.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap as well, with exit code 0.
            let _closed_pipe = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    lambda::telemetry::start(&std::env::var("MILLRACE_LOG").unwrap_or_else(|_| "warn".to_owned()));
    let ended = match cli.command {
        Command::Generate(args) => generate::run(&args),
        Command::Ingest(args) => in_runtime(ingest::run(args)),
        Command::Dev(args) => in_runtime(dev::run(args)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _closed_pipe = writeln!(std::io::stderr(), "error: {failure}");
            failure.exit_code()
        }
    }
}

fn in_runtime<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the runtime cannot start: {error}")))?
        .block_on(work)
}

/// Writes a text to standard output. A reader that went away, as `head` does, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error, beside the result.
fn tell(text: &str) {
    let _closed_pipe = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
