//! `objects.db`: a row per object version, and the announcements that still have to go out.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::time::Instant;
use ports::PortError;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::errors::{ConditionFailed, database};
use super::{Condition, Durability, ObjectInfo, Terms, version_text};

/// `id` is never reused (AUTOINCREMENT): a version names one body for ever. `body` stands last, so
/// that reading the other columns does not read it.
const SCHEMA: &str = "
    CREATE TABLE objects (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        content_type TEXT,
        checksum_sha256 TEXT,
        file INTEGER,
        upload INTEGER,
        body BLOB
    ) STRICT;
    CREATE INDEX objects_by_key ON objects (key, id);
    CREATE TABLE unannounced (id INTEGER PRIMARY KEY REFERENCES objects (id), at INTEGER NOT NULL) STRICT;
    CREATE TABLE uploads (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        content_type TEXT,
        is_open INTEGER NOT NULL,
        begun_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX open_uploads ON uploads (key, id) WHERE is_open = 1;
    CREATE TABLE parts (
        upload INTEGER NOT NULL REFERENCES uploads (id),
        number INTEGER NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        file INTEGER NOT NULL,
        checksum TEXT,
        PRIMARY KEY (upload, number)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 3;";
const SCHEMA_VERSION: i64 = 3;
/// From a folder of the build before: an upload it left open is taken for one of now.
const FROM_2: &str = "
    ALTER TABLE uploads ADD COLUMN begun_at INTEGER NOT NULL DEFAULT 0;
    UPDATE uploads SET begun_at = unixepoch() * 1000000;
    CREATE INDEX open_uploads ON uploads (key, id) WHERE is_open = 1;
    ALTER TABLE parts ADD COLUMN checksum TEXT;
    PRAGMA user_version = 3;";
const COLUMNS: &str = "id, size, etag, content_type, checksum_sha256, file, upload";
/// KiB of pages kept in memory: the checkpoints and plans a turn reads again.
const CACHE_KIB: u32 = 16 * 1024;
/// How long an opener waits for another process to let go of the folder.
const BUSY: Duration = Duration::from_secs(2);
/// Announcements read at once.
const UNANNOUNCED_AT_ONCE: i64 = 1_000;

/// Where a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// In its row.
    Row,
    /// In the file of this number.
    File(u64),
    /// In the parts of this upload, one after the other.
    Parts(i64),
}

/// A version that is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) info: ObjectInfo,
    pub(super) kept: Kept,
}

/// A version to be stored.
pub(super) struct NewObject {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) terms: Terms,
    pub(super) body: NewBody,
}

/// The body of a version to be stored.
pub(super) enum NewBody {
    /// Goes into the row.
    Row(Vec<u8>),
    /// Is durable in the file of this number.
    File(u64),
    /// Is durable in the parts of this upload.
    Parts(i64),
}

/// An object whose event was saved and not yet sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unannounced {
    pub(crate) key: String,
    pub(crate) info: ObjectInfo,
    pub(crate) at: Instant,
}

pub(super) struct Catalog {
    connection: Mutex<Connection>,
}

impl Catalog {
    pub(super) fn in_memory() -> Result<Self, PortError> {
        Self::prepare(Connection::open_in_memory().map_err(database("objects.open"))?)
    }

    /// Opens the database and keeps every other process out of it: two stores in one folder would
    /// remove each other's unfinished files.
    pub(super) fn open(path: &Path, durability: Durability) -> Result<Self, PortError> {
        let error = database("objects.open");
        let connection = Connection::open(path).map_err(&error)?;
        connection.busy_timeout(BUSY).map_err(&error)?;
        let synchronous = match durability {
            Durability::Synced => "FULL",
            Durability::Scratch => "OFF",
        };
        connection
            .execute_batch(&format!(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -{CACHE_KIB};"
            ))
            .map_err(&error)?;
        Self::prepare(connection)
    }

