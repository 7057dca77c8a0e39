//! Writing balances while a revision is published, a few assets' at a time: none is held longer than
//! a write is worth, however many accounts a ledger has.

use domain::read_rows::BalanceRow;
use ports::PortError;
use ports::tables::Summaries;

use crate::publish::Work;

/// Balances that are written at once.
const AT_ONCE: usize = 2_000;

/// Numbers and writes them in the order they come.
pub(crate) struct Balances<'a> {
    table: &'a dyn Summaries,
    work: Work<'a>,
    next: u32,
    waiting: Vec<BalanceRow>,
}

impl<'a> Balances<'a> {
    pub(crate) fn new(table: &'a dyn Summaries, work: Work<'a>) -> Self {
        Self {
            table,
            work,
            next: 0,
            waiting: Vec::new(),
        }
    }

    /// Takes the balances of an asset.
    ///
    /// # Errors
    /// What the table says; `Bug` when one does not add up: a revision that contradicts itself is
    /// not published.
    pub(crate) async fn add(&mut self, rows: Vec<BalanceRow>) -> Result<(), PortError> {
        if let Some(row) = rows.iter().find(|row| !row.adds_up()) {
            let text = format!("the balance of {} does not add up", row.asset);
            return Err(PortError::bug("metrics.balances", text));
        }
        self.waiting.extend(rows);
        if self.waiting.len() >= AT_ONCE {
            self.write().await?;
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// What the table says.
    pub(crate) async fn end(mut self) -> Result<(), PortError> {
        self.write().await
    }

    async fn write(&mut self) -> Result<(), PortError> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let (owner, turn) = (self.work.owner, self.work.turn);
        let write = self.table.write_balances(owner, turn, self.next, &rows);
        write.await?;
        let written = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.next = self.next.saturating_add(written);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::ids::{LedgerRef, TurnId};
    use domain::money::Decimal;
    use domain::time::Instant;
    use ports::PortErrorKind;
    use ports::testing::MemorySummaries;

    use super::*;

    fn owner() -> LedgerRef {
        LedgerRef {
            tenant: "t".parse().unwrap(),
            ledger: "l".parse().unwrap(),
        }
    }

    fn work(owner: &LedgerRef) -> Work<'_> {
        Work {
            owner,
            turn: TurnId(1),
            now: Instant(0),
        }
    }

    fn row(year: i16, closing: &str) -> BalanceRow {
        BalanceRow {
            asset: "BTC".parse().unwrap(),
            account: "main".parse().unwrap(),
            year: Some(year),
            opening: Decimal::ONE,
            received: Decimal::ONE,
            sent: Decimal::ZERO,
            fee: "0.5".parse().unwrap(),
            closing: closing.parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn many_are_numbered_in_the_order_they_came_and_none_is_left() {
        let (table, owner) = (MemorySummaries::default(), owner());
        let mut balances = Balances::new(&table, work(&owner));
        let mut all = Vec::new();
        for years in [0..1_500, 1_500..2_900, 2_900..2_901] {
            let rows: Vec<_> = years.map(|year| row(year, "1.5")).collect();
            all.extend(rows.clone());
            balances.add(rows).await.unwrap();
        }
        balances.end().await.unwrap();
        let stored = table.balances(&owner, TurnId(1), 0, 9_999).await.unwrap();
        assert!((0..).zip(all).eq(stored));
    }

    #[tokio::test]
    async fn a_balance_that_does_not_add_up_is_an_error() {
        let (table, owner) = (MemorySummaries::default(), owner());
        let mut balances = Balances::new(&table, work(&owner));
        let error = balances.add(vec![row(2024, "1.49")]).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Bug);
        balances.end().await.unwrap();
        let stored = table.balances(&owner, TurnId(1), 0, 9).await.unwrap();
        assert_eq!(stored, []);
    }
}
