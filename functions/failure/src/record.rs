//! Recording what was given up.

use domain::ids::{Generation, JobId, LedgerRef, Stage};
use domain::keys;
use domain::message::{Envelope, Queue, Task};
use domain::plan::ChunkPlan;
use domain::state::{
    BatchFailure, BatchOutcome, DoneSet, ErrorClass, Job, JobError, Recorded, Versioned, Webhook,
};
use domain::time::Instant;
use ports::objects::read_json;
use ports::transition::{carry_out, rewrite};
use ports::turns::fail_turn;
use ports::{DoneSets, Objects, Outgoing, PortError, Sender, StateStore, orders};

use crate::letter::Subject;

/// Seconds before a wake-up that died is tried again.
const WAKE_UP_AGAIN_SECONDS: u32 = 60;

/// Why something was given up.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// A stable code: `<queue>_gave_up` or `unknown_message`.
    pub(crate) code: String,
    /// In words.
    pub(crate) message: String,
    /// Whose fault it is.
    pub(crate) class: ErrorClass,
}

impl Cause {
    /// The cause as far as the message, or the handler's note, tells it.
    pub(crate) fn of(queue: Queue, unreadable: Option<String>, noted: Option<String>) -> Self {
        if let Some(message) = unreadable {
            return Self {
                code: "unknown_message".to_owned(),
                message,
                class: ErrorClass::Internal,
            };
        }
        let message =
            noted.unwrap_or_else(|| "the worker ended without an answer, every time".to_owned());
        let class = if queue == Queue::Price {
            ErrorClass::Price
        } else {
            ErrorClass::Transient
        };
        Self {
            code: format!("{}_gave_up", queue.name()),
            message,
            class,
        }
    }

    fn error(&self) -> JobError {
        JobError {
            class: self.class,
            code: self.code.clone(),
            message: self.message.clone(),
        }
    }
}

/// Whose work was given up, why, when.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// Why.
    pub(crate) cause: &'a Cause,
    /// The time.
    pub(crate) now: Instant,
}

/// Records it.
///
/// # Errors
/// What a port says; doing it again is right.
pub(crate) async fn record(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    objects: &dyn Objects,
    subject: Subject,
    work: Work<'_>,
) -> Result<(), PortError> {
    match subject {
        Subject::File(job) => fail_job(state, sender, job, work).await,
        Subject::Chunk(job, generation, chunk) => {
            let records = records_of(objects, job, chunk, work).await?;
            let Cause {
                code,
                message,
                class,
            } = work.cause;
            let failure = BatchFailure::new(*class, code, message, records);
            let outcome = BatchOutcome::Failed(failure);
            give_up_chunk(
                state,
                done_sets,
                sender,
                (job, generation, chunk),
                outcome,
                work,
            )
            .await
        }
        Subject::Turn(turn) => {
            fail_turn(
                state,
                sender,
                work.owner,
                turn,
                &work.cause.error(),
                work.now,
            )
            .await
        }
        Subject::Export(object_key) => {
            orders::end(state, work.owner, &object_key, Some(&work.cause.message)).await
        }
        Subject::Notice => note_on_webhook(state, work).await,
        Subject::WakeUp => wake_up(sender, work).await,
    }
}

/// Nothing ends by it: the job has, and its state says how. Whoever set the webhook can read there
/// what its receiver did not take.
async fn note_on_webhook(state: &dyn StateStore, work: Work<'_>) -> Result<(), PortError> {
    let key = Webhook::key_of(&work.owner.tenant);
    rewrite(state, &key, |stored: &Versioned<Webhook>| {
        stored.gave_up(&work.cause.message, work.now)
    })
    .await
}

async fn fail_job(
    state: &dyn StateStore,
    sender: &dyn Sender,
    job: JobId,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = Job::key_of(&work.owner.tenant, job);
    carry_out(state, sender, &key, |stored: &Versioned<Job>| {
        stored.fail(work.cause.error(), work.now)
    })
    .await
}

async fn records_of(
    objects: &dyn Objects,
    job: JobId,
    chunk: u32,
    work: Work<'_>,
) -> Result<u64, PortError> {
    let plan: ChunkPlan = read_json(objects, &keys::chunk_plan(work.owner, job)).await?;
    Ok(plan
        .chunks
        .get(chunk as usize)
        .map_or(0, |chunk| u64::from(chunk.records)))
}

async fn give_up_chunk(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    (job, generation, chunk): (JobId, Generation, u32),
    outcome: BatchOutcome,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = DoneSet::job_key(job, work.owner, Stage::Ingest);
    let set = match done_sets.record(&key, generation, chunk, outcome).await? {
        Recorded::Added(set) | Recorded::Already(set) => set,
        Recorded::Stale => return Ok(()),
    };
    let key = Job::key_of(&work.owner.tenant, job);
    carry_out(state, sender, &key, |stored: &Versioned<Job>| {
        stored.ingest_done(&set, work.now)
    })
    .await
}

/// A wake-up carries nothing but a reason to look, and the requests are still stored: it is sent
/// again, later.
async fn wake_up(sender: &dyn Sender, work: Work<'_>) -> Result<(), PortError> {
    let correlation = format!("{}.again", work.owner.ledger);
    let envelope = Envelope::new(work.owner, Task::Admit, correlation);
    let again = Outgoing {
        body: envelope.body(),
        delay_seconds: WAKE_UP_AGAIN_SECONDS,
    };
    sender.send(Queue::Price, &[again]).await
}
