//! Messages of queue C to steps.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::ids::{LedgerRef, Stage};
use domain::message::{Envelope, Queue, Task};
use lambda::batch::{Comeback, Trouble, answer};
use ports::folding::Fold;
use ports::tables::{Decisions, Rows};
use ports::{Clock, DoneSets, Objects, Postponer, QueueName, Sender, StateStore};

use crate::{Bounds, plan, reconcile};

/// What the function may touch.
pub struct Deps {
    /// Turns.
    pub state: Arc<dyn StateStore>,
    /// Joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages out.
    pub sender: Arc<dyn Sender>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// Digests, snapshots, plans, checkpoints.
    pub objects: Arc<dyn Objects>,
    /// The rows.
    pub rows: Arc<dyn Rows>,
    /// What is decided about them.
    pub decisions: Arc<dyn Decisions>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bounds of the segment plan.
    pub bounds: Bounds,
}

/// Answers an event of queue C.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Reconcile),
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
        Task::Plan { turn } => {
            let work = plan::Work {
                owner: &owner,
                turn,
                now,
                bounds: deps.bounds,
            };
            plan::plan(state, sender, objects, deps.rows.as_ref(), work).await?;
        }
        Task::Reconcile { turn, batch } => {
            let fold = Fold {
                owner: &owner,
                turn,
                stage: Stage::Reconcile,
                index: batch,
                now,
            };
            let (rows, decisions) = (deps.rows.as_ref(), deps.decisions.as_ref());
            reconcile::reconcile(state, done_sets, sender, objects, rows, decisions, fold).await?;
        }
        _ => return Err(Trouble::Misplaced("other than plan or reconcile")),
    }
    Ok(())
}
