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
            let plan: ChunkPlan = read_json(objects, &keys::chunk_plan(work.owner, job)).await?;
            let batch = (job, generation, chunk);
            give_up_chunk(state, done_sets, sender, &plan, batch, work).await
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

/// A chunk, or the join, as given up.
fn given_up(plan: &ChunkPlan, batch: u32, cause: &Cause) -> BatchOutcome {
    let chunk = plan.chunks.get(batch as usize).map(|chunk| chunk.records);
    let join = plan.join().filter(|join| *join == batch);
    let records = chunk.or(join.map(|_| plan.groups.fragments));
    let (class, code, message) = (cause.class, &cause.code, &cause.message);
    let records = records.map_or(0, u64::from);
    BatchOutcome::Failed(BatchFailure::new(class, code, message, records))
}

async fn give_up_chunk(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    plan: &ChunkPlan,
    (job, generation, chunk): (JobId, Generation, u32),
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = DoneSet::job_key(job, work.owner, Stage::Ingest);
    let outcome = given_up(plan, chunk, work.cause);
    let mut recorded = done_sets.record(&key, generation, chunk, outcome).await?;
    // The last chunk was counted and its message died all the same: in the join, which is nobody
    // else's to do.
    if let Recorded::Already(set) = &recorded
        && let Some(join) = set.due_join()
    {
        let outcome = given_up(plan, join, work.cause);
        recorded = done_sets.record(&key, generation, join, outcome).await?;
    }
    let set = match recorded {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::counts::RowCounts;
    use domain::dialect::Dialect;
    use domain::plan::{Chunk, Groups};
    use domain::state::{Change, JobKind, JobPhase, Upload};
    use ports::objects::write_json;
    use ports::state::load;
    use ports::testing::{MemoryObjects, MemoryState, SentMessages};

    use super::*;

    const JOB: [u8; 10] = [3; 10];

    fn owner() -> LedgerRef {
        LedgerRef {
            tenant: "local".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        }
    }

    /// A job of one chunk and a join, and the plan it follows.
    async fn ingesting(state: &MemoryState, objects: &MemoryObjects) -> (JobId, DoneSet) {
        let id = JobId::new(1, &JOB);
        let upload = Upload {
            filename: "a.csv".to_owned(),
            size: 1,
            sha256: String::new(),
            options: domain::settings::ParseOptions::default(),
            object_key: keys::upload(&owner(), id),
            expires_at: Instant(0),
            records: Some(5),
            object_version: None,
            undone_by: None,
            parts: None,
            slot: None,
        };
        let phase = JobPhase::Ingesting;
        let job = Job::new(id, owner(), JobKind::Upload(upload), phase, Instant(0));
        let mut set = DoneSet::of_job(id, &owner(), Stage::Ingest, 2);
        set.join = true;
        let changes = [
            Change::insert(&job).unwrap(),
            Change::InsertSet(set.clone()),
        ];
        state.commit(&changes).await.unwrap();
        let plan = ChunkPlan {
            key: String::new(),
            version: String::new(),
            format: "kraken".to_owned(),
            dialect: Dialect::utf8(b','),
            header: Vec::new(),
            options: domain::settings::ParseOptions::default(),
            chunks: vec![Chunk {
                offset: 0,
                length: 1,
                first_line: 2,
                records: 5,
            }],
            groups: Groups {
                joined: vec![1],
                fragments: 4,
                ..Groups::default()
            },
        };
        write_json(objects, &keys::chunk_plan(&owner(), id), &plan)
            .await
            .unwrap();
        (id, set)
    }

    /// A chunk that was counted and died in the join leaves nobody to do it: without this the job would
    /// wait for ever (I5).
    #[tokio::test]
    async fn a_chunk_that_died_in_the_join_fails_the_join_and_its_job() {
        let (state, objects) = (MemoryState::default(), MemoryObjects::default());
        let (id, set) = ingesting(&state, &objects).await;
        let counted = BatchOutcome::Done(RowCounts {
            accepted: 1,
            ..RowCounts::default()
        });
        state
            .record(&set.key(), Generation::FIRST, 0, counted)
            .await
            .unwrap();
        let (owner, cause) = (owner(), Cause::of(Queue::Ingest, None, None));
        let work = Work {
            owner: &owner,
            cause: &cause,
            now: Instant(9),
        };
        let subject = Subject::Chunk(id, Generation::FIRST, 0);
        record(
            &state,
            &state,
            &SentMessages::default(),
            &objects,
            subject,
            work,
        )
        .await
        .unwrap();
        let set = DoneSets::read(&state, &set.key()).await.unwrap().unwrap();
        assert_eq!(set.failed.keys().collect::<Vec<_>>(), [&1]);
        assert_eq!((set.counts.accepted, set.counts.failed), (1, 4));
        let job = load::<Job>(&state, &Job::key_of(&owner.tenant, id))
            .await
            .unwrap()
            .unwrap();
        let JobPhase::Failed { error } = &job.value.phase else {
            unreachable!("{:?}", job.value.phase)
        };
        assert_eq!(error.code, "ingest_gave_up");
        let retry = job.retry(Some(&set), None, Instant(10)).unwrap().unwrap();
        let batches: Vec<_> = retry.outgoing[0]
            .batches
            .iter()
            .map(|range| (range.first, range.end))
            .collect();
        assert_eq!(batches, [(1, 2)], "a retry asks for the join alone");
    }
}
