//! The Cassandra tables: one narrow trait each. Rows are insert-only under deterministic keys, so
//! every write may be repeated: the same key always gets the same value.

use async_trait::async_trait;
use domain::asset::Asset;
use domain::ids::{Generation, JobId, LedgerRef, TurnId};
use domain::money::Decimal;
use domain::plan::RowPartition;
use domain::read_rows::{BalanceRow, Decision, Holding, SummaryRow, TransactionRow};
use domain::rows::Row;
use domain::section_104::DayDisposal;
use domain::time::{Day, Instant};

use crate::PortError;

/// Normalised rows: `rows ((job, generation, month, bucket), time_us, line)`.
#[async_trait]
pub trait Rows: Send + Sync {
    /// Stores rows of one partition. `Ok` proves all are durable.
    async fn write(&self, partition: RowPartition, rows: &[Row]) -> Result<(), PortError>;

    /// Rows of a partition with `from <= at < to`, in order of (at, line).
    async fn read(
        &self,
        partition: RowPartition,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<Row>, PortError>;
}

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reject {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its bytes, line end left out.
    pub length: u64,
    /// A stable code.
    pub code: String,
    /// Line, column, reason and what to do.
    pub message: String,
}

/// Refused records: `rejects ((job, generation, chunk), line)`.
#[async_trait]
pub trait Rejects: Send + Sync {
    /// Stores rejects of one chunk. `Ok` proves all are durable.
    async fn write(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
        rejects: &[Reject],
    ) -> Result<(), PortError>;

    /// All rejects of a chunk in order of line.
    async fn read(
        &self,
        job: JobId,
        generation: Generation,
        chunk: u32,
    ) -> Result<Vec<Reject>, PortError>;
}

/// Decisions of `reconcile`: `decisions ((ledger, turn, segment of the row), time_us, job, line)`.
#[async_trait]
pub trait Decisions: Send + Sync {
    /// Stores decisions on rows of one segment. `Ok` proves all are durable.
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        decisions: &[Decision],
    ) -> Result<(), PortError>;

    /// All decisions on rows of a segment, in order of (at, job, line).
    async fn read(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
    ) -> Result<Vec<Decision>, PortError>;
}

/// The read table `transactions ((ledger, turn, segment), time_us, seq)`.
#[async_trait]
pub trait Transactions: Send + Sync {
    /// Stores rows of one segment; a row's number is its place in `rows` plus `first_seq`.
    /// `Ok` proves all are durable.
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError>;

    /// Rows of a segment from number `from_seq`, in order, at most `limit`, each with its number.
    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, TransactionRow)>, PortError>;
}

/// The read table `disposals ((ledger, turn, segment), seq)`: what section 104 made of tax days, under
/// the segment that decided it, numbered in order of day, asset and place.
#[async_trait]
pub trait Disposals: Send + Sync {
    /// Stores all disposals of one segment; a row's number is its place in `disposals`. `Ok` proves
    /// all are durable.
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        disposals: &[DayDisposal],
    ) -> Result<(), PortError>;

    /// Disposals of a segment from number `from_seq`, in order, at most `limit`, each with its
    /// number.
    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, DayDisposal)>, PortError>;
}

/// The read table `summaries ((ledger, turn), kind, n)`: totals, holdings and balances of a revision.
#[async_trait]
pub trait Summaries: Send + Sync {
    /// Stores totals of a revision; a row's number is its place in `totals` plus `first_n`. `Ok` proves
    /// all are durable.
    async fn write_totals(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        totals: &[SummaryRow],
    ) -> Result<(), PortError>;

    /// Stores a revision's holdings, sorted. `Ok` proves all are durable.
    async fn write_holdings(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        holdings: &[Holding],
    ) -> Result<(), PortError>;

    /// A revision's totals in the order they were stored.
    async fn totals(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<SummaryRow>, PortError>;

    /// A revision's holdings in the order they were stored.
    async fn holdings(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<Holding>, PortError>;

    /// Stores balances of a revision; a row's number is its place in `balances` plus `first_n`. `Ok`
    /// proves all are durable.
    async fn write_balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        first_n: u32,
        balances: &[BalanceRow],
    ) -> Result<(), PortError>;

    /// Balances of a revision from number `from_n`, in order, at most `limit`, each with its number.
    async fn balances(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        from_n: u32,
        limit: u32,
    ) -> Result<Vec<(u32, BalanceRow)>, PortError>;
}

/// A price of one unit of an asset on one day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DayPrice {
    /// The asset.
    pub asset: Asset,
    /// The currency it is priced in.
    pub quote: Asset,
    /// The day of UTC.
    pub day: Day,
    /// The price; absent when the source has none for a past day.
    pub price: Option<Decimal>,
    /// Where it came from: `own`, or a provider's name.
    pub source: String,
}

/// Who put prices into a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceOwner {
    /// The user, by a job of kind prices.
    Job(JobId),
    /// A turn that pinned the prices it used.
    Turn(TurnId),
}

/// Prices of a ledger: `ledger_prices ((ledger, owner, quote, year), day, asset)`.
#[async_trait]
pub trait LedgerPrices: Send + Sync {
    /// Stores prices. `Ok` proves all are durable.
    async fn write(
        &self,
        ledger: &LedgerRef,
        owner: PriceOwner,
        prices: &[DayPrice],
    ) -> Result<(), PortError>;

    /// Prices in `quote` with `from <= day <= to`, in order of (day, asset).
    async fn read(
        &self,
        ledger: &LedgerRef,
        owner: PriceOwner,
        quote: &Asset,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayPrice>, PortError>;
}
