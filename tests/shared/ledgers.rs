//! The files the tests upload.

use domain::limits::MIN_PART_BYTES;
use millrace::generate::{HEADER, Ledger, Options, file_of};

/// A generated ledger, each row with an ID; some rows repeat another.
pub fn ledger(seed: u64, rows: usize) -> Ledger {
    Ledger::with(Options {
        seed,
        rows,
        assets: 7,
        ids: true,
        duplicates_permille: 30,
    })
}

/// A generated ledger in which no two rows share an ID.
pub fn distinct(seed: u64, rows: usize) -> Ledger {
    Ledger::new(seed, rows, 7)
}

/// Deals the rows of a ledger to `parts` files, row by row.
pub fn dealt(ledger: &Ledger, parts: usize) -> Vec<Vec<u8>> {
    let rows = |part| {
        ledger
            .rows()
            .iter()
            .skip(part)
            .step_by(parts)
            .cloned()
            .collect::<Vec<_>>()
    };
    (0..parts)
        .map(|part| file_of(&HEADER, &rows(part)))
        .collect()
}

/// Cuts the rows of a ledger, sorted by date, into `parts` files.
pub fn cut(ledger: &Ledger, parts: usize) -> Vec<Vec<u8>> {
    let date = HEADER
        .iter()
        .position(|name| *name == "Date")
        .expect("a date column");
    let mut rows = ledger.rows().to_vec();
    rows.sort_by(|one, two| one[date].cmp(&two[date]));
    let each = rows.len().div_ceil(parts);
    rows.chunks(each)
        .map(|rows| file_of(&HEADER, rows))
        .collect()
}

/// The rows of a file, and as many blank records behind them as make three parts.
pub fn in_three_parts(csv: &[u8]) -> Vec<u8> {
    let mut file = csv.to_vec();
    let mut blank = vec![b' '; 60_000];
    blank.push(b'\n');
    while (file.len() as u64) < 2 * MIN_PART_BYTES + 100_000 {
        file.extend_from_slice(&blank);
    }
    file
}
