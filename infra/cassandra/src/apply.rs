//! Applying the files to a keyspace: each once, in order, recorded with its digest.
//!
//! Applying twice, or from two places at once, is harmless: every statement says `IF NOT EXISTS` or
//! is left out when its column is there, and the record of a file is the same whoever writes it.

use std::time::Duration;

use cassandra::{Access, ConnectError, Settings};
use scylla::client::session::Session;
use scylla::errors::{ExecutionError, SchemaAgreementError};
use sha2::{Digest, Sha256};

use crate::cql::{self, CqlError, Statement};
use crate::table::added_column;
use crate::{FILES, File};

/// What the command itself sends, beside the files: the lint reads it.
pub const STATEMENTS: [&str; 4] = [RECORDS, RECORDED, RECORD, COLUMN];

const RECORDS: &str =
    "CREATE TABLE IF NOT EXISTS schema_migrations (name text, digest text, PRIMARY KEY (name))";
const RECORDED: &str = "SELECT digest FROM schema_migrations WHERE name = ?";
const RECORD: &str = "INSERT INTO schema_migrations (name, digest) VALUES (?, ?)";
const COLUMN: &str = "SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ? AND column_name = ?";

/// How long Keyspaces may take to make a table: it takes seconds, and a minute when busy.
const READY_WITHIN: u32 = 120;
/// Between two looks at whether it has.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a keyspace that is not there yet is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It is not: it has to be there.
    Never,
    /// With so many replicas in the datacenter of the settings. Keyspaces always has three.
    Replicas(u8),
}

/// Why the schema was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Cassandra could not be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A file was changed after it had been applied.
    #[error(
        "{name} was applied with digest {applied} and now has {now}: an applied file is never changed; put it back, and make the change a file with the next number"
    )]
    Changed {
        /// The file.
        name: &'static str,
        /// Its digest then.
        applied: String,
        /// Its digest now.
        now: String,
    },
    /// A file is not CQL that can be applied.
    #[error("{name}: {source}")]
    File {
        /// The file.
        name: &'static str,
        /// What is wrong with it.
        source: CqlError,
    },
    /// The keyspace is missing and was not to be made.
    #[error("keyspace {0:?} is missing: make it, or say with how many replicas (--replicas N)")]
    Keyspace(String),
    /// A statement failed.
    #[error("{what}: {source}")]
    Statement {
        /// What was being done.
        what: String,
        /// The cause.
        source: ExecutionError,
    },
    /// Nodes do not agree on the schema.
    #[error("the nodes do not agree on the schema: {0}")]
    Agreement(#[from] SchemaAgreementError),
    /// Keyspaces did not finish in time.
    #[error(
        "table {table:?} is not ACTIVE after {seconds} s: look at it in Keyspaces, then apply again"
    )]
    NotReady {
        /// The table.
        table: String,
        /// How long was waited.
        seconds: u32,
    },
    /// An answer of another shape than the schema tables have.
    #[error("{what}: an answer that cannot be read")]
    Answer {
        /// What was being done.
        what: String,
    },
}

/// What was done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was applied now.
    Applied,
    /// It had been applied before.
    Before,
}

/// Applies every file that was not applied yet, and says what was done with each.
///
/// # Errors
/// See `ApplyError`. What was applied until then stays, and applying again goes on from there.
pub async fn apply(
    session: &Session,
    settings: &Settings,
    creation: Creation,
) -> Result<Vec<(&'static str, Done)>, ApplyError> {
    let applying = Applying { session, settings };
    applying.keyspace(creation).await?;
    applying
        .table_statement("schema_migrations", RECORDS)
        .await?;
    let mut report = Vec::with_capacity(FILES.len());
    for file in &FILES {
        report.push((file.name, applying.file(file).await?));
    }
    Ok(report)
}

struct Applying<'a> {
    session: &'a Session,
    settings: &'a Settings,
}

