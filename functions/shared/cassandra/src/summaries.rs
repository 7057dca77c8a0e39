//! `summaries ((tenant, ledger, turn, kind, bucket), seq)`: totals and holdings of a revision, in
//! stored order.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::{Holding, SummaryRow};
use ports::PortError;
use ports::payload::pack;
use ports::tables::Summaries;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::place::{BUCKET_ROWS, bigint, bucket, int};
use crate::read::Select;
use crate::statement::{Cql, Source};
use crate::write::{Batches, Insert};

pub(crate) const INSERT: Cql = Cql {
    table: "summaries",
    text: "INSERT INTO {keyspace}.summaries (tenant, ledger, turn, kind, bucket, seq, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
};
pub(crate) const SELECT: Cql = Cql {
    table: "summaries",
    text: "SELECT payload FROM {keyspace}.summaries WHERE tenant = ? AND ledger = ? AND turn = ? AND kind = ? AND bucket = ?",
};

/// The two kinds of row: frozen.
const TOTAL: &str = "total";
const HOLDING: &str = "holding";

/// The table.
pub struct SummariesTable {
    insert: Insert,
    select: Select,
}

impl SummariesTable {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            insert: Insert::new(source, INSERT),
            select: Select::new(source, SELECT),
        }
    }

    async fn store<T: Serialize + Sync>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
        rows: &[T],
    ) -> Result<(), PortError> {
        const OP: &str = "summaries.write";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let turn = bigint(OP, turn.0)?;
        let mut batches = Batches::new();
        for (n, row) in (0u32..).zip(rows) {
            if n.is_multiple_of(BUCKET_ROWS) {
                batches.end_partition();
            }
            let payload = pack(OP, row)?;
            let bytes = payload.len();
            let (place, n) = (int(OP, bucket(n))?, int(OP, n)?);
            batches.push(bytes, (tenant, ledger, turn, kind, place, n, payload));
        }
        self.insert.write(OP, batches).await
    }

    async fn load<T: DeserializeOwned + Send>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
    ) -> Result<Vec<T>, PortError> {
        const OP: &str = "summaries.read";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let turn = bigint(OP, turn.0)?;
        let mut rows = Vec::new();
        for place in 0i32.. {
            let key = (tenant, ledger, turn, kind, place);
            let found: Vec<T> = self.select.all(OP, &key).await?;
            let full = found.len() == BUCKET_ROWS as usize;
            rows.extend(found);
            // Numbers have no gaps: a bucket that is not full is the last one.
            if !full {
                break;
            }
        }
        Ok(rows)
    }
}

#[async_trait]
impl Summaries for SummariesTable {
    async fn write_totals(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        totals: &[SummaryRow],
    ) -> Result<(), PortError> {
        self.store(ledger, turn, TOTAL, totals).await
    }

    async fn write_holdings(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        holdings: &[Holding],
    ) -> Result<(), PortError> {
        self.store(ledger, turn, HOLDING, holdings).await
    }

    async fn totals(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<SummaryRow>, PortError> {
        self.load(ledger, turn, TOTAL).await
    }

    async fn holdings(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<Holding>, PortError> {
        self.load(ledger, turn, HOLDING).await
    }
}
