//! How much a bench works on.

use crate::arguments::argument;

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Rows of the file.
    pub(crate) rows: usize,
    /// Assets in it.
    pub(crate) assets: usize,
    /// What it is drawn from.
    pub(crate) seed: u64,
}

impl Size {
    /// Reads the arguments; `cargo bench` adds `--bench`, which means nothing here.
    pub(crate) fn from_arguments() -> Self {
        let size = |name, default| usize::try_from(argument(name, default)).expect("a size");
        Self {
            rows: size("--rows", 50_000),
            assets: size("--assets", 7),
            seed: argument("--seed", 1),
        }
    }
}
