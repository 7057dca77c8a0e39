//! The queues. Steps only send; receiving is the event source's work: AWS in the cloud, the pumps of
//! `infra/local` here.
//!
//! The rules are those of SQS standard queues: at least once, in any order, and a message that was
//! received `limits::MAX_RECEIVES` times without being acknowledged moves to the dead-letter queue.

use std::fmt;

use async_trait::async_trait;
use domain::message::Queue;

use crate::PortError;

/// A queue or its dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName {
    /// Which queue.
    pub queue: Queue,
    /// Whether its dead-letter queue is meant.
    pub dead: bool,
}

impl QueueName {
    /// The queue itself.
    #[must_use]
    pub fn live(queue: Queue) -> Self {
        Self { queue, dead: false }
    }

    /// Its dead-letter queue.
    #[must_use]
    pub fn dead(queue: Queue) -> Self {
        Self { queue, dead: true }
    }

    /// Every queue and every dead-letter queue.
    pub fn all() -> impl Iterator<Item = Self> {
        Queue::ALL
            .into_iter()
            .flat_map(|queue| [Self::live(queue), Self::dead(queue)])
    }
}

impl fmt::Display for QueueName {
    /// The name of the template's resource: `ingest`, `ingest-dlq`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.queue.name())?;
        if self.dead {
            f.write_str("-dlq")
        } else {
            Ok(())
        }
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its body.
    pub body: String,
    /// Seconds before it can be received; at most `limits::MAX_DELAY_SECONDS`.
    pub delay_seconds: u32,
}

/// A queue's entrance.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Sends messages, any number. `Ok` proves all are stored; after an error some may be, and
    /// sending all again is right: every receiver takes a message twice like once (I2).
    /// `Bug` for a delay or a body beyond `limits::MAX_DELAY_SECONDS`, `limits::MAX_MESSAGE_BYTES`.
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError>;
}

/// A message that was handed out.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Its name: the same each time it is delivered from one queue.
    pub message_id: String,
    /// The name of this delivery: what acknowledging and postponing refer to.
    pub receipt: String,
    /// Its body.
    pub body: String,
    /// How often it was received from this queue, this time included.
    pub receive_count: u32,
}

impl fmt::Debug for Received {
    /// Without the body: that belongs in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("message_id", &self.message_id)
            .field("receive_count", &self.receive_count)
            .finish_non_exhaustive()
    }
}

/// A queue's exit.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Hands out messages and hides each for `hide_seconds` (at most `limits::MAX_HIDE_SECONDS`);
    /// what is not acknowledged by then is delivered again. At most `max`, never more than
    /// `limits::MAX_RECEIVE_BATCH`, and perhaps fewer than there are: ask again.
    /// An error may have hidden messages; they come back by themselves.
    async fn receive(
        &self,
        from: QueueName,
        max: u32,
        hide_seconds: u32,
    ) -> Result<Vec<Received>, PortError>;

    /// Removes a message that was dealt with. `Ok` proves that this delivery is over; a second call
    /// is `Ok` too; `Reject` when it is no receipt at all. When the message was delivered again in between, the later delivery stands and
    /// is acknowledged by its own receipt. Even an acknowledged message may, rarely, come again.
    async fn acknowledge(&self, from: QueueName, receipt: &str) -> Result<(), PortError>;
}

/// A received message's way back.
#[async_trait]
pub trait Postponer: Send + Sync {
    /// Hides a received message for `seconds` from now (at most `limits::MAX_HIDE_SECONDS`) before
    /// it is delivered again; 0 gives it back at once. Fails with `Reject` when the receipt is no
    /// longer valid; the message then comes back by itself, or was acknowledged. A receipt belongs
    /// to the queue that handed it out: a dead letter's to the dead-letter queue.
    async fn postpone(&self, from: QueueName, receipt: &str, seconds: u32)
    -> Result<(), PortError>;
}
