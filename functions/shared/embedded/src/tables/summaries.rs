//! `summaries ((ledger, turn), kind, n)`: totals and holdings of a revision, in stored order.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::{Holding, SummaryRow};
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

/// The two kinds of row: frozen.
const TOTAL: &str = "total";
const HOLDING: &str = "holding";

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
            for (n, payload) in (0i64..).zip(&packed) {
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

    async fn load<T: DeserializeOwned + Send + 'static>(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        kind: &'static str,
    ) -> Result<Vec<T>, PortError> {
        const OP: &str = "summaries.read";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT payload FROM summaries WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND kind = ?4 ORDER BY n",
            )?;
            let mut found =
                statement.query(params![tenant.as_str(), ledger.as_str(), turn, kind])?;
            let mut rows = Vec::new();
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
