//! `transactions ((ledger, turn, segment), time_us, seq)`: the rows a user reads. A row's number is
//! its place in time order, so here the number alone orders a segment.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::TransactionRow;
use ports::PortError;
use ports::tables::Transactions;

use super::numbered::{self, Place};
use crate::database::Database;

pub(super) const SCHEMA: &str = "
    CREATE TABLE transactions(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, turn INTEGER NOT NULL, segment INTEGER NOT NULL,
        seq INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(tenant, ledger, turn, segment, seq)
    ) WITHOUT ROWID;";

const INSERT: &str = "INSERT OR REPLACE INTO transactions VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const SELECT: &str = "SELECT seq, payload FROM transactions
    WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND segment = ?4 AND seq >= ?5
    ORDER BY seq LIMIT ?6";

/// The table.
pub struct TransactionsTable {
    pub(super) database: Database,
}

#[async_trait]
impl Transactions for TransactionsTable {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError> {
        let place = Place {
            ledger,
            turn,
            segment,
        };
        let op = "transactions.write";
        numbered::write(&self.database, op, INSERT, place, first_seq, rows).await
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        let place = Place {
            ledger,
            turn,
            segment,
        };
        let op = "transactions.page";
        numbered::page(&self.database, op, SELECT, place, from_seq, limit).await
    }
}
