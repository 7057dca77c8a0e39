//! A job: one piece of requested work on a ledger, from its request to its end.

use serde::{Deserialize, Serialize};

use super::{
    AwaitedUpload, BatchRange, Change, Document, DocumentError, DoneSet, JobKind, Key, ListedJob,
    OutboxRecord, StageTimes, Transition, Turn, TurnPhase, TurnRequest, Upload, UploadSlot,
    Version, Versioned,
};
use crate::ids::{Generation, JobId, LedgerRef, Stage, TenantId, TurnId};
use crate::limits::MAX_REJECTS;
use crate::message::{Envelope, Queue, Task};
use crate::time::Instant;

/// How far a job is. What a turn decides about it stands in the turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum JobPhase {
    /// Signed, not yet arrived.
    AwaitingUpload,
    /// Arrived and split; chunks are being parsed.
    Ingesting,
    /// Everything of its own is done; it waits for a turn of its ledger.
    AwaitingTurn,
    /// It is part of a turn and shares its end.
    InTurn {
        /// The turn.
        turn: TurnId,
    },
    /// It ended before it had a turn.
    Failed {
        /// Why.
        error: JobError,
    },
    /// Nothing arrived in time.
    Expired,
    /// Its user stopped it before it was part of a turn.
    Cancelled,
}

/// Whose fault it is, which decides what a user can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The file: correct it and upload it anew.
    Data,
    /// A server that did not answer: retry.
    Transient,
    /// A price source: retry later.
    Price,
    /// Us.
    Internal,
}

/// Why a job or turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// Whose fault it is.
    pub class: ErrorClass,
    /// A stable code.
    pub code: String,
    /// What happened, where, and what to do.
    pub message: String,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its id; also the upload sequence number of the total order.
    pub id: JobId,
    /// Its ledger.
    pub owner: LedgerRef,
    /// What it is for.
    #[serde(flatten)]
    pub kind: JobKind,
    /// How far it is.
    #[serde(flatten)]
    pub phase: JobPhase,
    /// The attempt.
    pub generation: Generation,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// When its own stages, `split` and `ingest`, were at work.
    #[serde(default)]
    pub times: StageTimes,
    /// The id every line of log about it carries.
    pub correlation: String,
}

impl Job {
    /// Where a job stands. The key holds the tenant, so no id leads into another tenant's data (I8).
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: JobId) -> Key {
        Key::new(partition(tenant, id), "job")
    }

    /// A job as it is requested.
    #[must_use]
    pub fn new(id: JobId, owner: LedgerRef, kind: JobKind, phase: JobPhase, now: Instant) -> Self {
        Self {
            id,
            owner,
            kind,
            phase,
            generation: Generation::FIRST,
            created_at: now,
            updated_at: now,
            times: StageTimes::default(),
            correlation: id.to_string(),
        }
    }

    /// The upload's facts, when it is one.
    #[must_use]
    pub fn upload(&self) -> Option<&Upload> {
        match &self.kind {
            JobKind::Upload(upload) => Some(upload),
            JobKind::Undo { .. }
            | JobKind::Settings { .. }
            | JobKind::Prices { .. }
            | JobKind::Override { .. } => None,
        }
    }
}

impl Document for Job {
    const KIND: &'static str = "job";

    fn key(&self) -> Key {
        Self::key_of(&self.owner.tenant, self.id)
    }
}

pub(super) fn partition(tenant: &TenantId, id: JobId) -> String {
    format!("job#{tenant}#{id}")
}

/// What `split` learned of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitFacts {
    /// The object version that was read.
    pub object_version: String,
    /// Data records of the file.
    pub records: u64,
    /// Chunks of the plan that was stored.
    pub chunks: u32,
    /// Whether the plan has groups to join behind the last chunk (`ChunkPlan::join`).
    pub join: bool,
}

