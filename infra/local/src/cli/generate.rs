//! `millrace generate`: files from a seed.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::generate::{Ledger, Options};

/// Arguments of `generate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rows to make, duplicates included
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    rows: u64,
    /// The same seed gives the same bytes
    #[arg(long)]
    seed: u64,
    /// Assets beside the dollar; those behind the 20th are a long tail
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    assets: u64,
    /// Leave the ID column empty
    #[arg(long)]
    without_ids: bool,
    /// How many of 1,000 rows repeat an earlier one
    #[arg(long, default_value_t = 0, value_name = "PERMILLE", value_parser = clap::value_parser!(u32).range(0..=900))]
    duplicates: u32,
    /// Where to write the rows; standard output when absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where to write the prices the rows need, as `date,asset,currency,price`
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let ledger = Ledger::with(Options {
        seed: args.seed,
        rows: usize::try_from(args.rows).unwrap_or(usize::MAX),
        assets: usize::try_from(args.assets).unwrap_or(usize::MAX),
        ids: !args.without_ids,
        duplicates_permille: args.duplicates,
    });
    if let Some(path) = &args.prices {
        write(path, &ledger.prices_csv())?;
    }
    match &args.out {
        Some(path) => write(path, &ledger.csv()),
        None => super::print(&String::from_utf8_lossy(&ledger.csv())),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}
