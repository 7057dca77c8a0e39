//! Records whose sender died between the commit and the send.

use domain::state::OutboxRecord;
use domain::time::Instant;
use ports::outbox::dispatch;
use ports::{PortError, Sender, StateStore};

use crate::PAGE;

/// Younger records are left alone: whoever committed them is most likely sending them right now.
const AGE_US: i64 = 30_000_000;

/// Sends old records; answers how many.
pub(crate) async fn resend(
    state: &dyn StateStore,
    sender: &dyn Sender,
    now: Instant,
) -> Result<u32, PortError> {
    let mut sent = 0;
    for partition in OutboxRecord::partitions() {
        for stored in state.list(&partition, "", None, PAGE).await? {
            let record = stored.decode::<OutboxRecord>()?.value;
            if record.written_at.plus_us(AGE_US) <= now {
                dispatch(state, sender, &record).await?;
                sent += 1;
            }
        }
    }
    Ok(sent)
}
