//! Messages of queue D to steps.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::ids::{LedgerRef, Stage};
use domain::message::{Envelope, Queue, Task};
use lambda::batch::{Comeback, Trouble, answer};
use ports::folding::Fold;
use ports::tables::{Decisions, Disposals, LedgerPrices, Rows, Summaries, Transactions};
use ports::{Clock, DoneSets, Objects, Postponer, QueueName, Sender, StateStore};

use crate::kept::Kept;
use crate::metrics::{self, Reads, Writes};
use crate::publish;

/// What the function may touch.
pub struct Deps {
    /// Turns and the ledger.
    pub state: Arc<dyn StateStore>,
    /// Joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages out.
    pub sender: Arc<dyn Sender>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// Snapshots, plans, checkpoints, manifests.
    pub objects: Arc<dyn Objects>,
    /// The rows.
    pub rows: Arc<dyn Rows>,
    /// What was decided about them.
    pub decisions: Arc<dyn Decisions>,
    /// The prices that were pinned.
    pub prices: Arc<dyn LedgerPrices>,
    /// What readers see.
    pub transactions: Arc<dyn Transactions>,
    /// What section 104 decided.
    pub disposals: Arc<dyn Disposals>,
    /// Totals and holdings.
    pub summaries: Arc<dyn Summaries>,
    /// The states the last fold left.
    pub kept: Kept,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Answers an event of queue D.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Metrics),
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
    let now = deps.clock.now();
    match envelope.task {
        Task::Metrics { turn, batch } => {
            let fold = Fold {
                owner: &owner,
                turn,
                stage: Stage::Metrics,
                index: batch,
                now,
            };
            let reads = Reads {
                rows: deps.rows.as_ref(),
                decisions: deps.decisions.as_ref(),
                prices: deps.prices.as_ref(),
                kept: &deps.kept,
            };
            let writes = Writes {
                transactions: deps.transactions.as_ref(),
                disposals: deps.disposals.as_ref(),
            };
            metrics::metrics(state, done_sets, sender, objects, reads, writes, fold).await?;
        }
        Task::Publish { turn } => {
            let work = publish::Work {
                owner: &owner,
                turn,
                now,
            };
            let writes = publish::Writes {
                summaries: deps.summaries.as_ref(),
                disposals: deps.disposals.as_ref(),
            };
            publish::publish(state, sender, objects, writes, work).await?;
        }
        _ => return Err(Trouble::Misplaced("other than metrics or publish")),
    }
    Ok(())
}
