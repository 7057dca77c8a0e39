//! SQS events: one answer per message.

use std::future::Future;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::message::{Envelope, EnvelopeError, Task};
use domain::time::Instant;
use ports::{PortError, PortErrorKind, Postponer, QueueName, StateStore, troubles};
use tracing::Instrument;

/// The longest a failed message is hidden before it is delivered again.
const MAX_BACKOFF_SECONDS: u32 = 300;

/// Why a message was not dealt with. Bad data is recorded and acknowledged, so it never gets here:
/// this is trouble, and the message comes back until its queue gives it to the dead-letter queue.
#[derive(Debug)]
pub enum Trouble {
    /// A port failed.
    Port(PortError),
    /// The message is not one this build understands.
    Message(EnvelopeError),
    /// The message is of a kind that does not belong on this queue.
    Misplaced(&'static str),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Port(error) => error.fmt(f),
            Self::Message(error) => error.fmt(f),
            Self::Misplaced(what) => {
                write!(f, "a message of kind {what} does not belong on this queue")
            }
        }
    }
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<EnvelopeError> for Trouble {
    fn from(error: EnvelopeError) -> Self {
        Self::Message(error)
    }
}

/// Seconds a failed message stays hidden: the one place that maps trouble to an answer.
/// What may heal by itself backs off exponentially; what will not goes quickly to the dead-letter
/// queue, where `failure` records it.
fn backoff_seconds(trouble: &Trouble, received: u32) -> u32 {
    match trouble {
        Trouble::Port(error) => match error.kind {
            PortErrorKind::Retry => (1u32 << received.min(9)).min(MAX_BACKOFF_SECONDS),
            PortErrorKind::Conflict => 1,
            PortErrorKind::Reject | PortErrorKind::Invalid | PortErrorKind::Bug => 0,
        },
        Trouble::Message(_) | Trouble::Misplaced(_) => 0,
    }
}

/// How a failed message comes back.
#[derive(Clone, Copy)]
pub struct Comeback<'a> {
    /// The queue the event is of: the dead-letter queue when it is one's, for a receipt is good
    /// there alone.
    pub queue: QueueName,
    /// Sets the backoff.
    pub postponer: &'a dyn Postponer,
    /// Takes the note of what a message died of.
    pub state: &'a dyn StateStore,
    /// The time.
    pub now: Instant,
}

/// Deals with every message of an event that carries envelopes, one after the other, and answers
/// which are to come back.
pub async fn answer<F, Fut>(event: SqsEvent, back: Comeback<'_>, mut deal: F) -> SqsBatchResponse
where
    F: FnMut(Envelope) -> Fut,
    Fut: Future<Output = Result<(), Trouble>>,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let parsed = Envelope::parse(message.body.as_deref().unwrap_or_default());
        let span = parsed
            .as_ref()
            .map_or_else(|_| tracing::Span::none(), span_of);
        let whole = async {
            let dealt = match parsed {
                Ok(envelope) => deal(envelope).await,
                Err(error) => Err(error.into()),
            };
            settle(message, dealt, back, &mut response).await;
        };
        whole.instrument(span).await;
    }
    response
}

/// The same for bodies of any form.
pub async fn answer_raw<F, Fut>(
    event: SqsEvent,
    back: Comeback<'_>,
    mut deal: F,
) -> SqsBatchResponse
where
    F: FnMut(String) -> Fut,
    Fut: Future<Output = Result<(), Trouble>>,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let dealt = deal(message.body.clone().unwrap_or_default()).await;
        settle(message, dealt, back, &mut response).await;
    }
    response
}

/// Names a message that is to come back in the answer; one that was dealt with is not named.
async fn settle(
    message: SqsMessage,
    dealt: Result<(), Trouble>,
    back: Comeback<'_>,
    response: &mut SqsBatchResponse,
) {
    let Err(trouble) = dealt else { return };
    come_back(&message, &trouble, back).await;
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.unwrap_or_default();
    response.batch_item_failures.push(failure);
}

fn receive_count(message: &SqsMessage) -> u32 {
    message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
}

async fn come_back(message: &SqsMessage, trouble: &Trouble, back: Comeback<'_>) {
    let received = receive_count(message);
    let queue = tracing::field::display(back.queue);
    tracing::warn!(queue, received, cause = %trouble, "a message will be delivered again");
    let body = message.body.as_deref().unwrap_or_default();
    let noted = troubles::note(back.state, body, &trouble.to_string(), received, back.now).await;
    if let Err(error) = noted {
        tracing::warn!(queue, %error, "could not note what the message died of");
    }
    let Some(receipt) = &message.receipt_handle else {
        return;
    };
    let seconds = backoff_seconds(trouble, received);
    if let Err(error) = back.postponer.postpone(back.queue, receipt, seconds).await {
        tracing::warn!(queue, %error, "could not set a backoff; the queue's own visibility holds");
    }
}

