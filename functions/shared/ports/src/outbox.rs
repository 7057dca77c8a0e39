//! Saved before sent (I1): a commit writes the record, this sends what the record says and then
//! forgets it. Whoever dies in between leaves the record for `sweep`, which calls the same function.

use domain::limits::MAX_SEND_BATCH;
use domain::state::{Change, Document, OutboxRecord};

use crate::{Outgoing, PortError, Sender, StateStore};

/// Sends a record's messages and forgets the record.
///
/// Calling it twice, or at the same time from two places, sends messages twice: receivers take that
/// (I2). It never loses one: the record goes only after every message is stored.
///
/// # Errors
/// What the queue or the store says; the record is still there then.
pub async fn dispatch(
    store: &dyn StateStore,
    sender: &dyn Sender,
    record: &OutboxRecord,
) -> Result<(), PortError> {
    let mut batch = Vec::with_capacity(MAX_SEND_BATCH);
    for envelope in record.messages() {
        batch.push(Outgoing {
            body: envelope.body(),
            delay_seconds: 0,
        });
        if batch.len() == MAX_SEND_BATCH {
            sender.send(record.queue, &batch).await?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        sender.send(record.queue, &batch).await?;
    }
    store.commit(&[Change::Delete { key: record.key() }]).await
}
