//! `summaries ((ledger, turn), kind, n)`: totals, holdings and balances of a
//! revision, in stored order.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::{BalanceRow, Holding, SummaryRow};
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Summaries;
use rusqlite::{Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::signed;
use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE summaries(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, turn INTEGER NOT NULL, kind TEXT NOT NULL,
        n INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(tenant, ledger, turn, kind, n)
    ) WITHOUT ROWID;";

/// The kinds of row: frozen.
const TOTAL: &str = "total";
const HOLDING: &str = "holding";
const BALANCE: &str = "balance";

/// The table.
pub struct SummariesTable {
    pub(super) database: Database,
}

impl SummariesTable {
    async fn store<T: Serialize>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
        first_n: u32,
        rows: &[T],
    ) -> Result<(), PortError> {
        const OP: &str = "summaries.write";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let mut packed = Vec::with_capacity(rows.len());
        for row in rows {
            packed.push(pack(OP, row)?);
        }
        let insert = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "INSERT OR REPLACE INTO summaries VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for (n, payload) in (i64::from(first_n)..).zip(&packed) {
                statement.execute(params![
                    tenant.as_str(),
                    ledger.as_str(),
                    turn,
                    kind,
                    n,
                    payload
                ])?;
            }
            Ok(())
        };
        self.database.write(OP, Durability::Synced, insert).await
    }

    /// Rows of a kind from number `from_n`, at most `limit`, each with its number.
    async fn load<T: DeserializeOwned + Send + 'static>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
        from_n: u32,
        limit: u32,
    ) -> Result<Vec<(u32, T)>, PortError> {
        const OP: &str = "summaries.read";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT n, payload FROM summaries WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND kind = ?4 AND n >= ?5 ORDER BY n LIMIT ?6",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            let from = params![tenant, ledger, turn, kind, from_n, limit];
            let mut found = statement.query(from)?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                let payload = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                rows.push((row.get(0)?, unpack(OP, payload)?));
            }
            Ok(rows)
        };
        self.database.read(OP, select).await
    }

    async fn all<T: DeserializeOwned + Send + 'static>(
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
