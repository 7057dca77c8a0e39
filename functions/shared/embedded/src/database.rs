//! One SQLite database: a writer, and on disk a few readers beside it.
//!
//! On disk, work runs on tokio's blocking threads: a commit waits for the disk, and must not keep
//! other work of the process waiting. In memory it runs where it is called, so that a test on one
//! thread takes the same course every time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{PortError, PortErrorKind};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::place::{FolderLock, Place};

/// Idle readers that are kept; more are opened when more read at once.
const KEPT_READERS: usize = 8;
/// Prepared statements each connection keeps: all that a store has.
const KEPT_STATEMENTS: usize = 64;
/// The schema this build writes, stored as the database's `user_version`.
const SCHEMA_VERSION: i64 = 1;

/// When a commit may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// After it is on the disk.
    Synced,
    /// Before: a power cut may undo it, though never half, and never what was synced before.
    Lazy,
}

/// What goes wrong inside a piece of work.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// SQLite says so.
    Sql(rusqlite::Error),
    /// The work says so.
    Port(PortError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl Trouble {
    fn during(self, op: &'static str) -> PortError {
        match self {
            Self::Port(error) => error,
            Self::Sql(error) => PortError::new(kind_of(&error), op, error),
        }
    }
}

fn kind_of(error: &rusqlite::Error) -> PortErrorKind {
    match error.sqlite_error_code() {
        // Somebody may make room, mount the disk again, or be done.
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::CannotOpen,
        ) => PortErrorKind::Retry,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => PortErrorKind::Invalid,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => PortErrorKind::Reject,
        _ => PortErrorKind::Bug,
    }
}

/// A database.
#[derive(Clone)]
pub(crate) struct Database(Arc<Inner>);

struct Inner {
    writer: Mutex<Writer>,
    /// Absent in memory, where the writer reads too.
    readers: Option<Readers>,
    _lock: Option<Arc<FolderLock>>,
}

struct Writer {
    connection: Connection,
    /// What the connection is set to.
    durability: Option<Durability>,
    /// Nothing is ever synced.
    scratch: bool,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the database, and makes its tables when it is new.
    pub(crate) fn open(
        place: &Place,
        lock: Option<Arc<FolderLock>>,
        name: &str,
        schema: &str,
    ) -> Result<Self, PortError> {
        let open = || -> Result<Inner, Trouble> {
            let (connection, readers) = match place.folder() {
                None => (Connection::open_in_memory()?, None),
                Some(folder) => {
                    let path = folder.join(name);
                    let readers = Readers {
                        path: path.clone(),
                        idle: Mutex::default(),
                    };
                    (Connection::open(&path)?, Some(readers))
                }
            };
            prepare(&connection, schema)?;
            let mut writer = Writer {
                connection,
                durability: None,
                scratch: matches!(place, Place::Scratch(_)),
            };
            writer.promise(Durability::Synced)?;
            Ok(Inner {
                writer: Mutex::new(writer),
                readers,
                _lock: lock,
            })
        };
        Ok(Self(Arc::new(
            open().map_err(|trouble| trouble.during("open"))?,
        )))
    }

