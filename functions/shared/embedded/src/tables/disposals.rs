//! `disposals ((ledger, turn, segment), seq)`: what section 104 made of tax days.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::section_104::DayDisposal;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Disposals;
use rusqlite::{Transaction, params};

use super::signed;
use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE disposals(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, turn INTEGER NOT NULL, segment INTEGER NOT NULL,
        seq INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(tenant, ledger, turn, segment, seq)
    ) WITHOUT ROWID;";

/// The table.
pub struct DisposalsTable {
    pub(super) database: Database,
}

#[async_trait]
impl Disposals for DisposalsTable {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        disposals: &[DayDisposal],
    ) -> Result<(), PortError> {
        const OP: &str = "disposals.write";
        if disposals.is_empty() {
            return Ok(());
        }
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let mut packed = Vec::with_capacity(disposals.len());
        for disposal in disposals {
            packed.push(pack(OP, disposal)?);
        }
        let insert = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "INSERT OR REPLACE INTO disposals VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            for (seq, payload) in (0i64..).zip(&packed) {
                statement.execute(params![tenant, ledger, turn, segment, seq, payload])?;
            }
            Ok(())
        };
        self.database.write(OP, Durability::Synced, insert).await
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, DayDisposal)>, PortError> {
        const OP: &str = "disposals.page";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT seq, payload FROM disposals
                 WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND segment = ?4 AND seq >= ?5
                 ORDER BY seq LIMIT ?6",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            let place = params![tenant, ledger, turn, segment, from_seq, limit];
            let mut found = statement.query(place)?;
            let mut page = Vec::new();
            while let Some(row) = found.next()? {
                let payload = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                page.push((row.get(0)?, unpack(OP, payload)?));
            }
            Ok(page)
        };
        self.database.read(OP, select).await
    }
}
