//! Messages of queue `split` to steps, and back to SQS's answer.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::message::Queue;
use lambda::batch::{Comeback, Trouble, answer_raw, span_of};
use ports::{Clock, Objects, Postponer, Sender, StateStore};
use tracing::Instrument;

use crate::config::Config;
use crate::event::{Arrival, Incoming, understand};
use crate::split::{Announced, Outside, split};

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
    /// The settings.
    pub config: Config,
}

/// Deals with an event of queue `split`.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: Queue::Split,
        postponer: deps.postponer.as_ref(),
        state: deps.state.as_ref(),
        now: deps.clock.now(),
    };
    answer_raw(event, back, |body| deal(body, deps)).await
}

async fn deal(body: String, deps: &Deps) -> Result<(), Trouble> {
    let (announced, span) = match understand(&body)? {
        Incoming::Nothing(why) => {
            tracing::info!(why, "acknowledged a message that asks for nothing");
            return Ok(());
        }
        Incoming::Arrived(Arrival {
            owner,
            job,
            version,
            size,
        }) => {
            let span = tracing::info_span!(
                "message",
                tenant = %owner.tenant.key_segment(),
                ledger = %owner.ledger,
                correlation = %job,
                job = %job,
            );
            (
                Announced {
                    owner,
                    job,
                    generation: None,
                    version,
                    size,
                },
                span,
            )
        }
        Incoming::Again {
            envelope,
            job,
            generation,
        } => {
            let span = span_of(&envelope);
            let owner = domain::ids::LedgerRef {
                tenant: envelope.tenant,
                ledger: envelope.ledger,
            };
            let generation = Some(generation);
            (
                Announced {
                    owner,
                    job,
                    generation,
                    version: None,
                    size: None,
                },
                span,
            )
        }
    };
    let outside = Outside {
        state: deps.state.as_ref(),
        objects: deps.objects.as_ref(),
        sender: deps.sender.as_ref(),
        clock: deps.clock.as_ref(),
    };
    split(&outside, &announced, deps.config)
        .instrument(span)
        .await?;
    Ok(())
}
