//! `rejects ((job, generation, chunk), line)`: records that were refused, by chunk. A chunk is one
//! worker's, and bounded, so it is one partition.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{Generation, JobId};
use ports::PortError;
use ports::payload::pack;
use ports::tables::{Reject, Rejects};

use crate::place::{bigint, int};
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "rejects",
    text: "INSERT INTO {keyspace}.rejects (job, generation, chunk, line, payload) VALUES (?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "rejects",
    text: "SELECT payload FROM {keyspace}.rejects WHERE job = ? AND generation = ? AND chunk = ?",
};

/// The table.
pub struct RejectsTable {
    insert: Insert,
    select: Select,
}

impl RejectsTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }
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
        let job = job.as_bytes().as_slice();
        let (generation, chunk) = (int(OP, generation.0)?, int(OP, chunk)?);
        let mut batches = Batches::new();
        for reject in rejects {
            let payload = pack(OP, reject)?;
            let (bytes, line) = (payload.len(), bigint(OP, reject.line)?);
            batches.push(bytes, (job, generation, chunk, line, payload));
        }
        self.insert.write(OP, batches).await
    }

    async fn read(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
    ) -> Result<Vec<Reject>, PortError> {
        const OP: &str = "rejects.read";
        let job = job.as_bytes().as_slice();
        let key = (job, int(OP, generation.0)?, int(OP, chunk)?);
        self.select.all(OP, &key).await
    }
}