    fn prepare(mut connection: Connection) -> Result<Self, PortError> {
        let error = database("objects.open");
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&error)?;
        let version: i64 = transaction
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(&error)?;
        match version {
            0 => transaction.execute_batch(SCHEMA).map_err(&error)?,
            2 => transaction.execute_batch(FROM_2).map_err(&error)?,
            SCHEMA_VERSION => {}
            other => {
                let reason =
                    format!("objects.db has schema {other}; this build knows {SCHEMA_VERSION}");
                return Err(PortError::invalid("objects.open", reason));
            }
        }
        transaction.commit().map_err(&error)?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// The numbers of all files that hold a body.
    pub(super) fn files(&self) -> Result<BTreeSet<u64>, PortError> {
        let error = database("objects.open");
        let connection = self.connection();
        let mut query = connection
            .prepare("SELECT file FROM objects WHERE file IS NOT NULL UNION SELECT file FROM parts")
            .map_err(&error)?;
        let rows = query
            .query_map([], |row| row.get::<_, i64>(0))
            .map_err(&error)?;
        let mut files = BTreeSet::new();
        for row in rows {
            files.insert(row.map_err(&error)?.cast_unsigned());
        }
        Ok(files)
    }

    pub(super) fn current(&self, key: &str) -> Result<Option<Found>, PortError> {
        let error = database("objects.find");
        let sql = format!("SELECT {COLUMNS} FROM objects WHERE key = ?1 ORDER BY id DESC LIMIT 1");
        self.connection()
            .prepare_cached(&sql)
            .and_then(|mut query| query.query_row([key], found).optional())
            .map_err(error)
    }

    pub(super) fn version(&self, key: &str, id: i64) -> Result<Option<Found>, PortError> {
        let error = database("objects.find");
        let sql = format!("SELECT {COLUMNS} FROM objects WHERE key = ?1 AND id = ?2");
        self.connection()
            .prepare_cached(&sql)
            .and_then(|mut query| query.query_row(params![key, id], found).optional())
            .map_err(error)
    }

    /// Bytes of a body that lies in its row.
    pub(super) fn body(&self, id: i64, range: Range<u64>) -> Result<Bytes, PortError> {
        if range.is_empty() {
            return Ok(Bytes::new()); // SQLite's substr of an empty blob is NULL.
        }
        let first = range.start.cast_signed().saturating_add(1);
        let length = range.end.saturating_sub(range.start).cast_signed();
        let body: Vec<u8> = self
            .connection()
            .prepare_cached("SELECT substr(body, ?2, ?3) FROM objects WHERE id = ?1")
            .and_then(|mut query| query.query_row(params![id, first, length], |row| row.get(0)))
            .map_err(database("objects.get"))?;
        Ok(Bytes::from(body))
    }

    /// Stores a version and its announcement, when its condition holds, in one transaction.
    pub(super) fn insert(&self, object: &NewObject) -> Result<ObjectInfo, PortError> {
        let error = database("objects.put");
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&error)?;
        let info = insert_in(&transaction, object)?;
        transaction.commit().map_err(&error)?;
        Ok(info)
    }

    pub(super) fn unannounced(&self) -> Result<Vec<Unannounced>, PortError> {
        let error = database("objects.unannounced");
        let connection = self.connection();
        let mut query = connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, key, at FROM unannounced JOIN objects USING (id) ORDER BY id LIMIT ?1"
            ))
            .map_err(&error)?;
        let rows = query
            .query_map([UNANNOUNCED_AT_ONCE], |row| {
                Ok(Unannounced {
                    info: found(row)?.info,
                    key: row.get("key")?,
                    at: Instant(row.get("at")?),
                })
            })
            .map_err(&error)?;
        rows.collect::<Result<_, _>>().map_err(&error)
    }

    pub(super) fn announced(&self, id: i64) -> Result<(), PortError> {
        self.connection()
            .prepare_cached("DELETE FROM unannounced WHERE id = ?1")
            .and_then(|mut delete| delete.execute([id]))
            .map_err(database("objects.announced"))?;
        Ok(())
    }

    /// A panic under the lock leaves an open transaction, which its drop has rolled back.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores a version and its announcement in a transaction that may do more.
pub(super) fn insert_in(
    transaction: &Connection,
    object: &NewObject,
) -> Result<ObjectInfo, PortError> {
    let error = database("objects.put");
    let (file, upload, body) = match &object.body {
        NewBody::Row(body) => (None, None, Some(body.as_slice())),
        NewBody::File(number) => (Some(number.cast_signed()), None, None),
        NewBody::Parts(upload) => (None, Some(*upload), None),
    };
    let terms = &object.terms;
    let etag = current_etag(transaction, object).map_err(&error)?;
    let allowed = match &terms.condition {
        Condition::Always => true,
        Condition::IfAbsent => etag.is_none(),
        Condition::IfMatch(wanted) => etag.as_ref() == Some(wanted),
    };
    if !allowed {
        return Err(PortError::conflict("objects.put", ConditionFailed));
    }
    transaction
        .prepare_cached(
            "INSERT INTO objects (key, size, etag, content_type, checksum_sha256, file, upload, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                object.key,
                object.size.cast_signed(),
                object.etag,
                terms.content_type,
                terms.checksum_sha256,
                file,
                upload,
                body
            ])
        })
        .map_err(&error)?;
    let id = transaction.last_insert_rowid();
    if let Some(at) = terms.announce_at {
        transaction
            .execute(
                "INSERT INTO unannounced (id, at) VALUES (?1, ?2)",
                params![id, at.0],
            )
            .map_err(&error)?;
    }
    Ok(ObjectInfo {
        version: version_text(id),
        size: object.size,
        etag: object.etag.clone(),
        content_type: terms.content_type.clone(),
        checksum_sha256: terms.checksum_sha256.clone(),
    })
}

