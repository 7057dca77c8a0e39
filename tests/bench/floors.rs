//! The least the same work could cost on this machine, measured in the same run.

use std::path::Path;
use std::time::Instant;

/// Bytes of a row's payload in the floor: about what the tables store.
const PAYLOAD_BYTES: usize = 110;
/// Rows of one transaction.
const TRANSACTION_ROWS: usize = 1_000;

/// Seconds to tokenize the file with the csv crate.
pub(crate) fn csv_parse(file: &Path) -> f64 {
    let began = Instant::now();
    let mut reader = csv::Reader::from_path(file).expect("the file");
    let mut record = csv::ByteRecord::new();
    let mut fields = 0;
    while reader.read_byte_record(&mut record).expect("a record") {
        fields += record.len();
    }
    assert!(fields > 0, "the file has fields");
    began.elapsed().as_secs_f64()
}

/// Seconds to insert as many rows into SQLite with the journal and sync mode of a scratch folder's
/// stores.
pub(crate) fn sqlite_insert(rows: usize, folder: &Path) -> f64 {
    let began = Instant::now();
    let mut database = rusqlite::Connection::open(folder.join("floor.db")).expect("a database");
    database
        .pragma_update(None, "journal_mode", "WAL")
        .expect("WAL");
    database
        .pragma_update(None, "synchronous", "OFF")
        .expect("no sync");
    let table = "CREATE TABLE rows (part BLOB, at INTEGER, line INTEGER, payload BLOB,
                 PRIMARY KEY (part, at, line)) WITHOUT ROWID";
    database.execute_batch(table).expect("a table");
    let payload = [7_u8; PAYLOAD_BYTES];
    for first in (0..rows).step_by(TRANSACTION_ROWS) {
        let transaction = database.transaction().expect("a transaction");
        {
            let insert = "INSERT INTO rows VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(insert).expect("a statement");
            for row in first..rows.min(first + TRANSACTION_ROWS) {
                let part = (row / 20_000).to_be_bytes();
                insert
                    .execute((part, row as i64, row as i64, payload))
                    .expect("an insert");
            }
        }
        transaction.commit().expect("a commit");
    }
    began.elapsed().as_secs_f64()
}
