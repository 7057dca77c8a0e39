//! The ports in one process, durable in a folder or in memory for tests.
//!
//! This is product code, not a mock: `millrace ingest` and `millrace dev` run on it, and it passes
//! the suites of `ports::contract` like the cloud's adapters. What differs from the cloud is named
//! where it differs. Deliberately absent: limits of rate, retention of messages, TTL by itself
//! (`SqliteState::forget_expired` is called by `sweep`'s schedule).
//!
//! State, queues and tables are three SQLite files, so that writers of one do not wait for another.

mod chance;
mod checksum;
pub mod clock;
mod database;
pub mod faults;
pub mod ids;
pub mod objects;
mod place;
mod queue;
pub mod s3;
pub mod signing;
mod state;
pub mod tables;

use std::sync::Arc;

use ports::{Clock, Ids};

pub use clock::ManualClock;
pub use ids::SeededIds;
pub use place::{OpenError, Place};
pub use queue::{Depth, QueueFaults, Queues};
pub use state::SqliteState;
pub use tables::Tables;

use crate::database::Database;

/// Every embedded adapter, over one place.
pub struct Embedded {
    /// Documents and done-sets.
    pub state: Arc<SqliteState>,
    /// The queues and their dead-letter queues.
    pub queues: Arc<Queues>,
    /// The Cassandra tables.
    pub tables: Arc<Tables>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh names.
    pub ids: Arc<dyn Ids>,
}

impl Embedded {
    /// Opens the stores in a place. A folder is locked against other processes until the last store
    /// of it is dropped.
    ///
    /// On disk, the stores do their work on tokio's blocking threads; in memory they do it where
    /// they are called.
    ///
    /// # Errors
    /// The folder cannot be used, is in use, or holds data this build does not understand.
    pub fn open(
        place: &Place,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, OpenError> {
        let lock = place::prepare(place)?;
        let open = |name, schema: &str| Database::open(place, lock.clone(), name, schema);
        let state = open("state.db", state::SCHEMA)?;
        let queues = open("queues.db", queue::SCHEMA)?;
        let tables = open("tables.db", &Tables::schema())?;
        Ok(Self {
            state: Arc::new(SqliteState::new(state)),
            queues: Arc::new(Queues::new(queues, Arc::clone(&clock))),
            tables: Arc::new(Tables::new(&tables)),
            clock,
            ids,
        })
    }
}
