//! Sending messages. Receiving is the event source's work: AWS in the cloud, `infra/local` here.

use async_trait::async_trait;
use domain::message::Queue;

use crate::PortError;

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its body.
    pub body: String,
    /// Seconds before it can be received; at most 900.
    pub delay_seconds: u32,
}

/// A queue's entrance.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Sends messages, any number. `Ok` proves all are stored; after an error some may be, and
    /// sending all again is right: every receiver takes a message twice like once (I2).
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError>;
}

/// A received message's way back.
#[async_trait]
pub trait Postponer: Send + Sync {
    /// Hides a received message for `seconds` from now before it is delivered again. Fails with
    /// `Reject` when the receipt is no longer valid; the message then comes back by itself.
    async fn postpone(&self, queue: Queue, receipt: &str, seconds: u32) -> Result<(), PortError>;
}
