//! `rows ((job, generation, month, bucket), time_us, line)`: what `ingest` writes and folds load.

use async_trait::async_trait;
use domain::plan::RowPartition;
use domain::rows::Row;
use domain::time::Instant;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Rows;
use rusqlite::{Transaction, params};

use super::signed;
use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE rows(
        job BLOB NOT NULL, generation INTEGER NOT NULL, month INTEGER NOT NULL, bucket INTEGER NOT NULL,
        time_us INTEGER NOT NULL, line INTEGER NOT NULL, payload BLOB NOT NULL,
        PRIMARY KEY(job, generation, month, bucket, time_us, line)
    ) WITHOUT ROWID;";

/// The table.
pub struct RowsTable {
    pub(super) database: Database,
}

#[async_trait]
impl Rows for RowsTable {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        const OP: &str = "rows.write";
        let mut packed = Vec::with_capacity(rows.len());
        for row in rows {
            packed.push((row.at.0, signed(OP, row.line)?, pack(OP, row)?));
        }
        // In the order of the key, inserts go to neighbouring pages.
        packed.sort_unstable_by_key(|(at, line, _)| (*at, *line));
        let insert = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            let RowPartition {
                job,
                generation,
                month,
                bucket,
            } = &partition;
            for (at, line, payload) in &packed {
                statement.execute(params![
                    job.as_bytes(),
                    generation.0,
                    month.0,
                    bucket,
                    at,
                    line,
                    payload
                ])?;
            }
            Ok(())
        };
        self.database.write(OP, Durability::Synced, insert).await
    }

    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError> {
        const OP: &str = "rows.read";
        let select = move |t: &Transaction<'_>| {
            let mut count = t.prepare_cached(
                "SELECT count(*) FROM rows WHERE job = ?1 AND generation = ?2 AND month = ?3 AND bucket = ?4
                 AND time_us >= ?5 AND time_us < ?6",
            )?;
            let mut statement = t.prepare_cached(
                "SELECT payload FROM rows WHERE job = ?1 AND generation = ?2 AND month = ?3 AND bucket = ?4
                 AND time_us >= ?5 AND time_us < ?6 ORDER BY time_us, line",
            )?;
            let RowPartition {
                job,
                generation,
                month,
                bucket,
            } = &partition;
            let span = params![job.as_bytes(), generation.0, month.0, bucket, from.0, to.0];
            // Counted first: a list of a whole segment that grows as it is read holds twice as much.
            let counted: u32 = count.query_row(span, |row| row.get(0))?;
            let mut rows = Vec::with_capacity(counted as usize);
            let mut found = statement.query(span)?;
            while let Some(row) = found.next()? {
                rows.push(unpack(
                    OP,
                    row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?,
                )?);
            }
            Ok(rows)
        };
        self.database.read(OP, select).await
    }
}