fn current_etag(connection: &Connection, object: &NewObject) -> rusqlite::Result<Option<String>> {
    if object.terms.condition == Condition::Always {
        return Ok(None);
    }
    connection
        .prepare_cached("SELECT etag FROM objects WHERE key = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([&object.key], |row| row.get(0))
        .optional()
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let id = row.get("id")?;
    let file: Option<i64> = row.get("file")?;
    let upload: Option<i64> = row.get("upload")?;
    Ok(Found {
        id,
        info: ObjectInfo {
            version: version_text(id),
            size: row.get::<_, i64>("size")?.cast_unsigned(),
            etag: row.get("etag")?,
            content_type: row.get("content_type")?,
            checksum_sha256: row.get("checksum_sha256")?,
        },
        kept: match (file, upload) {
            (Some(number), _) => Kept::File(number.cast_unsigned()),
            (None, Some(upload)) => Kept::Parts(upload),
            (None, None) => Kept::Row,
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn pragma(catalog: &Catalog, name: &str) -> String {
        let ask = |row: &Row<'_>| {
            let value: rusqlite::types::Value = row.get(0)?;
            Ok(format!("{value:?}"))
        };
        let connection = catalog.connection();
        connection
            .query_row(&format!("PRAGMA {name}"), [], ask)
            .unwrap()
    }

    #[test]
    fn a_kept_folders_rows_are_synced_with_every_commit() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("objects.db");
        for (durability, level) in [
            (Durability::Synced, "Integer(2)"),
            (Durability::Scratch, "Integer(0)"),
        ] {
            let catalog = Catalog::open(&path, durability).unwrap();
            assert_eq!(pragma(&catalog, "synchronous"), level);
            assert_eq!(pragma(&catalog, "journal_mode"), "Text(\"wal\")");
        }
    }
    /// As the build before left it: its tables, an upload with a part among them.
    const OF_2: &str = "
        CREATE TABLE objects (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, size INTEGER NOT NULL,
            etag TEXT NOT NULL, content_type TEXT, checksum_sha256 TEXT, file INTEGER,
            upload INTEGER, body BLOB
        ) STRICT;
        CREATE INDEX objects_by_key ON objects (key, id);
        CREATE TABLE unannounced (id INTEGER PRIMARY KEY REFERENCES objects (id), at INTEGER NOT NULL) STRICT;
        CREATE TABLE uploads (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, content_type TEXT,
            is_open INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE parts (
            upload INTEGER NOT NULL REFERENCES uploads (id), number INTEGER NOT NULL,
            size INTEGER NOT NULL, etag TEXT NOT NULL, file INTEGER NOT NULL,
            PRIMARY KEY (upload, number)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO uploads VALUES (7, 'k', 'text/csv', 1);
        INSERT INTO parts VALUES (7, 1, 3, 'tag', 5);
        PRAGMA user_version = 2;";

    #[test]
    fn a_folder_of_the_build_before_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("objects.db");
        let before = Connection::open(&path).unwrap();
        before.execute_batch(OF_2).unwrap();
        drop(before);
        for _ in 0..2 {
            let catalog = Catalog::open(&path, Durability::Synced).unwrap();
            assert!(catalog.is_open("k", 7).unwrap());
            let parts = catalog.parts(7).unwrap();
            assert_eq!((parts.len(), parts[0].part.number), (1, 1));
            assert_eq!(parts[0].checksum, None);
            let begun = "SELECT begun_at FROM uploads WHERE begun_at > 1700000000000000";
            let connection = catalog.connection();
            let at: i64 = connection.query_row(begun, [], |row| row.get(0)).unwrap();
            assert!(at < 100_000_000_000_000_000, "in microseconds");
        }
    }
}