    /// Does work in one transaction that is committed when the work is `Ok`, and undone otherwise.
    pub(crate) async fn write<T, W>(
        &self,
        op: &'static str,
        durability: Durability,
        work: W,
    ) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Trouble> + Send + 'static,
    {
        self.run(op, move |inner| {
            let mut writer = lock(&inner.writer);
            writer.promise(durability)?;
            let transaction = writer
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Reads a state that no later commit changes under the work's feet.
    pub(crate) async fn read<T, W>(&self, op: &'static str, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Trouble> + Send + 'static,
    {
        self.run(op, move |inner| match &inner.readers {
            None => work(&lock(&inner.writer).connection.transaction()?),
            Some(readers) => {
                let mut connection = readers.take()?;
                let answer = work(&connection.transaction()?);
                readers.give_back(connection);
                answer
            }
        })
        .await
    }

    async fn run<T, W>(&self, op: &'static str, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: FnOnce(&Inner) -> Result<T, Trouble> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let work = move || work(&inner).map_err(|trouble| trouble.during(op));
        if self.0.readers.is_none() {
            return work();
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime
                .spawn_blocking(work)
                .await
                .unwrap_or_else(|died| Err(PortError::bug(op, died))),
            Err(_) => work(),
        }
    }
}

impl Writer {
    /// `synchronous` belongs to the connection, so it is set when it differs from the commit before.
    fn promise(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability != Some(durability) {
            let level = match durability {
                _ if self.scratch => "OFF",
                Durability::Synced => "FULL",
                Durability::Lazy => "NORMAL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durability = Some(durability);
        }
        Ok(())
    }
}

impl Readers {
    fn take(&self) -> rusqlite::Result<Connection> {
        if let Some(connection) = lock(&self.idle).pop() {
            return Ok(connection);
        }
        let connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
        tune(&connection)?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = lock(&self.idle);
        if idle.len() < KEPT_READERS {
            idle.push(connection);
        }
    }
}

/// A panic inside a transaction has undone it, so what the mutex guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prepare(connection: &Connection, schema: &str) -> Result<(), Trouble> {
    connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
    tune(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // 64 MB between checkpoints: a page that many rows go to is copied into the file once.
    connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        0 => {
            let script = format!(
                "BEGIN IMMEDIATE; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            );
            Ok(connection.execute_batch(&script)?)
        }
        SCHEMA_VERSION => Ok(()),
        newer => Err(Trouble::Port(PortError::invalid(
            "open",
            format!("the data has schema {newer}; this build understands {SCHEMA_VERSION}"),
        ))),
    }
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    // Kibibytes, when negative.
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.busy_timeout(std::time::Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const SCHEMA: &str = "CREATE TABLE t(n INTEGER PRIMARY KEY);";

    async fn count(database: &Database) -> i64 {
        let counted = database.read("count", |t| {
            Ok(t.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
        });
        counted.await.unwrap()
    }

    #[tokio::test]
    async fn work_that_fails_leaves_nothing_behind() {
        let database = Database::open(&Place::InMemory, None, "t.db", SCHEMA).unwrap();
        let failed = database.write("fill", Durability::Synced, |t| {
            t.execute("INSERT INTO t VALUES (1)", [])?;
            Err::<(), _>(Trouble::Port(PortError::conflict("fill", "no")))
        });
        assert_eq!(failed.await.unwrap_err().kind, PortErrorKind::Conflict);
        assert_eq!(count(&database).await, 0);
    }

    #[tokio::test]
    async fn a_panic_in_a_worker_thread_is_an_error_and_the_next_write_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        let database = Database::open(&place, None, "t.db", SCHEMA).unwrap();
        let died = database.write("fill", Durability::Synced, |t| -> Result<(), Trouble> {
            t.execute("INSERT INTO t VALUES (1)", [])?;
            "no number".parse::<u32>().unwrap();
            Ok(())
        });
        assert_eq!(died.await.unwrap_err().kind, PortErrorKind::Bug);
        let filled = database.write("fill", Durability::Lazy, |t| {
            Ok(t.execute("INSERT INTO t VALUES (1)", [])?)
        });
        assert_eq!(filled.await.unwrap(), 1);
        assert_eq!(count(&database).await, 1);
    }

    #[test]
    fn data_of_a_newer_build_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Folder(folder.path().to_owned());
        drop(Database::open(&place, None, "t.db", SCHEMA).unwrap());
        let connection = Connection::open(folder.path().join("t.db")).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = Database::open(&place, None, "t.db", SCHEMA);
        assert!(refused.is_err_and(
            |error| error.kind == PortErrorKind::Invalid && error.to_string().contains("99")
        ));
    }

    #[test]
    fn a_file_that_is_no_database_is_invalid() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("t.db"),
            "this is not a database, by far".repeat(100),
        )
        .unwrap();
        let opened = Database::open(
            &Place::Folder(folder.path().to_owned()),
            None,
            "t.db",
            SCHEMA,
        );
        assert!(opened.is_err_and(|error| error.kind == PortErrorKind::Invalid));
    }

    /// How a commit of each durability is made in a place: the journal, and 0 for no sync, 1 for a sync
    /// at checkpoints, 2 for a sync of every commit.
    async fn pragmas(place: &Place, durability: Durability) -> (String, i64) {
        let database = Database::open(place, None, "t.db", SCHEMA).unwrap();
        let asked = database.write("ask", durability, |t| {
            let journal = t.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
            let synchronous = t.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
            Ok((journal, synchronous))
        });
        asked.await.unwrap()
    }

    #[tokio::test]
    async fn a_promise_is_kept_by_syncing_every_commit_and_scratch_data_never_waits() {
        let root = tempfile::tempdir().unwrap();
        let kept = Place::Folder(root.path().to_owned());
        let wal = |synchronous| ("wal".to_owned(), synchronous);
        assert_eq!(pragmas(&kept, Durability::Synced).await, wal(2));
        assert_eq!(pragmas(&kept, Durability::Lazy).await, wal(1));
        let scratch = Place::Scratch(root.path().to_owned());
        assert_eq!(pragmas(&scratch, Durability::Synced).await, wal(0));
    }
}
