//! The files a bench works on, made by a process of its own: what making them takes is no part of any
//! figure, and a process that had it once keeps some of that memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace::generate::Ledger;

use crate::size::Size;

/// Where that process writes; set for it alone.
const INTO: &str = "MILLRACE_BENCH_GENERATE_INTO";

/// Whether this process was started to make files; then it has made them, and has nothing else to do.
pub(crate) fn made(size: &Size) -> bool {
    let Some(into) = std::env::var_os(INTO) else {
        return false;
    };
    write(size, Path::new(&into));
    true
}

/// A ledger and its prices.
pub(crate) fn generated(size: &Size, folder: &Path) -> (PathBuf, PathBuf) {
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(arguments(size))
        .env(INTO, folder)
        .status()
        .expect("this program again");
    assert!(status.success(), "the files could not be made");
    (folder.join("ledger.csv"), folder.join("prices.csv"))
}

/// The arguments that are read as this size.
fn arguments(size: &Size) -> Vec<String> {
    let (rows, assets) = (size.rows.to_string(), size.assets.to_string());
    let named = [
        ("--rows", rows),
        ("--assets", assets),
        ("--seed", size.seed.to_string()),
    ];
    let pairs = named.into_iter();
    pairs
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
}

fn write(size: &Size, folder: &Path) {
    let ledger = Ledger::new(size.seed, size.rows, size.assets);
    std::fs::write(folder.join("ledger.csv"), ledger.csv()).expect("the file");
    std::fs::write(folder.join("prices.csv"), ledger.prices_csv()).expect("the prices");
}
