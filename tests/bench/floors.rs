//! The least the same work could cost on this machine, measured in the same run.

use std::path::Path;
use std::time::Instant;

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

/// Seconds to insert the file's rows into SQLite as they stand, a column for each of its own, with the
/// journal and sync mode of a scratch folder's stores. Reading the file is not among them.
pub(crate) fn sqlite_insert(file: &Path, folder: &Path) -> f64 {
    let mut database = scratch(&folder.join("floor.db"));
    let mut reader = csv::Reader::from_path(file).expect("the file");
    let names = reader.headers().expect("a header").clone();
    let columns: Vec<String> = names
        .iter()
        .map(|name| format!("\"{name}\" TEXT"))
        .collect();
    let table = format!(
        "CREATE TABLE rows (line INTEGER PRIMARY KEY, {})",
        columns.join(", ")
    );
    database.execute_batch(&table).expect("a table");
    let places = vec!["?"; names.len() + 1].join(", ");
    let insert = format!("INSERT INTO rows VALUES ({places})");
    let (mut line, mut seconds) = (0_i64, 0.0);
    let mut records = reader.records().map(|record| record.expect("a record"));
    loop {
        let some: Vec<csv::StringRecord> = records.by_ref().take(TRANSACTION_ROWS).collect();
        if some.is_empty() {
            return seconds;
        }
        let began = Instant::now();
        let transaction = database.transaction().expect("a transaction");
        {
            let mut insert = transaction.prepare_cached(&insert).expect("a statement");
            for record in &some {
                line += 1;
                insert.raw_bind_parameter(1, line).expect("a line");
                for (place, field) in (2..).zip(record) {
                    insert.raw_bind_parameter(place, field).expect("a field");
                }
                insert.raw_execute().expect("an insert");
            }
        }
        transaction.commit().expect("a commit");
        seconds += began.elapsed().as_secs_f64();
    }
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
