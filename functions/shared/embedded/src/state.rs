//! The state table: documents and done-sets in one SQLite table, changed in one transaction per
//! commit.

use async_trait::async_trait;
use domain::ids::Generation;
use domain::state::{BatchOutcome, Change, DoneSet, Key, Recorded, Version};
use ports::state::{check_commit, check_document};
use ports::{DoneSets, PortError, StateStore, Stored};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::database::{Database, Durability, Trouble};

/// Documents by partition and sort key; text compares by bytes, as DynamoDB's does.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE documents(
        partition TEXT NOT NULL, sort TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        version INTEGER NOT NULL, expires_at INTEGER, PRIMARY KEY(partition, sort)
    ) WITHOUT ROWID;";

/// The kind of a done-set's row: frozen.
const DONE_SET: &str = "done_set";

/// The state table.
pub struct SqliteState {
    database: Database,
}

impl SqliteState {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Removes documents that may be forgotten: those whose `expires_at` is before `now_seconds`
    /// (Unix). DynamoDB does this by itself, some time later. Answers how many went.
    ///
    /// # Errors
    /// `Retry` when the disk is busy or full.
    pub async fn forget_expired(&self, now_seconds: i64) -> Result<usize, PortError> {
        let forget =
            move |transaction: &Transaction<'_>| {
                Ok(transaction
                    .execute("DELETE FROM documents WHERE expires_at < ?1", [now_seconds])?)
            };
        self.database
            .write("state.forget", Durability::Lazy, forget)
            .await
    }
}

#[async_trait]
impl StateStore for SqliteState {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        let key = key.clone();
        let found = self
            .database
            .read("state.get", move |transaction| find(transaction, &key))
            .await?;
        Ok(found.filter(|stored| stored.kind != DONE_SET))
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        let (partition, prefix) = (partition.to_owned(), prefix.to_owned());
        let after = after.map(ToOwned::to_owned);
        let read = move |transaction: &Transaction<'_>| {
            let mut statement = transaction.prepare_cached(
                "SELECT partition, sort, kind, body, version FROM documents
                 WHERE partition = ?1 AND sort >= ?2 AND (?3 IS NULL OR sort > ?3) AND kind <> ?5
                 ORDER BY sort LIMIT ?4",
            )?;
            let mut rows = statement.query(params![partition, prefix, after, limit, DONE_SET])?;
            let mut listed = Vec::new();
            while let Some(row) = rows.next()? {
                let stored = stored(row)?;
                // Keys with a prefix stand together, so the first without it is behind the last.
                if !stored.key.sort.starts_with(&prefix) {
                    break;
                }
                listed.push(stored);
            }
            Ok(listed)
        };
        self.database.read("state.list", read).await
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        check_commit(changes)?;
        let changes = changes.to_vec();
        let apply_all = move |transaction: &Transaction<'_>| {
            for change in &changes {
                apply(transaction, change)?;
            }
            Ok(())
        };
        self.database
            .write("state.commit", Durability::Synced, apply_all)
            .await
    }
}

#[async_trait]
impl DoneSets for SqliteState {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        let key = key.clone();
        let found = self
            .database
            .read("state.done_set", move |transaction| find(transaction, &key))
            .await?;
        found.as_ref().map(decode_set).transpose()
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        let key = key.clone();
        let record = move |transaction: &Transaction<'_>| {
            let Some(stored) = find(transaction, &key)? else {
                return Err(PortError::invalid(
                    "state.record",
                    format!("there is no set {}", key.sort),
                )
                .into());
            };
            let recorded = decode_set(&stored)?.record(generation, batch, outcome);
            if let Recorded::Added(set) = &recorded {
                overwrite(
                    transaction,
                    &key,
                    DONE_SET,
                    &encode_set(set)?,
                    stored.version,
                    None,
                )?;
            }
            Ok(recorded)
        };
        self.database
            .write("state.record", Durability::Synced, record)
            .await
    }
}

