//! Messages of queue `split` to steps, and back to SQS's answer.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::message::Queue;
use lambda::batch::{Comeback, Trouble, answer_raw};
use ports::{Clock, Objects, Postponer, QueueName, Sender, StateStore};
use tracing::Instrument;

use crate::config::Bounds;
use crate::event::{Announced, Incoming, understand};
use crate::split::split;

/// What the function needs.
pub struct Deps {
    /// Jobs, done-sets and the outbox.
    pub state: Arc<dyn StateStore>,
    /// The upload, and the plan.
    pub objects: Arc<dyn Objects>,
    /// Queue A.
    pub sender: Arc<dyn Sender>,
    /// Backoff of messages that come back.
    pub postponer: Arc<dyn Postponer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bounds of the chunk plan.
    pub bounds: Bounds,
}

/// Deals with an event of queue `split`.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Split),
        postponer: deps.postponer.as_ref(),
        state: deps.state.as_ref(),
        now: deps.clock.now(),
    };
    answer_raw(event, back, |body| deal(body, deps)).await
}

async fn deal(body: String, deps: &Deps) -> Result<(), Trouble> {
    let announced = match understand(&body)? {
        Incoming::File(announced) => announced,
        Incoming::Nothing(why) => {
            tracing::info!(why, "acknowledged a message that asks for nothing");
            return Ok(());
        }
    };
    let (state, sender, objects) = (
        deps.state.as_ref(),
        deps.sender.as_ref(),
        deps.objects.as_ref(),
    );
    split(
        state,
        sender,
        objects,
        &announced,
        deps.clock.now(),
        deps.bounds,
    )
    .instrument(span_of(&announced))
    .await?;
    Ok(())
}

/// The span every line of log about a file stands in; field names as in `lambda::vocabulary`. A
/// job's correlation id is its own id, which an S3 event knows from the key.
fn span_of(announced: &Announced) -> tracing::Span {
    tracing::info_span!(
        "message",
        tenant = %announced.owner.tenant.key_segment(),
        ledger = %announced.owner.ledger,
        correlation = %announced.job,
        job = %announced.job,
        generation = announced.generation.map(|generation| generation.0),
    )
}
