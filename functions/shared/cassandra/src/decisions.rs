//! `decisions ((tenant, ledger, turn, segment, shard), time_us, job, line)`: what `reconcile` says of
//! rows. Up to a segment of them is written at once, so the line deals them to shards.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::Decision;
use futures::future::try_join_all;
use ports::PortError;
use ports::payload::pack;
use ports::tables::Decisions;

use crate::place::{SHARDS, bigint, int, shard};
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "decisions",
    text: "INSERT INTO {keyspace}.decisions (tenant, ledger, turn, segment, shard, time_us, job, line, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "decisions",
    text: "SELECT payload FROM {keyspace}.decisions WHERE tenant = ? AND ledger = ? AND turn = ? AND segment = ? AND shard = ?",
};

/// The table.
pub struct DecisionsTable {
    insert: Insert,
    select: Select,
}

impl DecisionsTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }
}

#[async_trait]
impl Decisions for DecisionsTable {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        decisions: &[Decision],
    ) -> Result<(), PortError> {
        const OP: &str = "decisions.write";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, segment) = (bigint(OP, turn.0)?, int(OP, segment)?);
        let mut batches = Batches::new();
        for number in 0..SHARDS {
            let dealt = |decision: &&Decision| shard(decision.row.line) == number;
            for decision in decisions.iter().filter(dealt) {
                let payload = pack(OP, decision)?;
                let bytes = payload.len();
                let at = decision.at.0;
                let job = decision.row.job.as_bytes().as_slice();
                let line = bigint(OP, decision.row.line)?;
                let cells = (
                    tenant, ledger, turn, segment, number, at, job, line, payload,
                );
                batches.push(bytes, cells);
            }
            batches.end_partition();
        }
        self.insert.write(OP, batches).await
    }

    async fn read(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
    ) -> Result<Vec<Decision>, PortError> {
        const OP: &str = "decisions.read";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, segment) = (bigint(OP, turn.0)?, int(OP, segment)?);
        let keys: Vec<_> = (0..SHARDS)
            .map(|number| (tenant, ledger, turn, segment, number))
            .collect();
        let shards = keys
            .iter()
            .map(|key| self.select.all::<_, Decision>(OP, key));
        let mut decisions = try_join_all(shards).await?.concat();
        decisions.sort_unstable_by_key(|decision| (decision.at, decision.row));
        Ok(decisions)
    }
}
