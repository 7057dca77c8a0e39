//! How much a bench works on.

/// What is measured.
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
        let arguments: Vec<String> = std::env::args().collect();
        let number = |name: &str, default: u64| {
            let place = arguments.iter().position(|argument| argument == name);
            let value = place.and_then(|place| arguments.get(place + 1));
            value.map_or(default, |text| {
                text.parse().expect("a number behind the option")
            })
        };
        let size = |name, default| usize::try_from(number(name, default)).expect("a size");
        Self {
            rows: size("--rows", 50_000),
            assets: size("--assets", 7),
            seed: number("--seed", 1),
        }
    }
}

/// Rows per second.
pub(crate) fn rate(rows: usize, seconds: f64) -> u64 {
    (rows as f64 / seconds.max(1e-9)) as u64
}
