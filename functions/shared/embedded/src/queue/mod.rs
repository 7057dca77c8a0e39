//! Every queue and its dead-letter queue, with the rules of SQS standard queues.
//!
//! A message is a row of one SQLite table; whether it can be received follows from the time alone,
//! so nothing here runs by itself and nothing sleeps. Sending waits for the disk: an accepted message
//! survives a power cut. Receiving and acknowledging do not: what a power cut undoes of them is a
//! message that comes once more, and every receiver takes that (I2).

mod faults;
mod store;
mod wake;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use domain::limits::{MAX_DELAY_SECONDS, MAX_HIDE_SECONDS, MAX_MESSAGE_BYTES, MAX_RECEIVE_BATCH};
use domain::message::Queue;
use domain::time::Instant;
use ports::{
    Clock, Outgoing, PortError, PortErrorKind, Postponer, QueueName, Received, Receiver, Sender,
};
use tokio::sync::watch;

pub use faults::QueueFaults;
pub use store::Depth;
pub(crate) use store::SCHEMA;

use crate::database::{Database, Durability};
use faults::FaultSwitch;
use store::Receipt;
use wake::Bells;

/// All queues.
pub struct Queues {
    database: Database,
    clock: Arc<dyn Clock>,
    bells: Bells,
    faults: FaultSwitch,
}

impl Queues {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            clock,
            bells: Bells::default(),
            faults: FaultSwitch::default(),
        }
    }

    /// Makes the queues behave badly, in ways SQS may.
    pub fn set_faults(&self, faults: QueueFaults) {
        self.faults.set(faults);
    }

    /// Changes whenever the answer of `receive` or `next_due` for this queue may have changed by
    /// something else than time: a pump waits for this or for `next_due`, whichever is first.
    /// What happens between two looks is not missed.
    #[must_use]
    pub fn arrivals(&self, name: QueueName) -> watch::Receiver<u64> {
        self.bells.listen(name)
    }

    /// The instant from which `receive` has something to hand out, perhaps past; `None` when the
    /// queue is empty.
    ///
    /// # Errors
    /// `Retry` when the disk is busy.
    pub async fn next_due(&self, name: QueueName) -> Result<Option<Instant>, PortError> {
        self.database
            .read("queue.next_due", move |t| store::next_due(t, name))
            .await
    }

    /// How many messages the queue holds.
    ///
    /// # Errors
    /// `Retry` when the disk is busy.
    pub async fn depth(&self, name: QueueName) -> Result<Depth, PortError> {
        let now = self.clock.now();
        self.database
            .read("queue.depth", move |t| store::depth(t, name, now))
            .await
    }

    /// Makes every message due that was handed out and not acknowledged, or put off after that. For
    /// a process that has just opened a place: it holds it alone, so whoever had them is gone, and
    /// waiting for their time would help nobody. Receive counts stay. Answers how many came back.
    ///
    /// # Errors
    /// `Retry` when the disk is busy or full.
    pub async fn reclaim(&self) -> Result<usize, PortError> {
        let now = self.clock.now();
        let reclaim = move |t: &rusqlite::Transaction<'_>| store::reclaim(t, now);
        let reclaimed = self
            .database
            .write("queue.reclaim", Durability::Lazy, reclaim)
            .await?;
        QueueName::all().for_each(|name| self.bells.ring(name));
        Ok(reclaimed)
    }

    fn later(&self, seconds: u32) -> Instant {
        self.clock.now().plus_us(i64::from(seconds) * 1_000_000)
    }
}

#[async_trait]
impl Sender for Queues {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            bounded(
                "queue.send",
                "seconds of delay",
                message.delay_seconds,
                MAX_DELAY_SECONDS,
            )?;
            if message.body.len() > MAX_MESSAGE_BYTES {
                let text = format!(
                    "a body of {} bytes; at most {MAX_MESSAGE_BYTES}",
                    message.body.len()
                );
                return Err(PortError::bug("queue.send", text));
            }
            rows.push((self.later(message.delay_seconds), message.body.clone()));
        }
        let copies = self.faults.copies();
        let insert = move |t: &rusqlite::Transaction<'_>| store::insert(t, queue, &rows, copies);
        self.database
            .write("queue.send", Durability::Synced, insert)
            .await?;
        self.bells.ring(QueueName::live(queue));
        Ok(())
    }
}

#[async_trait]
impl Receiver for Queues {
    async fn receive(
        &self,
        from: QueueName,
        max: u32,
        hide_seconds: u32,
    ) -> Result<Vec<Received>, PortError> {
        bounded(
            "queue.receive",
            "seconds of hiding",
            hide_seconds,
            MAX_HIDE_SECONDS,
        )?;
        let max = max.min(MAX_RECEIVE_BATCH);
        let (now, until) = (self.clock.now(), self.later(hide_seconds));
        let chance = self.faults.draw();
        let take = move |t: &rusqlite::Transaction<'_>| {
            let buried = store::bury(t, from, now)?;
            Ok((buried, store::take(t, from, max, now, until, chance)?))
        };
        let (buried, received) = self
            .database
            .write("queue.receive", Durability::Lazy, take)
            .await?;
        if buried > 0 {
            self.bells.ring(QueueName::dead(from.queue));
        }
        Ok(received)
    }

    async fn acknowledge(&self, from: QueueName, receipt: &str) -> Result<(), PortError> {
        let receipt = Receipt::parse(receipt)?;
        let again = self.faults.repeats().then(|| self.clock.now());
        let remove = move |t: &rusqlite::Transaction<'_>| store::remove(t, from, receipt, again);
        self.database
            .write("queue.acknowledge", Durability::Lazy, remove)
            .await?;
        if again.is_some() {
            self.bells.ring(from);
        }
        Ok(())
    }
}

#[async_trait]
impl Postponer for Queues {
    async fn postpone(
        &self,
        from: QueueName,
        receipt: &str,
        seconds: u32,
    ) -> Result<(), PortError> {
        bounded(
            "queue.postpone",
            "seconds of hiding",
            seconds,
            MAX_HIDE_SECONDS,
        )?;
        let receipt = Receipt::parse(receipt)?;
        let (now, until) = (self.clock.now(), self.later(seconds));
        let hide = move |t: &rusqlite::Transaction<'_>| store::hide(t, from, receipt, now, until);
        let hidden = self
            .database
            .write("queue.postpone", Durability::Lazy, hide)
            .await?;
        if !hidden {
            let reason = "the receipt is no longer valid";
            return Err(PortError::new(
                PortErrorKind::Reject,
                "queue.postpone",
                reason,
            ));
        }
        self.bells.ring(from);
        Ok(())
    }
}

fn bounded(op: &'static str, what: &str, value: u32, most: u32) -> Result<(), PortError> {
    if value > most {
        return Err(PortError::bug(
            op,
            format!("{value} {what}; at most {most}"),
        ));
    }
    Ok(())
}
