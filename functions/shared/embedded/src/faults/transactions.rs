//! `transactions.write`, `transactions.page`; described by tenant, ledger, turn and segment.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::TransactionRow;
use ports::PortError;
use ports::tables::Transactions;

use super::Faults;

/// The transactions table behind faults.
pub struct FaultyTransactions {
    /// The table.
    pub inner: Arc<dyn Transactions>,
    /// What fails.
    pub faults: Arc<Faults>,
}

fn describe(ledger: &LedgerRef, turn: TurnId, segment: u32) -> String {
    format!("{}/{}/{turn}/{segment}", ledger.tenant, ledger.ledger)
}

#[async_trait]
impl Transactions for FaultyTransactions {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError> {
        let about = describe(ledger, turn, segment);
        self.faults.before("transactions.write", &about)?;
        self.inner
            .write(ledger, turn, segment, first_seq, rows)
            .await?;
        self.faults.after("transactions.write", &about)
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        let about = describe(ledger, turn, segment);
        self.faults.before("transactions.page", &about)?;
        let page = self
            .inner
            .page(ledger, turn, segment, from_seq, limit)
            .await?;
        self.faults.after("transactions.page", &about)?;
        Ok(page)
    }
}
