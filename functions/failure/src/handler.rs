//! Events of dead-letter queues to records.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::message::Queue;
use lambda::batch::{Comeback, Trouble, answer_raw};
use ports::{Clock, DoneSets, Objects, Postponer, QueueName, Sender, StateStore, troubles};

use crate::letter::{self, Letter};
use crate::record::{self, Cause};

/// What the function may touch.
pub struct Deps {
    /// Jobs, turns, orders.
    pub state: Arc<dyn StateStore>,
    /// Joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages out.
    pub sender: Arc<dyn Sender>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// Chunk plans.
    pub objects: Arc<dyn Objects>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Answers an event of a dead-letter queue. All messages of an event are of one queue, which the
/// event source's name tells: it ends in `<queue>-dlq`.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let Some(queue) = event.records.first().and_then(queue_of) else {
        return SqsBatchResponse::default();
    };
    let back = Comeback {
        queue: QueueName::dead(queue),
        postponer: deps.postponer.as_ref(),
        state: deps.state.as_ref(),
        now: deps.clock.now(),
    };
    answer_raw(event, back, |body| deal(queue, body, deps)).await
}

fn queue_of(message: &SqsMessage) -> Option<Queue> {
    let source = message.event_source_arn.as_deref()?;
    let name = source.rsplit(':').next()?.strip_suffix("-dlq")?;
    Queue::ALL
        .into_iter()
        .find(|queue| name == queue.name() || name.ends_with(&format!("-{}", queue.name())))
}

async fn deal(queue: Queue, body: String, deps: &Deps) -> Result<(), Trouble> {
    let Some(Letter {
        owner,
        subject,
        unreadable,
    }) = letter::read(queue, &body)
    else {
        tracing::error!(
            queue = queue.name(),
            "a dead letter names nobody's work; it is dropped"
        );
        return Ok(());
    };
    let noted = troubles::cause_of(deps.state.as_ref(), &body).await?;
    let cause = Cause::of(queue, unreadable, noted);
    tracing::error!(queue = queue.name(), subject = ?subject, cause = %cause.message, "a batch was given up");
    let (state, sender) = (deps.state.as_ref(), deps.sender.as_ref());
    let work = record::Work {
        owner: &owner,
        cause: &cause,
        now: deps.clock.now(),
    };
    record::record(
        state,
        deps.done_sets.as_ref(),
        sender,
        deps.objects.as_ref(),
        subject,
        work,
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Mutex;

    use async_trait::async_trait;
    use domain::ids::{Generation, JobId, LedgerRef};
    use domain::message::{Envelope, Task};
    use domain::time::Instant;
    use ports::PortError;
    use ports::testing::{MemoryObjects, MemoryState, SentMessages, SetClock};

    use super::*;

    #[derive(Default)]
    struct Postponed(Mutex<Vec<QueueName>>);

    #[async_trait]
    impl Postponer for Postponed {
        async fn postpone(&self, from: QueueName, _: &str, _: u32) -> Result<(), PortError> {
            self.0.lock().unwrap().push(from);
            Ok(())
        }
    }

    /// A receipt is good for the queue that handed it out, and a letter came from the dead ones.
    #[tokio::test]
    async fn a_letter_that_cannot_be_recorded_goes_back_to_the_dead_letters() {
        let owner = LedgerRef {
            tenant: "local".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        };
        let task = Task::Chunk {
            job: JobId::new(1, &[1; 10]),
            generation: Generation::FIRST,
            batch: 0,
        };
        let mut letter = SqsMessage::default();
        letter.message_id = Some("letter".to_owned());
        letter.receipt_handle = Some("receipt".to_owned());
        letter.event_source_arn = Some("arn:aws:sqs:eu-west-1:1:stack-ingest-dlq".to_owned());
        letter.body = Some(Envelope::new(&owner, task, "test".to_owned()).body());
        let mut event = SqsEvent::default();
        event.records = vec![letter];

        let postponed = Arc::new(Postponed::default());
        let state = Arc::new(MemoryState::default());
        let deps = Deps {
            state: state.clone(),
            done_sets: state,
            sender: Arc::new(SentMessages::default()),
            postponer: postponed.clone(),
            // Without the job's plan: how many records the chunk has cannot be told yet.
            objects: Arc::new(MemoryObjects::default()),
            clock: Arc::new(SetClock::at(Instant(0))),
        };
        let answer = handle(event, &deps).await;
        assert_eq!(answer.batch_item_failures.len(), 1);
        let from = postponed.0.lock().unwrap().clone();
        assert_eq!(from, [QueueName::dead(Queue::Ingest)]);
    }
}