fn apply(transaction: &Transaction<'_>, change: &Change) -> Result<(), Trouble> {
    match change {
        Change::Insert {
            key,
            kind,
            body,
            expires_at,
        } => insert(transaction, key, kind, body, *expires_at),
        Change::Replace {
            key,
            kind,
            body,
            version,
            expires_at,
        } => overwrite(transaction, key, kind, body, *version, *expires_at),
        Change::Delete { key } => {
            let mut statement = transaction
                .prepare_cached("DELETE FROM documents WHERE partition = ?1 AND sort = ?2")?;
            statement.execute(params![key.partition, key.sort])?;
            Ok(())
        }
        Change::Require { key, version } => match find(transaction, key)? {
            Some(stored) if stored.version == *version => Ok(()),
            _ => Err(moved(key)),
        },
        Change::InsertSet(set) => {
            insert(transaction, &set.key(), DONE_SET, &encode_set(set)?, None)
        }
        Change::RestartSet { key, from, to } => restart(transaction, key, *from, *to),
    }
}

fn insert(
    transaction: &Transaction<'_>,
    key: &Key,
    kind: &str,
    body: &str,
    expires_at: Option<i64>,
) -> Result<(), Trouble> {
    let mut statement = transaction
        .prepare_cached("INSERT OR IGNORE INTO documents VALUES (?1, ?2, ?3, ?4, 1, ?5)")?;
    match statement.execute(params![key.partition, key.sort, kind, body, expires_at])? {
        1 => Ok(()),
        _ => Err(PortError::conflict("state.commit", format!("{} exists", key.sort)).into()),
    }
}

/// Writes over a document that still has this version.
fn overwrite(
    transaction: &Transaction<'_>,
    key: &Key,
    kind: &str,
    body: &str,
    version: Version,
    expires_at: Option<i64>,
) -> Result<(), Trouble> {
    let mut statement = transaction.prepare_cached(
        "UPDATE documents SET kind = ?3, body = ?4, expires_at = ?6, version = version + 1
         WHERE partition = ?1 AND sort = ?2 AND version = ?5",
    )?;
    match statement.execute(params![
        key.partition,
        key.sort,
        kind,
        body,
        number(version)?,
        expires_at
    ])? {
        1 => Ok(()),
        _ => Err(moved(key)),
    }
}

fn restart(
    transaction: &Transaction<'_>,
    key: &Key,
    from: Generation,
    to: Generation,
) -> Result<(), Trouble> {
    let Some(stored) = find(transaction, key)? else {
        return Err(moved(key));
    };
    let set = decode_set(&stored)?;
    if set.generation != from {
        return Err(moved(key));
    }
    overwrite(
        transaction,
        key,
        DONE_SET,
        &encode_set(&set.restarted(to))?,
        stored.version,
        None,
    )
}

fn moved(key: &Key) -> Trouble {
    PortError::conflict(
        "state.commit",
        format!("{} has changed since it was read", key.sort),
    )
    .into()
}

fn find(transaction: &Transaction<'_>, key: &Key) -> Result<Option<Stored>, Trouble> {
    let mut statement = transaction.prepare_cached(
        "SELECT partition, sort, kind, body, version FROM documents WHERE partition = ?1 AND sort = ?2",
    )?;
    Ok(statement
        .query_row(params![key.partition, key.sort], stored)
        .optional()?)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let version: i64 = row.get(4)?;
    Ok(Stored {
        key: Key {
            partition: row.get(0)?,
            sort: row.get(1)?,
        },
        kind: row.get(2)?,
        body: row.get(3)?,
        version: Version(version.unsigned_abs()),
    })
}

fn number(version: Version) -> Result<i64, PortError> {
    i64::try_from(version.0).map_err(|error| PortError::bug("state.version", error))
}

fn encode_set(set: &DoneSet) -> Result<String, PortError> {
    let body =
        serde_json::to_string(set).map_err(|error| PortError::bug("state.done_set", error))?;
    check_document(DONE_SET, &body)?;
    Ok(body)
}

fn decode_set(stored: &Stored) -> Result<DoneSet, PortError> {
    if stored.kind != DONE_SET {
        return Err(PortError::invalid(
            "state.done_set",
            format!("found a {}, not a done-set", stored.kind),
        ));
    }
    serde_json::from_str(&stored.body).map_err(|error| PortError::invalid("state.done_set", error))
}
