//! `rejects ((job, generation, chunk), line)`: records that were refused, by chunk.

use async_trait::async_trait;
use domain::ids::{Generation, JobId};
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::{Reject, Rejects};
use rusqlite::{Transaction, params};

use super::signed;
use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE rejects(
        job BLOB NOT NULL, generation INTEGER NOT NULL, chunk INTEGER NOT NULL, line INTEGER NOT NULL,
        payload BLOB NOT NULL, PRIMARY KEY(job, generation, chunk, line)
    ) WITHOUT ROWID;";

/// The table.
pub struct RejectsTable {
    pub(super) database: Database,
}

#[async_trait]
impl Rejects for RejectsTable {
    async fn write(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
        rejects: &[Reject],
    ) -> Result<(), PortError> {
        const OP: &str = "rejects.write";
        let mut packed = Vec::with_capacity(rejects.len());
        for reject in rejects {
            packed.push((signed(OP, reject.line)?, pack(OP, reject)?));
        }
        let insert = move |t: &Transaction<'_>| {
            let mut statement =
                t.prepare_cached("INSERT OR REPLACE INTO rejects VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for (line, payload) in &packed {
                statement.execute(params![job.as_bytes(), generation.0, chunk, line, payload])?;
            }
            Ok(())
        };
        self.database.write(OP, Durability::Synced, insert).await
    }

    async fn read(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
    ) -> Result<Vec<Reject>, PortError> {
        const OP: &str = "rejects.read";
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT payload FROM rejects WHERE job = ?1 AND generation = ?2 AND chunk = ?3 ORDER BY line",
            )?;
            let mut found = statement.query(params![job.as_bytes(), generation.0, chunk])?;
            let mut rejects = Vec::new();
            while let Some(row) = found.next()? {
                rejects.push(unpack(
                    OP,
                    row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?,
                )?);
            }
            Ok(rejects)
        };
        self.database.read(OP, select).await
    }
}
