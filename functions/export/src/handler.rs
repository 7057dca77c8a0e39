//! Messages of queue `export` to steps.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::ids::LedgerRef;
use domain::message::{Envelope, Queue, Task};
use lambda::batch::{Comeback, Trouble, answer};
use ports::tables::{Disposals, Rejects, Summaries, Transactions};
use ports::{Clock, DoneSets, Objects, Postponer, QueueName, StateStore};

use crate::{export, rejects};

/// What the function may touch.
pub struct Deps {
    /// Orders.
    pub state: Arc<dyn StateStore>,
    /// Which attempt completed a chunk.
    pub done_sets: Arc<dyn DoneSets>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// Manifests and uploads in, files out.
    pub objects: Arc<dyn Objects>,
    /// The rows readers see.
    pub transactions: Arc<dyn Transactions>,
    /// What section 104 decided.
    pub disposals: Arc<dyn Disposals>,
    /// Totals and holdings.
    pub summaries: Arc<dyn Summaries>,
    /// Refused records.
    pub rejects: Arc<dyn Rejects>,
    /// The time, for the note of what a message died of.
    pub clock: Arc<dyn Clock>,
}

/// Answers an event of queue `export`.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Export),
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
    let (state, objects) = (deps.state.as_ref(), deps.objects.as_ref());
    match envelope.task {
        Task::Export { turn, name } => {
            let work = export::Work {
                owner: &owner,
                turn,
                name: &name,
            };
            let reads = export::Reads {
                transactions: deps.transactions.as_ref(),
                disposals: deps.disposals.as_ref(),
                summaries: deps.summaries.as_ref(),
            };
            export::export(state, objects, reads, work).await?;
        }
        Task::Rejects { job, generation } => {
            let work = rejects::Work {
                owner: &owner,
                job,
                generation,
            };
            let (done_sets, table) = (deps.done_sets.as_ref(), deps.rejects.as_ref());
            rejects::rejects(state, done_sets, objects, table, work).await?;
        }
        _ => return Err(Trouble::Misplaced("other than export or rejects")),
    }
    Ok(())
}
