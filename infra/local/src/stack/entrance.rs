//! What a function's permissions are in the cloud: the queues its `config.rs` says it sends to have
//! URLs, and no other can be reached. The stack holds it to the same list, so that a transition that
//! reaches another queue fails in the first test that takes it, not at run time in the cloud.

use std::sync::Arc;

use async_trait::async_trait;
use domain::message::Queue;
use ports::{Outgoing, PortError, Sender};

/// The way to the queues a function may send to.
pub(super) struct Entrance {
    pub(super) inner: Arc<dyn Sender>,
    pub(super) may: &'static [Queue],
}

#[async_trait]
impl Sender for Entrance {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        let knows = self.may.contains(&queue);
        // A send that fails is left to the sweep, which may reach every queue: only this is loud.
        debug_assert!(knows, "SENDS of the function's config.rs lacks {queue:?}");
        if !knows {
            let what = format!("the function has no URL of queue {}", queue.name());
            return Err(PortError::bug("queue.send", what));
        }
        self.inner.send(queue, messages).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use ports::testing::SentMessages;

    use super::*;

    fn entrance() -> Entrance {
        Entrance {
            inner: Arc::new(SentMessages::default()),
            may: &[Queue::Price],
        }
    }

    #[tokio::test]
    async fn a_queue_that_is_named_can_be_reached() {
        entrance().send(Queue::Price, &[]).await.unwrap();
    }

    #[tokio::test]
    #[should_panic(expected = "SENDS of the function's config.rs lacks Ingest")]
    async fn a_queue_that_is_not_named_is_a_loud_mistake() {
        let _refused = entrance().send(Queue::Ingest, &[]).await;
    }
}