impl Applying<'_> {
    fn on_keyspaces(&self) -> bool {
        matches!(self.settings.access, Access::Keyspaces { .. })
    }

    async fn keyspace(&self, creation: Creation) -> Result<(), ApplyError> {
        const FIND: &str =
            "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let name = &self.settings.keyspace;
        if !self
            .names("looking for the keyspace", FIND, &[name])
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let replication = match creation {
            Creation::Never => return Err(ApplyError::Keyspace(name.clone())),
            Creation::Replicas(_) if self.on_keyspaces() => {
                "{'class': 'SingleRegionStrategy'}".to_owned()
            }
            Creation::Replicas(replicas) => format!(
                "{{'class': 'NetworkTopologyStrategy', '{}': {replicas}}}",
                self.settings.datacenter.replace('\'', "''")
            ),
        };
        let text = format!("CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {replication}");
        self.run("making the keyspace", &text, &[]).await?;
        if !self.on_keyspaces() {
            self.session.await_schema_agreement().await?;
            return Ok(());
        }
        for _ in 0..READY_WITHIN {
            if !self
                .names("looking for the keyspace", FIND, &[name])
                .await?
                .is_empty()
            {
                return Ok(());
            }
            pause().await;
        }
        Err(ApplyError::Keyspace(name.clone()))
    }

    async fn file(&self, file: &File) -> Result<Done, ApplyError> {
        let now = hex::encode(Sha256::digest(file.text));
        let what = format!("looking whether {} was applied", file.name);
        let recorded = self
            .names(&what, &self.within(RECORDED), &[file.name])
            .await?;
        match recorded.into_iter().next() {
            Some(applied) if applied == now => return Ok(Done::Before),
            Some(applied) => {
                let name = file.name;
                return Err(ApplyError::Changed { name, applied, now });
            }
            None => {}
        }
        let of_file = |source| ApplyError::File {
            name: file.name,
            source,
        };
        for statement in cql::statements(file.text).map_err(of_file)? {
            self.statement(&statement).await?;
        }
        let what = format!("recording {}", file.name);
        self.run(&what, &self.within(RECORD), &[file.name, &now])
            .await?;
        Ok(Done::Applied)
    }

    /// Makes a table, or adds a column that is not there yet.
    async fn statement(&self, statement: &Statement) -> Result<(), ApplyError> {
        if let Ok((table, column)) = added_column(statement) {
            let key = [self.settings.keyspace.as_str(), &table, &column.name];
            if !self
                .names("looking for a column", COLUMN, &key)
                .await?
                .is_empty()
            {
                return Ok(());
            }
            return self.table_statement(&table, &statement.text()).await;
        }
        let name = statement.tokens.get(5).and_then(|token| token.word());
        let table = name.unwrap_or_default().to_owned();
        self.table_statement(&table, &statement.text()).await
    }

    /// Runs a statement about a table and waits until every node knows of it.
    async fn table_statement(&self, table: &str, text: &str) -> Result<(), ApplyError> {
        let what = format!("changing table {table}");
        self.run(&what, &self.within(text), &[]).await?;
        if !self.on_keyspaces() {
            self.session.await_schema_agreement().await?;
            return Ok(());
        }
        for _ in 0..READY_WITHIN {
            const STATUS: &str = "SELECT status FROM system_schema_mcs.tables WHERE keyspace_name = ? AND table_name = ?";
            let key = [self.settings.keyspace.as_str(), table];
            let status = self.names("looking at a table", STATUS, &key).await?;
            if status.iter().any(|status| status == "ACTIVE") {
                return Ok(());
            }
            pause().await;
        }
        Err(ApplyError::NotReady {
            table: table.to_owned(),
            seconds: READY_WITHIN,
        })
    }

    /// A statement about our tables, with the keyspace in front of the table's name: a session's
    /// own keyspace would be forgotten by a connection that is made anew.
    fn within(&self, text: &str) -> String {
        let keyspace = &self.settings.keyspace;
        let words = [" table if not exists ", " table ", " from ", " into "];
        let lower = text.to_ascii_lowercase();
        for word in words {
            if let Some(place) = lower.find(word) {
                let (before, after) = text.split_at(place + word.len());
                return format!("{before}{keyspace}.{after}");
            }
        }
        text.to_owned()
    }

    async fn run(&self, what: &str, text: &str, values: &[&str]) -> Result<(), ApplyError> {
        let answer = self.session.query_unpaged(text, values).await;
        answer.map(|_| ()).map_err(|source| ApplyError::Statement {
            what: what.to_owned(),
            source,
        })
    }

    /// The first column of every row, a text.
    async fn names(
        &self,
        what: &str,
        text: &str,
        values: &[&str],
    ) -> Result<Vec<String>, ApplyError> {
        let unreadable = || ApplyError::Answer {
            what: what.to_owned(),
        };
        let answer = self.session.query_unpaged(text, values).await;
        let answer = answer.map_err(|source| ApplyError::Statement {
            what: what.to_owned(),
            source,
        })?;
        let rows = answer.into_rows_result().map_err(|_| unreadable())?;
        let names = rows.rows::<(String,)>().map_err(|_| unreadable())?;
        let mut found = Vec::new();
        for name in names {
            found.push(name.map_err(|_| unreadable())?.0);
        }
        Ok(found)
    }
}

async fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "Keyspaces makes tables in its own time, and this is a command a person waits for"
    )]
    tokio::time::sleep(LOOK_EVERY).await;
}