/// The transitions. Each takes the job as it was read and answers what to commit; `None` means that
/// the job is past that point, so a late or doubled message changes nothing (I2).
impl Versioned<Job> {
    /// The plan is stored: the chunks go out, or, without any, the job asks for its turn.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn split_done(
        &self,
        facts: &SplitFacts,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut job = self.value.clone();
        let (JobPhase::AwaitingUpload, JobKind::Upload(upload)) = (&job.phase, &mut job.kind)
        else {
            return Ok(None);
        };
        upload.records = Some(facts.records);
        upload.object_version = Some(facts.object_version.clone());
        job.times.pass(Stage::Split, now);
        let batches = facts.chunks + u32::from(facts.join);
        let set = DoneSet::of_job(job.id, &job.owner, Stage::Ingest, batches);
        let mut transition = Transition::default();
        transition.change(Change::InsertSet(DoneSet {
            generation: job.generation,
            join: facts.join,
            ..set
        }));
        if facts.chunks == 0 {
            return job.ask_turn(self.version, now, transition).map(Some);
        }
        job.phase = JobPhase::Ingesting;
        job.times.begin(Stage::Ingest, now);
        let all = vec![BatchRange {
            first: 0,
            end: facts.chunks,
        }];
        transition.send(job.chunks_record(all, now))?;
        job.replace(self.version, now, transition).map(Some)
    }

    /// Every chunk is done or given up, and what they left is joined: the job asks for its turn, or
    /// fails with what the chunks died of, or because more than `MAX_REJECTS` records were refused.
    /// The error budget is 0: a ledger is never computed from a part of a file (I4).
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn ingest_done(
        &self,
        set: &DoneSet,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let job = self.value.clone();
        if job.phase != JobPhase::Ingesting || set.generation != job.generation || !set.is_over() {
            return Ok(None);
        }
        let Some((chunk, failure)) = set.failed.first_key_value() else {
            if let Some(error) = too_many_rejects(set) {
                return job
                    .end(JobPhase::Failed { error }, self.version, now)
                    .map(Some);
            }
            return job
                .ask_turn(self.version, now, Transition::default())
                .map(Some);
        };
        let error = JobError {
            class: failure.class,
            code: failure.code.clone(),
            message: format!(
                "{} of {} chunks failed; the first is chunk {chunk}: {}",
                set.failed.len(),
                set.total,
                failure.message
            ),
        };
        job.end(JobPhase::Failed { error }, self.version, now)
            .map(Some)
    }

    /// The job ends before it had a turn.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn fail(&self, error: JobError, now: Instant) -> Result<Option<Transition>, DocumentError> {
        let job = self.value.clone();
        match job.phase {
            JobPhase::AwaitingUpload | JobPhase::Ingesting | JobPhase::AwaitingTurn => job
                .end(JobPhase::Failed { error }, self.version, now)
                .map(Some),
            JobPhase::InTurn { .. }
            | JobPhase::Failed { .. }
            | JobPhase::Expired
            | JobPhase::Cancelled => Ok(None),
        }
    }

    /// Nothing arrived in time.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn expire(&self, now: Instant) -> Result<Option<Transition>, DocumentError> {
        let job = self.value.clone();
        let expired = job.upload().is_some_and(|upload| upload.expires_at < now);
        if job.phase != JobPhase::AwaitingUpload || !expired {
            return Ok(None);
        }
        job.end(JobPhase::Expired, self.version, now).map(Some)
    }

    /// Its user stops the job before a turn has it; `None` once one has, or when it has ended. What
    /// still works on it finds it in no phase of its own and changes nothing, and a request for a turn
    /// goes with it. Whether a job or a turn that is being admitted is first, this document decides:
    /// pointing the job to the turn is a write of the same version.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn cancel(
        &self,
        turn: Option<&Turn>,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let job = self.value.clone();
        if !job.is_before_a_turn(turn) {
            return Ok(None);
        }
        let mut gone = vec![TurnRequest::key_of(&job.owner, job.id)];
        // Where a file comes in parts, `sweep` still has to free them, and forgets it then.
        let in_parts = job.upload().is_some_and(|upload| upload.parts.is_some());
        if job.phase == JobPhase::AwaitingUpload && !in_parts {
            let awaited = AwaitedUpload {
                owner: job.owner.clone(),
                job: job.id,
                signed_at: job.created_at,
            };
            gone.push(awaited.key());
        }
        let mut transition = job.end(JobPhase::Cancelled, self.version, now)?;
        let gone = gone.into_iter().map(|key| Change::Delete { key });
        transition.changes.extend(gone);
        Ok(Some(transition))
    }

    /// The job is part of a turn: it points to it, and its request goes. An upload that was undone while
    /// an earlier turn had it, and failed, is of none: it ends here.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn admitted(
        &self,
        turn: TurnId,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut job = self.value.clone();
        let waits = match job.phase {
            JobPhase::AwaitingTurn => true,
            JobPhase::InTurn { turn: earlier } => earlier < turn,
            _ => false,
        };
        if !waits {
            return Ok(None);
        }
        let request = Change::Delete {
            key: TurnRequest::key_of(&job.owner, job.id),
        };
        if job.is_undone() {
            let mut transition = job.end(JobPhase::Cancelled, self.version, now)?;
            transition.change(request);
            return Ok(Some(transition));
        }
        job.phase = JobPhase::InTurn { turn };
        let mut transition = Transition::default();
        transition.change(request);
        job.replace(self.version, now, transition).map(Some)
    }

    /// A new attempt that repeats only what failed (I2, I5): the failed chunks, the split, or the
    /// turn. `None` when the job has not failed or its file itself is at fault.
    ///
    /// `set` is its ingest done-set, `turn` the turn it points to.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn retry(
        &self,
        set: Option<&DoneSet>,
        turn: Option<&Turn>,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        if !self.value.retry_allowed(turn) {
            return Ok(None);
        }
        let mut job = self.value.clone();
        let from = job.generation;
        job.generation = from.next();
        let mut transition = Transition::default();
        if let Some(set) = set {
            let (key, to) = (set.key(), job.generation);
            transition.change(Change::RestartSet {
                key,
                from: set.generation,
                to,
            });
        }
        if matches!(job.phase, JobPhase::InTurn { .. }) {
            return job.ask_turn(self.version, now, transition).map(Some);
        }
        match set {
            Some(set) if !set.left().is_empty() => {
                job.phase = JobPhase::Ingesting;
                job.times.begin(Stage::Ingest, now);
                let left = BatchRange::covering(set.left().into_iter());
                transition.send(job.chunks_record(left, now))?;
            }
            Some(_) => return job.ask_turn(self.version, now, transition).map(Some),
            None => {
                job.phase = JobPhase::AwaitingUpload;
                job.times.begin(Stage::Split, now);
                let task = Task::Split {
                    job: job.id,
                    generation: job.generation,
                };
                let id = format!("split#{}#{}", job.id, job.generation);
                transition.send(OutboxRecord::one(id, Queue::Split, job.envelope(task), now))?;
            }
        }
        job.replace(self.version, now, transition).map(Some)
    }

    /// Marks an upload as taken out by `undo`, in the transaction that creates that job.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn undone_by(
        &self,
        undo: JobId,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut job = self.value.clone();
        let JobKind::Upload(upload) = &mut job.kind else {
            return Ok(None);
        };
        if upload.undone_by.is_some() {
            return Ok(None);
        }
        upload.undone_by = Some(undo);
        job.replace(self.version, now, Transition::default())
            .map(Some)
    }

    /// Takes that mark away again, in the transaction that cancels the undo.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn kept_from(
        &self,
        undo: JobId,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut job = self.value.clone();
        let JobKind::Upload(upload) = &mut job.kind else {
            return Ok(None);
        };
        if upload.undone_by != Some(undo) {
            return Ok(None);
        }
        upload.undone_by = None;
        job.replace(self.version, now, Transition::default())
            .map(Some)
    }
}

