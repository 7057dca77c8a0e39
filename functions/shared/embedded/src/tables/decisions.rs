//! `decisions ((ledger, turn, segment), time_us, job, line)`: what `reconcile` says of rows.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::Decision;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Decisions;
use rusqlite::{Transaction, params};

use super::signed;
use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE decisions(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, turn INTEGER NOT NULL, segment INTEGER NOT NULL,
        time_us INTEGER NOT NULL, job BLOB NOT NULL, line INTEGER NOT NULL, payload BLOB NOT NULL,
        PRIMARY KEY(tenant, ledger, turn, segment, time_us, job, line)
    ) WITHOUT ROWID;";

/// The table.
pub struct DecisionsTable {
    pub(super) database: Database,
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
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let mut packed = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let line = signed(OP, decision.row.line)?;
            packed.push((decision.at.0, decision.row.job, line, pack(OP, decision)?));
        }
        let insert = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "INSERT OR REPLACE INTO decisions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            for (at, job, line, payload) in &packed {
                statement.execute(params![
                    tenant,
                    ledger,
                    turn,
                    segment,
                    at,
                    job.as_bytes(),
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
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
    ) -> Result<Vec<Decision>, PortError> {
        const OP: &str = "decisions.read";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT payload FROM decisions WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND segment = ?4
                 ORDER BY time_us, job, line",
            )?;
            let mut found =
                statement.query(params![tenant.as_str(), ledger.as_str(), turn, segment])?;
            let mut decisions = Vec::new();
            while let Some(row) = found.next()? {
                decisions.push(unpack(
                    OP,
                    row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?,
                )?);
            }
            Ok(decisions)
        };
        self.database.read(OP, select).await
    }
}
