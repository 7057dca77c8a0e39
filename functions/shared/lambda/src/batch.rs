//! SQS events: one answer per message.

use std::future::Future;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::message::{Envelope, EnvelopeError, Queue, Task};
use domain::time::Instant;
use ports::{PortError, PortErrorKind, Postponer, StateStore, troubles};
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
    /// The queue the event is of.
    pub queue: Queue,
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
    answer_raw(event, back, |body| {
        let parsed = Envelope::parse(&body).map(|envelope| {
            let span = span_of(&envelope);
            deal(envelope).instrument(span)
        });
        async move { parsed?.await }
    })
    .await
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
        let body = message.body.clone().unwrap_or_default();
        if let Err(trouble) = deal(body).await {
            come_back(&message, &trouble, back).await;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    response
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
    let queue = back.queue.name();
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
        Task::Rejects { job, generation } | Task::Split { job, generation } => {
            span.record("job", job.to_string())
                .record("generation", generation.0);
        }
        Task::Fetch { turn, batch }
        | Task::Reconcile { turn, batch }
        | Task::Metrics { turn, batch } => {
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