impl Job {
    /// What creates a job: its document, and its entry in the list of its tenant's jobs.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn insert(&self) -> Result<[Change; 2], DocumentError> {
        let listed = ListedJob {
            tenant: self.owner.tenant.clone(),
            job: self.id,
        };
        Ok([Change::insert(self)?, Change::insert(&listed)?])
    }

    /// A job without a file of its own (undo, settings, prices) is created asking for its turn.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn create_asking(
        id: JobId,
        owner: LedgerRef,
        kind: JobKind,
        now: Instant,
    ) -> Result<Transition, DocumentError> {
        let job = Self::new(id, owner, kind, JobPhase::AwaitingTurn, now);
        let mut transition = Transition::default();
        transition.changes.extend(job.insert()?);
        job.add_request(now, &mut transition)?;
        Ok(transition)
    }

    /// Whether the job is an upload that somebody asked to take out.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.upload()
            .is_some_and(|upload| upload.undone_by.is_some())
    }

    /// Whether the job has not ended and no turn has it, or the one that had it failed and left it to
    /// another.
    #[must_use]
    pub fn is_before_a_turn(&self, turn: Option<&Turn>) -> bool {
        match &self.phase {
            JobPhase::AwaitingUpload | JobPhase::Ingesting | JobPhase::AwaitingTurn => true,
            JobPhase::InTurn { turn: id } => turn.is_some_and(|turn| {
                turn.id == *id && matches!(turn.phase, TurnPhase::Failed { requeued: true, .. })
            }),
            JobPhase::Failed { .. } | JobPhase::Expired | JobPhase::Cancelled => false,
        }
    }

    /// Whether a retry would do something: the job failed, not because of what is in its file, and
    /// nobody asked to take it out.
    #[must_use]
    pub fn retry_allowed(&self, turn: Option<&Turn>) -> bool {
        if self.is_undone() {
            return false;
        }
        match &self.phase {
            JobPhase::Failed { error } => error.class != ErrorClass::Data,
            JobPhase::InTurn { turn: id } => turn.is_some_and(|turn| {
                turn.id == *id
                    && matches!(
                        &turn.phase,
                        TurnPhase::Failed {
                            requeued: false,
                            ..
                        }
                    )
            }),
            _ => false,
        }
    }

    /// The job ends by itself, and `notify` is told in the same transaction (I1), whether or not the
    /// tenant has a webhook: a transition reads nothing but its own documents, and a webhook that is
    /// set while the message waits is told too. Without one the price is one small message.
    fn end(
        mut self,
        phase: JobPhase,
        version: Version,
        now: Instant,
    ) -> Result<Transition, DocumentError> {
        self.phase = phase;
        self.times.end(now);
        let task = Task::Ended {
            job: self.id,
            generation: self.generation,
        };
        let id = format!("ended#{}#{}", self.id, self.generation);
        let mut transition = Transition::default();
        transition.send(OutboxRecord::one(
            id,
            Queue::Notify,
            self.envelope(task),
            now,
        ))?;
        self.replace(version, now, transition)
    }

    fn ask_turn(
        mut self,
        version: Version,
        now: Instant,
        mut transition: Transition,
    ) -> Result<Transition, DocumentError> {
        self.phase = JobPhase::AwaitingTurn;
        self.times.end(now);
        self.add_request(now, &mut transition)?;
        self.replace(version, now, transition)
    }

    fn add_request(&self, now: Instant, transition: &mut Transition) -> Result<(), DocumentError> {
        let request = TurnRequest {
            owner: self.owner.clone(),
            job: self.id,
            alone: false,
            asked_at: now,
        };
        transition.change(Change::insert(&request)?);
        let id = format!("admit#{}#{}", self.id, self.generation);
        transition.send(OutboxRecord::one(
            id,
            Queue::Price,
            self.envelope(Task::Admit),
            now,
        ))
    }

    fn replace(
        mut self,
        version: Version,
        now: Instant,
        mut transition: Transition,
    ) -> Result<Transition, DocumentError> {
        self.updated_at = now;
        if self.phase != JobPhase::AwaitingUpload {
            self.give_back(&mut transition);
        }
        transition
            .changes
            .insert(0, Change::replace(&self, version)?);
        Ok(transition)
    }

    /// An upload that is no longer waited for holds no slot.
    fn give_back(&mut self, transition: &mut Transition) {
        if let JobKind::Upload(upload) = &mut self.kind
            && let Some(slot) = upload.slot.take()
        {
            transition.change(Change::Delete {
                key: UploadSlot::key_of(&self.owner.tenant, slot),
            });
        }
    }

    fn chunks_record(&self, batches: Vec<BatchRange>, now: Instant) -> OutboxRecord {
        let task = Task::Chunk {
            job: self.id,
            generation: self.generation,
            batch: 0,
        };
        OutboxRecord {
            id: format!("chunks#{}#{}", self.id, self.generation),
            queue: Queue::Ingest,
            envelope: self.envelope(task),
            batches,
            written_at: now,
        }
    }

    fn envelope(&self, task: Task) -> Envelope {
        Envelope::new(&self.owner, task, &*self.correlation)
    }
}

/// The end of a file of which too many records were refused.
fn too_many_rejects(set: &DoneSet) -> Option<JobError> {
    let (rejected, total) = (set.counts.rejected, set.counts.settled());
    (rejected > MAX_REJECTS).then(|| JobError {
        class: ErrorClass::Data,
        code: "too_many_rejects".to_owned(),
        message: format!(
            "{rejected} of {total} records were refused, more than the {MAX_REJECTS} that are let pass. \
             `rejects` names the line and reason of each: look at the first ones, most often one cause is \
             behind all of them, such as the order of day and month. Correct it and upload the file again."
        ),
    })
}
