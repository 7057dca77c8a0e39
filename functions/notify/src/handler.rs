//! Messages of queue `notify` to the step.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::message::{Envelope, Queue, Task};
use lambda::batch::{Comeback, Trouble, answer};
use ports::{Clock, DoneSets, Postponer, QueueName, StateStore, Webhooks};

use crate::tell::{End, Work, tell};

/// What the function may touch.
pub struct Deps {
    /// Webhooks, jobs, turns.
    pub state: Arc<dyn StateStore>,
    /// The counts of a job.
    pub done_sets: Arc<dyn DoneSets>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// The receivers.
    pub webhooks: Arc<dyn Webhooks>,
    /// The time of an attempt, which is signed.
    pub clock: Arc<dyn Clock>,
}

/// Answers an event of queue `notify`.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Notify),
        postponer: deps.postponer.as_ref(),
        state: deps.state.as_ref(),
        now: deps.clock.now(),
    };
    answer(event, back, |envelope| deal(envelope, deps)).await
}

async fn deal(envelope: Envelope, deps: &Deps) -> Result<(), Trouble> {
    let end = match envelope.task {
        Task::Ended { job, generation } => End::OfJob(job, generation),
        Task::TurnEnded { turn, batch } => End::OfTurn(turn, batch),
        _ => return Err(Trouble::Misplaced("other than ended or turn_ended")),
    };
    let owner = domain::ids::LedgerRef {
        tenant: envelope.tenant,
        ledger: envelope.ledger,
    };
    let work = Work {
        owner: &owner,
        end,
        now: deps.clock.now(),
    };
    let (state, sets) = (deps.state.as_ref(), deps.done_sets.as_ref());
    tell(state, sets, deps.webhooks.as_ref(), work).await?;
    Ok(())
}
