//! The Cassandra tables as SQLite tables, one file each.
//!
//! The key columns are those of the Cassandra schema, in its order, and the rest of a row is one
//! packed payload (`ports::payload`). Every key that is not under a job's id begins with tenant and ledger,
//! as columns of their own, so no name runs into another (I8). Writing a row again writes the same
//! value over itself, as in Cassandra.

mod decisions;
mod disposals;
mod ledger_prices;
mod numbered;
mod rejects;
mod rows;
mod summaries;
mod transactions;

use std::sync::Arc;

use ports::PortError;

pub use decisions::DecisionsTable;
pub use disposals::DisposalsTable;
pub use ledger_prices::LedgerPricesTable;
pub use rejects::RejectsTable;
pub use rows::RowsTable;
pub use summaries::SummariesTable;
pub use transactions::TransactionsTable;

use crate::database::Database;

/// Every table, in one database.
pub struct Tables {
    /// Normalised rows.
    pub rows: Arc<RowsTable>,
    /// Refused records.
    pub rejects: Arc<RejectsTable>,
    /// Decisions of `reconcile`.
    pub decisions: Arc<DecisionsTable>,
    /// What a user reads.
    pub transactions: Arc<TransactionsTable>,
    /// What section 104 decided.
    pub disposals: Arc<DisposalsTable>,
    /// Totals and holdings.
    pub summaries: Arc<SummariesTable>,
    /// Prices of ledgers.
    pub ledger_prices: Arc<LedgerPricesTable>,
}

impl Tables {
    pub(crate) fn new(database: &Database) -> Self {
        Self {
            rows: Arc::new(RowsTable {
                database: database.clone(),
            }),
            rejects: Arc::new(RejectsTable {
                database: database.clone(),
            }),
            decisions: Arc::new(DecisionsTable {
                database: database.clone(),
            }),
            transactions: Arc::new(TransactionsTable {
                database: database.clone(),
            }),
            disposals: Arc::new(DisposalsTable {
                database: database.clone(),
            }),
            summaries: Arc::new(SummariesTable {
                database: database.clone(),
            }),
            ledger_prices: Arc::new(LedgerPricesTable {
                database: database.clone(),
            }),
        }
    }

    /// The statements that make every table.
    pub(crate) fn schema() -> String {
        [
            rows::SCHEMA,
            rejects::SCHEMA,
            decisions::SCHEMA,
            transactions::SCHEMA,
            disposals::SCHEMA,
            summaries::SCHEMA,
            ledger_prices::SCHEMA,
        ]
        .concat()
    }
}

/// SQLite's integers are signed; no count of ours comes near the bound.
fn signed(op: &'static str, value: u64) -> Result<i64, PortError> {
    i64::try_from(value).map_err(|error| PortError::bug(op, error))
}