/// The span every line of log about a message stands in; field names as in `vocabulary`.
#[must_use]
pub fn span_of(envelope: &Envelope) -> tracing::Span {
    let span = tracing::info_span!(
        "message",
        task = envelope.task.name(),
        tenant = %envelope.tenant.key_segment(),
        ledger = %envelope.ledger,
        correlation = %envelope.correlation,
        job = tracing::field::Empty,
        turn = tracing::field::Empty,
        generation = tracing::field::Empty,
        batch = tracing::field::Empty,
    );
    match &envelope.task {
        Task::Chunk {
            job,
            generation,
            batch,
        } => {
            span.record("job", job.to_string())
                .record("generation", generation.0)
                .record("batch", batch);
        }
        Task::Rejects { job, generation }
        | Task::Split { job, generation }
        | Task::Ended { job, generation } => {
            span.record("job", job.to_string())
                .record("generation", generation.0);
        }
        Task::Fetch { turn, batch }
        | Task::Reconcile { turn, batch }
        | Task::Metrics { turn, batch }
        | Task::TurnEnded { turn, batch } => {
            span.record("turn", turn.0).record("batch", batch);
        }
        Task::Begin { turn }
        | Task::Plan { turn }
        | Task::Publish { turn }
        | Task::Export { turn, .. } => {
            span.record("turn", turn.0);
        }
        Task::Admit => {}
    }
    span
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use async_trait::async_trait;
    use domain::ids::{Generation, JobId};
    use domain::message::{Queue, SCHEMA_VERSION};
    use ports::testing::MemoryState;

    use super::*;
    use crate::vocabulary;

    /// Remembers what was put off, and for how long.
    #[derive(Default)]
    struct Postponed(std::sync::Mutex<Vec<(String, u32)>>);

    #[async_trait]
    impl Postponer for Postponed {
        async fn postpone(
            &self,
            _: QueueName,
            receipt: &str,
            seconds: u32,
        ) -> Result<(), PortError> {
            self.0.lock().unwrap().push((receipt.to_owned(), seconds));
            Ok(())
        }
    }

    fn chunk(batch: u32) -> Envelope {
        let job = JobId::new(1, &[1; 10]);
        Envelope {
            v: SCHEMA_VERSION,
            tenant: "local".parse().unwrap(),
            ledger: "main".parse().unwrap(),
            task: Task::Chunk {
                job,
                generation: Generation::FIRST,
                batch,
            },
            correlation: job.to_string(),
        }
    }

    fn message(name: &str, body: String, received: u32) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(name.to_owned());
        message.receipt_handle = Some(format!("receipt of {name}"));
        message.body = Some(body);
        let count = ("ApproximateReceiveCount".to_owned(), received.to_string());
        message.attributes = [count].into();
        message
    }

    /// Answers an event in which dealing with batch 1 fails with `trouble`.
    async fn failing(
        kind: PortErrorKind,
        received: u32,
    ) -> (Vec<String>, Vec<(String, u32)>, MemoryState) {
        let mut event = SqsEvent::default();
        event.records = vec![
            message("good", chunk(0).body(), 1),
            message("bad", chunk(1).body(), received),
            message("strange", "{\"v\":9}".to_owned(), 1),
        ];
        let (postponed, state) = (Postponed::default(), MemoryState::default());
        let back = Comeback {
            queue: QueueName::live(Queue::Ingest),
            postponer: &postponed,
            state: &state,
            now: Instant(0),
        };
        let answer = answer(event, back, |envelope| async move {
            match envelope.task {
                Task::Chunk { batch: 1, .. } => {
                    Err(PortError::new(kind, "rows.write", "the server is away").into())
                }
                _ => Ok(()),
            }
        });
        let named = answer.await.batch_item_failures.into_iter();
        let named = named.map(|failure| failure.item_identifier).collect();
        (named, postponed.0.into_inner().unwrap(), state)
    }

    #[tokio::test]
    async fn only_what_failed_comes_back_and_trouble_that_may_heal_backs_off() {
        let (named, postponed, _) = failing(PortErrorKind::Retry, 3).await;
        assert_eq!(named, ["bad", "strange"]);
        let expected = [
            ("receipt of bad".to_owned(), 8),
            ("receipt of strange".to_owned(), 0),
        ];
        assert_eq!(postponed, expected);
        let (_, postponed, _) = failing(PortErrorKind::Retry, 40).await;
        assert_eq!(postponed[0].1, MAX_BACKOFF_SECONDS);
        let (_, postponed, _) = failing(PortErrorKind::Bug, 3).await;
        assert_eq!(
            postponed[0].1, 0,
            "what will not heal goes quickly to the dead letters"
        );
    }

    #[tokio::test]
    async fn the_last_failure_leaves_a_note_of_what_the_message_died_of() {
        let (_, _, state) = failing(PortErrorKind::Bug, 4).await;
        assert_eq!(
            troubles::cause_of(&state, &chunk(1).body()).await.unwrap(),
            None
        );
        let (_, _, state) = failing(PortErrorKind::Bug, 5).await;
        let cause = troubles::cause_of(&state, &chunk(1).body()).await.unwrap();
        assert_eq!(cause.as_deref(), Some("rows.write: the server is away"));
    }

    #[test]
    fn every_field_of_a_messages_span_is_in_the_vocabulary() {
        let quiet = tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::with_default(quiet, || {
            // Another test may have made this span first, when nobody listened: what `tracing` noted
            // about it then it has to forget.
            drop(span_of(&chunk(0)));
            tracing::callsite::rebuild_interest_cache();
            let span = span_of(&chunk(0));
            let fields = span.metadata().unwrap().fields();
            for field in fields {
                assert!(vocabulary::ALL.contains(&field.name()), "{field}");
            }
            for word in [
                vocabulary::JOB,
                vocabulary::TURN,
                vocabulary::GENERATION,
                vocabulary::CORRELATION,
            ] {
                assert!(fields.field(word).is_some(), "{word}");
            }
        });
    }
}
