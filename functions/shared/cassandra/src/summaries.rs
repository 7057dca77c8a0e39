//! `summaries ((tenant, ledger, turn, kind, bucket), seq)`: totals, holdings and balances
//! of a revision, in stored order.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::{BalanceRow, Holding, SummaryRow};
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Summaries;
use scylla::response::query_result::QueryRowsResult;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::parts::Gathered;
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
    text: "SELECT seq, payload FROM {keyspace}.summaries WHERE tenant = ? AND ledger = ? AND turn = ? AND kind = ? AND bucket = ? AND seq >= ?",
};

/// The kinds of row: frozen.
const TOTAL: &str = "total";
const HOLDING: &str = "holding";
const BALANCE: &str = "balance";

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
        first_n: u32,
        rows: &[T],
    ) -> Result<(), PortError> {
        const OP: &str = "summaries.write";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let turn = bigint(OP, turn.0)?;
        let mut batches = Batches::new();
        for (n, row) in (first_n..).zip(rows) {
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

    /// Rows of a kind from number `from_n`, at most `limit`, each with its number.
    async fn load<T: DeserializeOwned + Send>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
        from_n: u32,
        limit: u32,
    ) -> Result<Vec<(u32, T)>, PortError> {
        const OP: &str = "summaries.read";
        let (tenant, ledger) = (ledger.tenant.as_str(), ledger.ledger.as_str());
        let (turn, limit) = (bigint(OP, turn.0)?, limit as usize);
        let (mut rows, mut next) = (Vec::new(), from_n);
        while rows.len() < limit {
            let key = (
                tenant,
                ledger,
                turn,
                kind,
                int(OP, bucket(next))?,
                int(OP, next)?,
            );
            let mut gathered = Gathered::new(limit - rows.len());
            let mut take = |page: &QueryRowsResult| gathered.take(OP, page);
            self.select.pages(OP, &key, limit, &mut take).await?;
            for (n, payload) in gathered.payloads {
                rows.push((n, unpack(OP, &payload)?));
            }
            // Numbers have no gaps: a bucket that does not reach its end is the last one.
            let end = (bucket(next) + 1) * BUCKET_ROWS;
            if rows.last().is_none_or(|(n, _)| n + 1 < end) {
                break;
            }
            next = end;
        }
        Ok(rows)
    }

    async fn all<T: DeserializeOwned + Send>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
    ) -> Result<Vec<T>, PortError> {
        let rows = self.load(ledger, turn, kind, 0, u32::MAX).await?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }
}

#[async_trait]
impl Summaries for SummariesTable {
    async fn write_totals(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        totals: &[SummaryRow],
    ) -> Result<(), PortError> {
        self.store(ledger, turn, TOTAL, first_n, totals).await
    }

    async fn write_holdings(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        holdings: &[Holding],
    ) -> Result<(), PortError> {
        self.store(ledger, turn, HOLDING, 0, holdings).await
    }

    async fn totals(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<SummaryRow>, PortError> {
        self.all(ledger, turn, TOTAL).await
    }

    async fn holdings(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<Holding>, PortError> {
        self.all(ledger, turn, HOLDING).await
    }

    async fn write_balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        balances: &[BalanceRow],
    ) -> Result<(), PortError> {
        self.store(ledger, turn, BALANCE, first_n, balances).await
    }

    async fn balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        from_n: u32,
        limit: u32,
    ) -> Result<Vec<(u32, BalanceRow)>, PortError> {
        self.load(ledger, turn, BALANCE, from_n, limit).await
    }
}
