//! `queue.send`; described by the queue's name and the bodies.

use std::sync::Arc;

use async_trait::async_trait;
use domain::message::Queue;
use ports::{Outgoing, PortError, Sender};

use super::Faults;

/// A queue's entrance behind faults.
pub struct FaultySender {
    /// The entrance.
    pub inner: Arc<dyn Sender>,
    /// What fails.
    pub faults: Arc<Faults>,
}

#[async_trait]
impl Sender for FaultySender {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        let mut about = queue.name().to_owned();
        for message in messages {
            about.push(' ');
            about.push_str(&message.body);
        }
        self.faults.before("queue.send", &about)?;
        self.inner.send(queue, messages).await?;
        self.faults.after("queue.send", &about)
    }
}
