//! Messages of queue B to steps.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::ids::LedgerRef;
use domain::message::{Envelope, Queue, Task};
use lambda::batch::{Comeback, Trouble, answer};
use ports::tables::LedgerPrices;
use ports::{Clock, DoneSets, Objects, Postponer, QueueName, Sender, StateStore};

use crate::{admit, begin, fetch};

/// What the function may touch.
pub struct Deps {
    /// Ledgers, turns, jobs.
    pub state: Arc<dyn StateStore>,
    /// Joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages out.
    pub sender: Arc<dyn Sender>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// Digests, snapshots, plans.
    pub objects: Arc<dyn Objects>,
    /// The user's own prices, and pins.
    pub prices: Arc<dyn LedgerPrices>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Answers an event of queue B.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Price),
        postponer: deps.postponer.as_ref(),
        state: deps.state.as_ref(),
        now: deps.clock.now(),
    };
    answer(event, back, |envelope| deal(envelope, deps)).await
}

async fn deal(envelope: Envelope, deps: &Deps) -> Result<(), Trouble> {
    let owner = LedgerRef {
        tenant: envelope.tenant,
        ledger: envelope.ledger,
    };
    let (state, sender) = (deps.state.as_ref(), deps.sender.as_ref());
    let (done_sets, objects) = (deps.done_sets.as_ref(), deps.objects.as_ref());
    let prices = deps.prices.as_ref();
    let now = deps.clock.now();
    match envelope.task {
        Task::Admit => admit::admit(state, sender, &owner, now).await?,
        Task::Begin { turn } => {
            let work = begin::Work {
                owner: &owner,
                turn,
                now,
            };
            begin::begin(state, done_sets, sender, objects, prices, work).await?;
        }
        Task::Fetch { turn, batch } => {
            let work = fetch::Work {
                owner: &owner,
                turn,
                batch,
                now,
            };
            fetch::fetch(state, done_sets, sender, objects, prices, work).await?;
        }
        _ => return Err(Trouble::Misplaced("other than admit, begin or fetch")),
    }
    Ok(())
}
