//! Messages of queue A to steps.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::ids::LedgerRef;
use domain::message::{Envelope, Queue, Task};
use lambda::batch::{Comeback, Trouble, answer};
use ports::tables::{Rejects, Rows};
use ports::{Clock, DoneSets, Objects, Postponer, QueueName, Sender, StateStore};

use crate::ingest::{Tables, Work, ingest};

/// What the function may touch.
pub struct Deps {
    /// Jobs.
    pub state: Arc<dyn StateStore>,
    /// Joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages out.
    pub sender: Arc<dyn Sender>,
    /// Backoff of failed messages.
    pub postponer: Arc<dyn Postponer>,
    /// Uploads, plans, digests.
    pub objects: Arc<dyn Objects>,
    /// The rows.
    pub rows: Arc<dyn Rows>,
    /// The records that are none.
    pub rejects: Arc<dyn Rejects>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Answers an event of queue A.
pub async fn handle(event: SqsEvent, deps: &Deps) -> SqsBatchResponse {
    let back = Comeback {
        queue: QueueName::live(Queue::Ingest),
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
    let Task::Chunk {
        job,
        generation,
        batch,
    } = envelope.task
    else {
        return Err(Trouble::Misplaced("other than chunk"));
    };
    let (state, done_sets) = (deps.state.as_ref(), deps.done_sets.as_ref());
    let (sender, objects) = (deps.sender.as_ref(), deps.objects.as_ref());
    let tables = Tables {
        rows: deps.rows.as_ref(),
        rejects: deps.rejects.as_ref(),
    };
    let work = Work {
        owner: &owner,
        job,
        generation,
        chunk: batch,
        now: deps.clock.now(),
    };
    ingest(state, done_sets, sender, objects, tables, work).await?;
    Ok(())
}
