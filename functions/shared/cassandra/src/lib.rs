//! The tables over Cassandra and Amazon Keyspaces: the ports of `ports::tables`, one file each.
//!
//! `session` opens the connection, `write` and `read` are the two ways data moves, `retry` says what
//! is tried again, `tls` and `sigv4` are what Keyspaces asks of a client. The tables themselves are
//! made by `infra/cassandra`, never from here.
//!
//! Rows are key columns and one packed payload (`ports::payload`): a column costs time and, on
//! Keyspaces, money, and nothing here is filtered by CQL but keys. Inserts only, under deterministic
//! keys, without nulls: a write may be repeated, and a repeat leaves no tombstone.

mod decisions;
mod disposals;
mod error;
mod ledger_prices;
mod parts;
mod place;
mod read;
mod rejects;
mod retry;
mod rows;
mod session;
mod settings;
mod sigv4;
mod statement;
mod summaries;
mod tls;
mod transactions;
mod write;

use std::sync::Arc;

use aws_credential_types::provider::SharedCredentialsProvider;

pub use decisions::DecisionsTable;
pub use disposals::DisposalsTable;
pub use error::ConnectError;
pub use ledger_prices::LedgerPricesTable;
pub use rejects::RejectsTable;
pub use rows::RowsTable;
pub use session::open;
pub use settings::{Access, Settings};
pub use statement::{Cql, STATEMENTS};
pub use summaries::SummariesTable;
pub use transactions::TransactionsTable;

use statement::Source;

/// Every table, over one session.
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

/// Opens the tables: once, at the start of a process. A server that cannot be reached, or lets us
/// not in, is an error here; one that goes away later is reconnected to without another call.
/// `credentials` are needed for `Access::Keyspaces` alone.
///
/// An own Cassandra is asked whether every table is there. Keyspaces is not: its tables come with
/// the stack, and a function's role may not see those it has no right to. There, a table that is
/// missing is named by the first statement that needs it.
///
/// # Errors
/// See `ConnectError`: each variant says what to do.
pub async fn connect(
    settings: &Settings,
    credentials: Option<SharedCredentialsProvider>,
) -> Result<Tables, ConnectError> {
    let session = open(settings, credentials).await?;
    let source = Arc::new(Source::new(session, &settings.keyspace));
    if !matches!(settings.access, Access::Keyspaces { .. }) {
        source.check().await?;
    }
    Ok(Tables {
        rows: Arc::new(RowsTable::new(&source)),
        rejects: Arc::new(RejectsTable::new(&source)),
        decisions: Arc::new(DecisionsTable::new(&source)),
        transactions: Arc::new(TransactionsTable::new(&source)),
        disposals: Arc::new(DisposalsTable::new(&source)),
        summaries: Arc::new(SummariesTable::new(&source)),
        ledger_prices: Arc::new(LedgerPricesTable::new(&source)),
    })
}
