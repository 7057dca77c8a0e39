//! What a bootstrap weighs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use libtest_mimic::Trial;
use tests::functions::{FUNCTIONS, Function};

use crate::trial;

/// Bytes of a bootstrap as Lambda stores it: zipped.
const MOST_ZIPPED_BYTES: u64 = 12_000_000;

/// What was measured of one function.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    bytes: u64,
    zipped_bytes: u64,
    first_next_ms: Option<u128>,
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Table(Mutex<BTreeMap<&'static str, Line>>);

impl Table {
    fn change(&self, function: &'static str, change: impl FnOnce(&mut Line)) {
        let mut lines = self.0.lock().expect("no trial died while writing");
        change(lines.entry(function).or_default());
    }

    /// Notes the time from spawn to the first `/next`.
    pub(crate) fn started(&self, function: &'static str, ms: u128) {
        self.change(function, |line| line.first_next_ms = Some(ms));
    }

    /// The table.
    pub(crate) fn text(&self) -> String {
        let lines = self.0.lock().expect("no trial died while writing");
        let mut text = format!(
            "\n{:<10} {:>12} {:>12} {:>14}\n",
            "function", "bytes", "zipped", "first /next ms"
        );
        for function in FUNCTIONS {
            let Some(line) = lines.get(function.name) else {
                continue;
            };
            let ms = line
                .first_next_ms
                .map_or_else(|| "-".to_owned(), |ms| ms.to_string());
            let _infallible = writeln!(
                text,
                "{:<10} {:>12} {:>12} {:>14}",
                function.name, line.bytes, line.zipped_bytes, ms
            );
        }
        text
    }
}

/// Whether the function is small enough.
pub(crate) fn trials(function: Function, binary: &Path, table: &Arc<Table>) -> Vec<Trial> {
    let (binary, table) = (binary.to_owned(), Arc::clone(table));
    let name = format!("{}::is_at_most_12_mb_zipped", function.name);
    vec![trial(name, move || {
        let content = std::fs::read(&binary)
            .unwrap_or_else(|error| panic!("{}: {error}; run sam build first", binary.display()));
        let mut zip = DeflateEncoder::new(Vec::new(), Compression::default());
        zip.write_all(&content).expect("memory takes it");
        let zipped = zip.finish().expect("memory takes it").len() as u64;
        table.change(function.name, |line| {
            line.bytes = content.len() as u64;
            line.zipped_bytes = zipped;
        });
        assert!(zipped <= MOST_ZIPPED_BYTES, "{zipped} bytes zipped");
    })]
}
