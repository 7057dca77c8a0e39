//! The adapter's statements, all of them, and how they are prepared.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};
use scylla::statement::unprepared::Statement;

use crate::error::ConnectError;
use crate::read::Select;
use crate::write::Insert;
use crate::{decisions, ledger_prices, rejects, rows, summaries, transactions};

/// A statement over one table. The keyspace is a setting, so `{keyspace}` stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cql {
    /// The table.
    pub table: &'static str,
    /// The statement.
    pub text: &'static str,
}

impl Cql {
    /// The statement over a keyspace.
    #[must_use]
    pub fn over(&self, keyspace: &str) -> String {
        self.text.replace("{keyspace}", keyspace)
    }
}

/// Every statement this crate ever sends about a table: what the lint reads.
pub const STATEMENTS: [Cql; 12] = [
    rows::INSERT,
    rows::SELECT,
    rejects::INSERT,
    rejects::SELECT,
    decisions::INSERT,
    decisions::SELECT,
    transactions::INSERT,
    transactions::SELECT,
    summaries::INSERT,
    summaries::SELECT,
    ledger_prices::INSERT,
    ledger_prices::SELECT,
];

/// Prepares statements at the start of a process.
pub(crate) struct Preparing<'a> {
    session: Arc<Session>,
    keyspace: &'a str,
}

impl<'a> Preparing<'a> {
    pub(crate) fn new(session: Arc<Session>, keyspace: &'a str) -> Self {
        Self { session, keyspace }
    }

    pub(crate) async fn insert(&self, cql: Cql) -> Result<Insert, ConnectError> {
        let mut statement = self.prepare(cql).await?;
        statement.set_is_idempotent(true);
        Ok(Insert::new(Arc::clone(&self.session), statement))
    }

    pub(crate) async fn select(&self, cql: Cql) -> Result<Select, ConnectError> {
        let statement = self.prepare(cql).await?;
        Ok(Select::new(Arc::clone(&self.session), statement))
    }

    async fn prepare(
        &self,
        cql: Cql,
    ) -> Result<scylla::statement::prepared::PreparedStatement, ConnectError> {
        match self.session.prepare(cql.over(self.keyspace)).await {
            Ok(statement) => Ok(statement),
            Err(error) => Err(self.why(cql.table, &error).await),
        }
    }

    /// Why a statement was refused. What the server says differs from version to version, so when it
    /// calls the statement invalid, the schema is asked what is missing.
    async fn why(&self, table: &str, error: &PrepareError) -> ConnectError {
        let refused = ConnectError::Refused {
            table: table.to_owned(),
            cause: error.to_string(),
        };
        let PrepareError::AllAttemptsFailed {
            first_attempt: RequestAttemptError::DbError(DbError::Invalid, _),
        } = error
        else {
            return refused;
        };
        match self.tables().await {
            Ok(tables) if tables.is_empty() && !self.keyspace_exists().await => {
                ConnectError::Keyspace {
                    keyspace: self.keyspace.to_owned(),
                }
            }
            Ok(tables) if !tables.iter().any(|known| known == table) => ConnectError::Table {
                keyspace: self.keyspace.to_owned(),
                table: table.to_owned(),
            },
            _ => refused,
        }
    }

    async fn tables(&self) -> Result<Vec<String>, ExecutionError> {
        self.names("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?")
            .await
    }

    async fn keyspace_exists(&self) -> bool {
        let found = self
            .names("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?")
            .await;
        found.is_ok_and(|names| !names.is_empty())
    }

    async fn names(&self, text: &str) -> Result<Vec<String>, ExecutionError> {
        let answer = self
            .session
            .query_unpaged(Statement::new(text), (self.keyspace,))
            .await?;
        let Ok(rows) = answer.into_rows_result() else {
            return Ok(Vec::new());
        };
        let Ok(names) = rows.rows::<(String,)>() else {
            return Ok(Vec::new());
        };
        Ok(names.flatten().map(|(name,)| name).collect())
    }
}
