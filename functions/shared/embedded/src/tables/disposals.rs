//! `disposals ((ledger, turn, segment), seq)`: what section 104 made of tax days.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::section_104::DayDisposal;
use ports::PortError;
use ports::tables::Disposals;

use super::numbered::{self, Place};
use crate::database::Database;

pub(super) const SCHEMA: &str = "
    CREATE TABLE disposals(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, turn INTEGER NOT NULL, segment INTEGER NOT NULL,
        seq INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(tenant, ledger, turn, segment, seq)
    ) WITHOUT ROWID;";

const INSERT: &str = "INSERT OR REPLACE INTO disposals VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const SELECT: &str = "SELECT seq, payload FROM disposals
    WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND segment = ?4 AND seq >= ?5
    ORDER BY seq LIMIT ?6";

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
        if disposals.is_empty() {
            return Ok(());
        }
        let place = Place {
            ledger,
            turn,
            segment,
        };
        let op = "disposals.write";
        numbered::write(&self.database, op, INSERT, place, 0, disposals).await
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, DayDisposal)>, PortError> {
        let place = Place {
            ledger,
            turn,
            segment,
        };
        let op = "disposals.page";
        numbered::page(&self.database, op, SELECT, place, from_seq, limit).await
    }
}
