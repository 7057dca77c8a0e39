//! The least that writing as many rows could cost on the same Cassandra, in the same run.

use std::sync::Arc;
use std::time::Instant;

use cassandra::Settings;
use schema::apply::{Creation, apply};
use scylla::client::session::Session;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use tokio::task::JoinSet;

/// Bytes of a row's payload: about what the tables store.
const PAYLOAD_BYTES: usize = 110;
/// Rows of one unlogged batch, all of one partition: what Keyspaces takes.
const BATCH_ROWS: usize = 30;
/// Batches in flight.
const IN_FLIGHT: usize = 16;
/// Rows of one partition.
const PARTITION_ROWS: usize = 20_000;

/// Seconds to write as many rows by plain unlogged batches.
pub(crate) async fn write(rows: usize, settings: &Settings) -> f64 {
    let session = cassandra::open(settings, None).await.expect("a session");
    apply(&session, settings, Creation::Replicas(1))
        .await
        .expect("a keyspace");
    let keyspace = &settings.keyspace;
    let table = format!(
        "CREATE TABLE {keyspace}.floor (part bigint, at bigint, line bigint, payload blob, PRIMARY KEY (part, at, line))"
    );
    session.query_unpaged(table, ()).await.expect("a table");
    let insert =
        format!("INSERT INTO {keyspace}.floor (part, at, line, payload) VALUES (?, ?, ?, ?)");
    let insert = session.prepare(insert).await.expect("a statement");
    let session = Arc::new(session);
    let began = Instant::now();
    let mut flying = JoinSet::new();
    for first in (0..rows).step_by(BATCH_ROWS) {
        if flying.len() == IN_FLIGHT {
            flying.join_next().await.expect("a batch").expect("written");
        }
        let last = rows.min(first + BATCH_ROWS);
        flying.spawn(batch(Arc::clone(&session), insert.clone(), first, last));
    }
    flying.join_all().await;
    began.elapsed().as_secs_f64()
}

async fn batch(session: Arc<Session>, insert: PreparedStatement, first: usize, last: usize) {
    let mut batch = Batch::new(BatchType::Unlogged);
    let part = (first / PARTITION_ROWS) as i64;
    let values: Vec<_> = (first..last)
        .map(|row| (part, row as i64, row as i64, vec![7_u8; PAYLOAD_BYTES]))
        .collect();
    for _ in &values {
        batch.append_statement(insert.clone());
    }
    session.batch(&batch, values).await.expect("a batch");
}
