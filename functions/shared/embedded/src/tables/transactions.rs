//! `transactions ((ledger, turn, segment), time_us, seq)`: the rows a user reads. A row's number is
//! its place in time order, so here the number alone orders a segment.

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::TransactionRow;
use ports::PortError;
use ports::payload::{pack, unpack};
use ports::tables::Transactions;
use rusqlite::{Transaction, params};

use super::signed;
use crate::database::{Database, Durability};

pub(super) const SCHEMA: &str = "
    CREATE TABLE transactions(
        tenant TEXT NOT NULL, ledger TEXT NOT NULL, turn INTEGER NOT NULL, segment INTEGER NOT NULL,
        seq INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(tenant, ledger, turn, segment, seq)
    ) WITHOUT ROWID;";

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
        const OP: &str = "transactions.write";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let mut packed = Vec::with_capacity(rows.len());
        for row in rows {
            packed.push(pack(OP, row)?);
        }
        let insert = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "INSERT OR REPLACE INTO transactions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let (tenant, ledger) = (tenant.as_str(), ledger.as_str());
            for (seq, payload) in (i64::from(first_seq)..).zip(&packed) {
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
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        const OP: &str = "transactions.page";
        let LedgerRef { tenant, ledger } = ledger.clone();
        let turn = signed(OP, turn.0)?;
        let select = move |t: &Transaction<'_>| {
            let mut statement = t.prepare_cached(
                "SELECT seq, payload FROM transactions
                 WHERE tenant = ?1 AND ledger = ?2 AND turn = ?3 AND segment = ?4 AND seq >= ?5
                 ORDER BY seq LIMIT ?6",
            )?;
            let mut found = statement.query(params![
                tenant.as_str(),
                ledger.as_str(),
                turn,
                segment,
                from_seq,
                limit
            ])?;
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
