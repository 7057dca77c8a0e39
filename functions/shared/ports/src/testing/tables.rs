//! The tables readers see, in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::ids::{LedgerRef, TurnId};
use domain::read_rows::{BalanceRow, Holding, SummaryRow, TransactionRow};
use domain::section_104::DayDisposal;

use super::lock;
use crate::PortError;
use crate::tables::{Disposals, Summaries, Transactions};

type SegmentKey = (LedgerRef, TurnId, u32);

/// The table `transactions`, and how many rows were read of it.
#[derive(Debug, Default)]
pub struct MemoryTransactions {
    rows: Mutex<BTreeMap<SegmentKey, BTreeMap<u32, TransactionRow>>>,
    read: Mutex<usize>,
}

impl MemoryTransactions {
    /// Rows read so far.
    #[must_use]
    pub fn rows_read(&self) -> usize {
        *lock(&self.read)
    }
}

#[async_trait]
impl Transactions for MemoryTransactions {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError> {
        let mut table = lock(&self.rows);
        table
            .entry((ledger.clone(), turn, segment))
            .or_default()
            .extend((first_seq..).zip(rows.iter().cloned()));
        Ok(())
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        let table = lock(&self.rows);
        let Some(rows) = table.get(&(ledger.clone(), turn, segment)) else {
            return Ok(Vec::new());
        };
        let page: Vec<_> = rows
            .range(from_seq..)
            .take(limit as usize)
            .map(|(seq, row)| (*seq, row.clone()))
            .collect();
        *lock(&self.read) += page.len();
        Ok(page)
    }
}

/// The table `disposals`.
#[derive(Debug, Default)]
pub struct MemoryDisposals(Mutex<BTreeMap<SegmentKey, Vec<DayDisposal>>>);

#[async_trait]
impl Disposals for MemoryDisposals {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        disposals: &[DayDisposal],
    ) -> Result<(), PortError> {
        let key = (ledger.clone(), turn, segment);
        lock(&self.0).insert(key, disposals.to_vec());
        Ok(())
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, DayDisposal)>, PortError> {
        let table = lock(&self.0);
        let rows = table.get(&(ledger.clone(), turn, segment));
        let numbered = (0..).zip(rows.into_iter().flatten().cloned());
        let page = numbered.skip(from_seq as usize).take(limit as usize);
        Ok(page.collect())
    }
}

/// The table `summaries`.
#[derive(Debug, Default)]
pub struct MemorySummaries {
    totals: Mutex<BTreeMap<(LedgerRef, TurnId), BTreeMap<u32, SummaryRow>>>,
    holdings: Mutex<BTreeMap<(LedgerRef, TurnId), Vec<Holding>>>,
    balances: Mutex<BTreeMap<(LedgerRef, TurnId), BTreeMap<u32, BalanceRow>>>,
}

#[async_trait]
impl Summaries for MemorySummaries {
    async fn write_totals(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        totals: &[SummaryRow],
    ) -> Result<(), PortError> {
        let mut table = lock(&self.totals);
        let rows = table.entry((ledger.clone(), turn)).or_default();
        rows.extend((first_n..).zip(totals.iter().cloned()));
        Ok(())
    }

    async fn write_holdings(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        holdings: &[Holding],
    ) -> Result<(), PortError> {
        lock(&self.holdings).insert((ledger.clone(), turn), holdings.to_vec());
        Ok(())
    }

    async fn totals(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<SummaryRow>, PortError> {
        let table = lock(&self.totals);
        let rows = table.get(&(ledger.clone(), turn)).into_iter();
        Ok(rows.flat_map(BTreeMap::values).cloned().collect())
    }

    async fn holdings(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<Holding>, PortError> {
        Ok(lock(&self.holdings)
            .get(&(ledger.clone(), turn))
            .cloned()
            .unwrap_or_default())
    }

    async fn write_balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        balances: &[BalanceRow],
    ) -> Result<(), PortError> {
        let numbered = (first_n..).zip(balances.iter().cloned());
        let mut table = lock(&self.balances);
        let rows = table.entry((ledger.clone(), turn)).or_default();
        rows.extend(numbered);
        Ok(())
    }

    async fn balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        from_n: u32,
        limit: u32,
    ) -> Result<Vec<(u32, BalanceRow)>, PortError> {
        let table = lock(&self.balances);
        let rows = table.get(&(ledger.clone(), turn));
        let rows = rows.into_iter().flat_map(|rows| rows.range(from_n..));
        let page = rows.take(limit as usize);
        Ok(page.map(|(n, row)| (*n, row.clone())).collect())
    }
}
