//! The event source: what SQS and Lambda do between a queue and a function.
//!
//! A lane takes messages from one queue, makes the event Lambda would make of them, calls the
//! function, and acknowledges what the answer does not name. The rest comes back by the queue's own
//! rules. This and `running` are the only places that know how a message becomes an invocation.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use futures::future::BoxFuture;
use ports::{PortError, QueueName, Received, Receiver};

/// A function that takes queue events.
pub type Function = Arc<dyn Fn(SqsEvent) -> BoxFuture<'static, SqsBatchResponse> + Send + Sync>;

/// How messages of one queue reach their function.
#[derive(Clone)]
pub struct Lane {
    /// The queue.
    pub from: QueueName,
    /// The function.
    pub function: Function,
    /// Messages in one event at most: the event source's batch size.
    pub batch: u32,
    /// Invocations at the same time: the event source's maximum concurrency.
    pub concurrency: usize,
    /// Seconds a message is hidden while the function works on it.
    pub hide_seconds: u32,
}

/// Does one round of a lane: receives, invokes, acknowledges. Answers how many messages the
/// function saw; 0 when none could be received.
///
/// # Errors
/// What the queue says. Messages that were received then come back by themselves.
pub(super) async fn once(queue: &dyn Receiver, lane: &Lane) -> Result<usize, PortError> {
    let received = queue
        .receive(lane.from, lane.batch, lane.hide_seconds)
        .await?;
    if received.is_empty() {
        return Ok(0);
    }
    let invocation = (lane.function)(event(lane.from, &received));
    let Ok(answer) = AssertUnwindSafe(invocation).catch_unwind().await else {
        // As in Lambda: the invocation failed, so the whole batch becomes visible again in time.
        tracing::error!(queue = %lane.from, messages = received.len(), "a function panicked");
        return Ok(received.len());
    };
    if let Some(back) = coming_back(&received, &answer) {
        for message in received
            .iter()
            .filter(|message| !back.contains(message.message_id.as_str()))
        {
            queue.acknowledge(lane.from, &message.receipt).await?;
        }
    }
    Ok(received.len())
}

/// The messages that are to come again; `None` for all of them, which an answer means by an empty
/// or unknown name.
fn coming_back<'a>(
    received: &'a [Received],
    answer: &SqsBatchResponse,
) -> Option<BTreeSet<&'a str>> {
    let mut back = BTreeSet::new();
    for failure in &answer.batch_item_failures {
        let named = received
            .iter()
            .find(|message| message.message_id == failure.item_identifier)?;
        back.insert(named.message_id.as_str());
    }
    Some(back)
}

/// The event Lambda makes of received messages.
fn event(from: QueueName, received: &[Received]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = received
        .iter()
        .map(|message| {
            let mut record = SqsMessage::default();
            record.message_id = Some(message.message_id.clone());
            record.receipt_handle = Some(message.receipt.clone());
            record.body = Some(message.body.clone());
            record.attributes = HashMap::from([(
                "ApproximateReceiveCount".to_owned(),
                message.receive_count.to_string(),
            )]);
            record.event_source = Some("aws:sqs".to_owned());
            record.event_source_arn = Some(format!("arn:aws:sqs:local:000000000000:{from}"));
            record.aws_region = Some("local".to_owned());
            record
        })
        .collect();
    event
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test ends at the first surprise"
    )]
    use std::sync::Mutex;

    use async_trait::async_trait;
    use aws_lambda_events::event::sqs::BatchItemFailure;
    use domain::message::Queue;

    use super::*;

    /// Three messages, handed out once, and what was acknowledged of them.
    #[derive(Default)]
    struct Three {
        gone: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Receiver for Three {
        async fn receive(
            &self,
            _: QueueName,
            max: u32,
            _: u32,
        ) -> Result<Vec<Received>, PortError> {
            let message = |n: u32| Received {
                message_id: format!("m{n}"),
                receipt: format!("r{n}"),
                body: n.to_string(),
                receive_count: n,
            };
            Ok((1..=max.min(3)).map(message).collect())
        }

        async fn acknowledge(&self, _: QueueName, receipt: &str) -> Result<(), PortError> {
            self.gone.lock().unwrap().push(receipt.to_owned());
            Ok(())
        }
    }

    fn lane(answer: impl Fn(&SqsEvent) -> Vec<&'static str> + Send + Sync + 'static) -> Lane {
        let function: Function = Arc::new(move |event| {
            let mut response = SqsBatchResponse::default();
            for name in answer(&event) {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = name.to_owned();
                response.batch_item_failures.push(failure);
            }
            async move { response }.boxed()
        });
        let from = QueueName::live(Queue::Ingest);
        Lane {
            from,
            function,
            batch: 3,
            concurrency: 1,
            hide_seconds: 30,
        }
    }

    async fn acknowledged(lane: Lane) -> Vec<String> {
        let queue = Three::default();
        assert_eq!(once(&queue, &lane).await.unwrap(), 3);
        queue.gone.into_inner().unwrap()
    }

    #[tokio::test]
    async fn what_the_answer_does_not_name_is_acknowledged() {
        assert_eq!(acknowledged(lane(|_| vec!["m2"])).await, ["r1", "r3"]);
        assert_eq!(acknowledged(lane(|_| vec![])).await, ["r1", "r2", "r3"]);
    }

    #[tokio::test]
    async fn an_unknown_or_empty_name_brings_the_whole_batch_back() {
        assert!(acknowledged(lane(|_| vec!["m1", ""])).await.is_empty());
        assert!(acknowledged(lane(|_| vec!["another"])).await.is_empty());
    }

    #[tokio::test]
    async fn a_panic_brings_the_whole_batch_back() {
        let mut lane = lane(|_| vec![]);
        lane.function = Arc::new(|_| async { panic!("as functions should not") }.boxed());
        assert!(acknowledged(lane).await.is_empty());
    }

    #[tokio::test]
    async fn an_event_is_what_lambda_would_send() {
        let lane = lane(|event| {
            let record = &event.records[1];
            assert_eq!(record.attributes["ApproximateReceiveCount"], "2");
            assert_eq!(record.body.as_deref(), Some("2"));
            let json = serde_json::to_string(event).unwrap();
            let again: SqsEvent = serde_json::from_str(&json).unwrap();
            assert_eq!(again.records.len(), 3);
            vec![]
        });
        assert_eq!(acknowledged(lane).await.len(), 3);
    }
}
