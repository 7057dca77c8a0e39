//! What a run asks of its servers, counted at the ports: every price of the cloud is one of these.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use domain::ids::{Generation, JobId, LedgerRef, TurnId};
use domain::message::Queue;
use domain::plan::RowPartition;
use domain::read_rows::{BalanceRow, Decision, Holding, SummaryRow, TransactionRow};
use domain::rows::Row;
use domain::section_104::DayDisposal;
use domain::state::{BatchOutcome, Change, DoneSet, Key, Recorded};
use domain::time::Instant;
use millrace::stack::Outside;
use ports::tables::{Decisions, Disposals, Reject, Rejects, Rows, Summaries, Transactions};
use ports::{DoneSets, Outgoing, PortError, Sender, StateStore, Stored};

/// Counters of one world.
#[derive(Debug, Default)]
pub struct Counts {
    messages: AtomicU64,
    items: AtomicU64,
    rows: AtomicU64,
    decisions: AtomicU64,
    transactions: AtomicU64,
    others: AtomicU64,
}

/// What was counted since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Messages sent.
    pub messages: u64,
    /// Items of the state table that were written.
    pub items: u64,
    /// Rows of `rows`.
    pub rows: u64,
    /// Rows of `decisions`.
    pub decisions: u64,
    /// Rows of `transactions`.
    pub transactions: u64,
    /// Rows of `rejects`, `disposals` and `summaries`.
    pub others: u64,
}

impl Counted {
    /// Rows of all tables.
    pub fn written(&self) -> u64 {
        self.rows + self.decisions + self.transactions + self.others
    }
}

impl Counts {
    /// What was counted since the last call.
    pub fn take(&self) -> Counted {
        let taken = |counter: &AtomicU64| counter.swap(0, Ordering::SeqCst);
        Counted {
            messages: taken(&self.messages),
            items: taken(&self.items),
            rows: taken(&self.rows),
            decisions: taken(&self.decisions),
            transactions: taken(&self.transactions),
            others: taken(&self.others),
        }
    }

    /// The same ports, counted.
    pub fn in_front_of(self: &Arc<Self>, outside: Outside) -> Outside {
        let counts = || Arc::clone(self);
        Outside {
            sender: Arc::new(In(outside.sender, counts())),
            state: Arc::new(In(outside.state, counts())),
            done_sets: Arc::new(In(outside.done_sets, counts())),
            rows: Arc::new(In(outside.rows, counts())),
            rejects: Arc::new(In(outside.rejects, counts())),
            decisions: Arc::new(In(outside.decisions, counts())),
            transactions: Arc::new(In(outside.transactions, counts())),
            disposals: Arc::new(In(outside.disposals, counts())),
            summaries: Arc::new(In(outside.summaries, counts())),
            ..outside
        }
    }
}

fn add(counter: &AtomicU64, many: usize) {
    counter.fetch_add(many as u64, Ordering::SeqCst);
}

/// A port behind its counter.
struct In<P: ?Sized>(Arc<P>, Arc<Counts>);

#[async_trait]
impl Sender for In<dyn Sender> {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        add(&self.1.messages, messages.len());
        self.0.send(queue, messages).await
    }
}

#[async_trait]
impl StateStore for In<dyn StateStore> {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        self.0.get(key).await
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        self.0.list(partition, prefix, after, limit).await
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        add(&self.1.items, changes.len());
        self.0.commit(changes).await
    }
}

#[async_trait]
impl DoneSets for In<dyn DoneSets> {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        self.0.read(key).await
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        add(&self.1.items, 1);
        self.0.record(key, generation, batch, outcome).await
    }
}

#[async_trait]
impl Rows for In<dyn Rows> {
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError> {
        add(&self.1.rows, rows.len());
        self.0.write(partition, rows).await
    }

    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError> {
        self.0.read(partition, from, to).await
    }
}

#[async_trait]
impl Rejects for In<dyn Rejects> {
    async fn write(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
        rejects: &[Reject],
    ) -> Result<(), PortError> {
        add(&self.1.others, rejects.len());
        self.0.write(job, generation, chunk, rejects).await
    }

    async fn read(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
    ) -> Result<Vec<Reject>, PortError> {
        self.0.read(job, generation, chunk).await
    }
}

#[async_trait]
impl Decisions for In<dyn Decisions> {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        decisions: &[Decision],
    ) -> Result<(), PortError> {
        add(&self.1.decisions, decisions.len());
        self.0.write(ledger, turn, segment, decisions).await
    }

    async fn read(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
    ) -> Result<Vec<Decision>, PortError> {
        self.0.read(ledger, turn, segment).await
    }
}

#[async_trait]
impl Transactions for In<dyn Transactions> {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError> {
        add(&self.1.transactions, rows.len());
        self.0.write(ledger, turn, segment, first_seq, rows).await
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        self.0.page(ledger, turn, segment, from_seq, limit).await
    }
}

#[async_trait]
impl Disposals for In<dyn Disposals> {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        disposals: &[DayDisposal],
    ) -> Result<(), PortError> {
        add(&self.1.others, disposals.len());
        self.0.write(ledger, turn, segment, disposals).await
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, DayDisposal)>, PortError> {
        self.0.page(ledger, turn, segment, from_seq, limit).await
    }
}

#[async_trait]
impl Summaries for In<dyn Summaries> {
    async fn write_totals(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        totals: &[SummaryRow],
    ) -> Result<(), PortError> {
        add(&self.1.others, totals.len());
        self.0.write_totals(ledger, turn, first_n, totals).await
    }

    async fn write_holdings(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        holdings: &[Holding],
    ) -> Result<(), PortError> {
        add(&self.1.others, holdings.len());
        self.0.write_holdings(ledger, turn, holdings).await
    }

    async fn write_balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        balances: &[BalanceRow],
    ) -> Result<(), PortError> {
        add(&self.1.others, balances.len());
        self.0.write_balances(ledger, turn, first_n, balances).await
    }

    async fn balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        from_n: u32,
        limit: u32,
    ) -> Result<Vec<(u32, BalanceRow)>, PortError> {
        self.0.balances(ledger, turn, from_n, limit).await
    }

    async fn totals(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<SummaryRow>, PortError> {
        self.0.totals(ledger, turn).await
    }

    async fn holdings(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<Holding>, PortError> {
        self.0.holdings(ledger, turn).await
    }
}
