//! What SQS may do to every message and seldom does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws::SqsQueues;
use ports::{PortError, Postponer, QueueName, Received, Receiver};

/// Delivers every message twice: the first time one is acknowledged it is given back instead.
pub struct Twice {
    queues: Arc<SqsQueues>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    names: BTreeMap<String, (QueueName, String)>,
    given_back: BTreeSet<(QueueName, String)>,
}

impl Twice {
    /// In front of these queues.
    pub fn new(queues: Arc<SqsQueues>) -> Self {
        Self {
            queues,
            seen: Mutex::default(),
        }
    }

    /// Messages that were delivered a second time.
    pub fn repeated(&self) -> usize {
        self.seen.lock().expect("what was seen").given_back.len()
    }
}

#[async_trait]
impl Receiver for Twice {
    async fn receive(
        &self,
        from: QueueName,
        max: u32,
        hide_seconds: u32,
    ) -> Result<Vec<Received>, PortError> {
        let received = self.queues.receive(from, max, hide_seconds).await?;
        let mut seen = self.seen.lock().expect("what was seen");
        for message in &received {
            let name = (from, message.message_id.clone());
            seen.names.insert(message.receipt.clone(), name);
        }
        Ok(received)
    }

    async fn acknowledge(&self, from: QueueName, receipt: &str) -> Result<(), PortError> {
        let again = {
            let mut seen = self.seen.lock().expect("what was seen");
            let name = seen.names.remove(receipt).expect("a receipt of ours");
            seen.given_back.insert(name)
        };
        if again {
            return self.queues.postpone(from, receipt, 0).await;
        }
        self.queues.acknowledge(from, receipt).await
    }
}
