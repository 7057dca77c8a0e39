//! The adapter's statements, all of them, and how they are prepared.

use ports::{PortError, PortErrorKind};
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;

use crate::error::ConnectError;
use crate::retry::again;
use crate::session::ANSWER_WITHIN;
use crate::{decisions, disposals, ledger_prices, rejects, rows, summaries, transactions};

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
pub const STATEMENTS: [Cql; 14] = [
    rows::INSERT,
    rows::SELECT,
    rejects::INSERT,
    rejects::SELECT,
    decisions::INSERT,
    decisions::SELECT,
    transactions::INSERT,
    transactions::SELECT,
    disposals::INSERT,
    disposals::SELECT,
    summaries::INSERT,
    summaries::SELECT,
    ledger_prices::INSERT,
    ledger_prices::SELECT,
];

const TABLES: &str = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
const KEYSPACES: &str = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";

/// The session the tables share, and the keyspace they lie in.
pub(crate) struct Source {
    pub(crate) session: Session,
    keyspace: String,
}

impl Source {
    pub(crate) fn new(session: Session, keyspace: &str) -> Self {
        Self {
            session,
            keyspace: keyspace.to_owned(),
        }
    }

    /// Prepares a statement. Not before it is used: a function may be allowed to write a table and
    /// not to read it, and most use two or three statements of all.
    pub(crate) async fn prepare(
        &self,
        op: &'static str,
        cql: Cql,
    ) -> Result<PreparedStatement, PortError> {
        let text = cql.over(&self.keyspace);
        match again(op, || self.try_prepare(&text)).await {
            Ok(mut statement) => {
                statement.set_is_idempotent(true);
                Ok(statement)
            }
            Err(error) if error.kind == PortErrorKind::Reject => {
                let why = match self.missing(cql.table).await {
                    Ok(Some(missing)) => missing,
                    _ => ConnectError::Refused {
                        table: cql.table.to_owned(),
                        cause: error.source.to_string(),
                    },
                };
                Err(PortError::new(PortErrorKind::Reject, op, why))
            }
            Err(error) => Err(error),
        }
    }

    /// The driver would wait for ever for a server that has gone silent.
    async fn try_prepare(&self, text: &str) -> Result<PreparedStatement, ExecutionError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "an answer of the server is waited for, as long as for any other"
        )]
        let prepared = tokio::time::timeout(ANSWER_WITHIN, self.session.prepare(text)).await;
        let late = |_| ExecutionError::RequestTimeout(ANSWER_WITHIN);
        Ok(prepared.map_err(late)??)
    }

    /// Whether every table is there.
    pub(crate) async fn check(&self) -> Result<(), ConnectError> {
        let unanswered = |error: ExecutionError| ConnectError::Refused {
            table: "system_schema.tables".to_owned(),
            cause: error.to_string(),
        };
        let tables = self.names(TABLES).await.map_err(unanswered)?;
        let absent = |cql: &Cql| !tables.iter().any(|known| known == cql.table);
        let Some(cql) = STATEMENTS.into_iter().find(absent) else {
            return Ok(());
        };
        let missing = self.missing(cql.table).await.map_err(unanswered)?;
        missing.map_or(Ok(()), Err)
    }

    /// What is missing of a table's way: the keyspace, the table or nothing. The schema is asked, as
    /// what the server says of a missing table differs from version to version.
    async fn missing(&self, table: &str) -> Result<Option<ConnectError>, ExecutionError> {
        let keyspace = self.keyspace.clone();
        let tables = self.names(TABLES).await?;
        if tables.iter().any(|known| known == table) {
            return Ok(None);
        }
        if tables.is_empty() && self.names(KEYSPACES).await?.is_empty() {
            return Ok(Some(ConnectError::Keyspace { keyspace }));
        }
        let table = table.to_owned();
        Ok(Some(ConnectError::Table { keyspace, table }))
    }

    async fn names(&self, text: &str) -> Result<Vec<String>, ExecutionError> {
        let answer = self
            .session
            .query_unpaged(Statement::new(text), (&self.keyspace,))
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
