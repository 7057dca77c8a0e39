//! How much a bench works on.

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

/// The number behind an option.
pub(crate) fn argument(name: &str, default: u64) -> u64 {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == name);
    let value = place.and_then(|place| arguments.get(place + 1));
    value.map_or(default, |text| {
        text.parse().expect("a number behind the option")
    })
}
