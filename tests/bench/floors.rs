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
    let mut database = scratch(&folder.join("floor.db"));
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

/// A database in the mode of a scratch folder's stores.
fn scratch(path: &Path) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(path).expect("a database");
    database
        .pragma_update(None, "journal_mode", "WAL")
        .expect("WAL");
    database
        .pragma_update(None, "synchronous", "OFF")
        .expect("no sync");
    database
}

/// Rows, and the seconds to insert them one by one into a SQLite of the same mode: all that the tables
/// of `written` hold, into tables that are declared as they are.
pub(crate) fn sqlite_copy(written: &Path, folder: &Path) -> (usize, f64) {
    let from = rusqlite::Connection::open(written.join("tables.db")).expect("the tables");
    let mut into = scratch(&folder.join("copy.db"));
    let mut declared = from
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        .expect("the schema");
    let tables = declared.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let tables: Vec<(String, String)> = tables
        .and_then(Iterator::collect)
        .expect("the tables' declarations");
    let (mut rows, mut seconds) = (0, 0.0);
    for (name, declaration) in tables {
        into.execute_batch(&declaration).expect("a table");
        let mut select = from
            .prepare(&format!("SELECT * FROM {name}"))
            .expect("a statement");
        let places = vec!["?"; select.column_count()].join(", ");
        let insert = format!("INSERT INTO {name} VALUES ({places})");
        let mut found = select.query([]).expect("a query");
        loop {
            let some = take(&mut found, TRANSACTION_ROWS);
            if some.is_empty() {
                break;
            }
            let began = Instant::now();
            let transaction = into.transaction().expect("a transaction");
            {
                let mut insert = transaction.prepare_cached(&insert).expect("a statement");
                for row in &some {
                    let values = rusqlite::params_from_iter(row);
                    insert.execute(values).expect("an insert");
                }
            }
            transaction.commit().expect("a commit");
            seconds += began.elapsed().as_secs_f64();
            rows += some.len();
        }
    }
    assert!(rows > 0, "the run has written rows");
    (rows, seconds)
}

fn take(found: &mut rusqlite::Rows<'_>, most: usize) -> Vec<Vec<rusqlite::types::Value>> {
    let mut some = Vec::new();
    while some.len() < most
        && let Some(row) = found.next().expect("a row")
    {
        let columns = 0..row.as_ref().column_count();
        let values = columns.map(|column| row.get(column).expect("a value"));
        some.push(values.collect());
    }
    some
}
