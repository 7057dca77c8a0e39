//! A turn: price, reconcile and metrics over one snapshot of a ledger.

use serde::{Deserialize, Serialize};

use super::{
    BatchRange, Change, Document, DocumentError, DoneSet, JobError, Key, LedgerItem, OutboxRecord,
    StageTimes, Transition, TurnRequest, Version, Versioned,
};
use crate::ids::{JobId, LedgerRef, Stage, TurnId};
use crate::limits::MAX_TURN_JOBS;
use crate::message::{Envelope, Queue, Task};
use crate::time::Instant;

/// How far a turn is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum TurnPhase {
    /// Admitted; the jobs are being pointed to it and the snapshot is taken.
    Beginning,
    /// Prices are being pinned.
    Pricing,
    /// Segments are being planned.
    Planning,
    /// Segments are being reconciled.
    Reconciling,
    /// Lots are being computed.
    Measuring,
    /// The manifest is being written.
    Publishing,
    /// Published as a revision.
    Completed,
    /// Nothing was published.
    Failed {
        /// Why.
        error: JobError,
        /// Its jobs wait for another turn, each alone.
        requeued: bool,
    },
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Its number: the revision's number once published.
    pub id: TurnId,
    /// The ledger.
    pub owner: LedgerRef,
    /// How far it is.
    #[serde(flatten)]
    pub phase: TurnPhase,
    /// The jobs it admitted.
    pub jobs: Vec<JobId>,
    /// The revision it starts from.
    pub base: Option<TurnId>,
    /// Segments of its plan, once planned.
    pub segments: Option<u32>,
    /// First segment it computes, once planned.
    pub restart: u32,
    /// The segment whose reconcile fold is next.
    pub reconcile_cursor: u32,
    /// The segment whose metrics fold is next.
    pub metrics_cursor: u32,
    /// Accepted and duplicate rows of each upload of the revision, once published.
    pub results: Vec<(JobId, u64, u64)>,
    /// When it was admitted.
    pub started_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// When its stages were at work.
    #[serde(default)]
    pub times: StageTimes,
    /// The id every line of log about it carries.
    pub correlation: String,
}

impl Turn {
    /// Where a turn stands.
    #[must_use]
    pub fn key_of(owner: &LedgerRef, id: TurnId) -> Key {
        Key::new(partition(owner, id), "turn")
    }
}

impl Document for Turn {
    const KIND: &'static str = "turn";

    fn key(&self) -> Key {
        Self::key_of(&self.owner, self.id)
    }
}

pub(super) fn partition(owner: &LedgerRef, id: TurnId) -> String {
    format!("turn#{}#{}#{:020}", owner.tenant, owner.ledger, id.0)
}

/// Gives waiting jobs a turn, if none is running and somebody waits: the first of them alone when it
/// asked for that, else as many as a turn admits.
///
/// Only the ledger item and the turn are written; `price` then points each admitted job to the turn,
/// which it can repeat until it is done, because no other turn of the ledger can begin meanwhile.
///
/// # Errors
/// A document has no JSON form.
pub fn admit(
    ledger: Option<&Versioned<LedgerItem>>,
    owner: &LedgerRef,
    requests: &[TurnRequest],
    now: Instant,
) -> Result<Option<Transition>, DocumentError> {
    let mut item = ledger.map_or_else(
        || LedgerItem::new(owner.clone()),
        |ledger| ledger.value.clone(),
    );
    let Some(first) = requests.first() else {
        return Ok(None);
    };
    if item.active.is_some() {
        return Ok(None);
    }
    let together = |request: &&TurnRequest| !request.alone && !first.alone;
    let jobs: Vec<JobId> = if first.alone {
        vec![first.job]
    } else {
        requests
            .iter()
            .filter(together)
            .take(MAX_TURN_JOBS)
            .map(|request| request.job)
            .collect()
    };
    let id = item.next_turn;
    let turn = Turn::new(id, owner.clone(), jobs, item.published, now);
    item.active = Some(id);
    item.next_turn = TurnId(id.0 + 1);
    let mut transition = Transition::default();
    transition.change(match ledger {
        Some(ledger) => Change::replace(&item, ledger.version)?,
        None => Change::insert(&item)?,
    });
    transition.change(Change::insert(&turn)?);
    transition.send(turn.record("begin", Queue::Price, Task::Begin { turn: id }, now))?;
    Ok(Some(transition))
}

impl Turn {
    fn new(
        id: TurnId,
        owner: LedgerRef,
        jobs: Vec<JobId>,
        base: Option<TurnId>,
        now: Instant,
    ) -> Self {
        let correlation = format!("{}.{id}", owner.ledger);
        let mut times = StageTimes::default();
        times.begin(Stage::Price, now);
        Self {
            id,
            owner,
            phase: TurnPhase::Beginning,
            jobs,
            base,
            segments: None,
            restart: 0,
            reconcile_cursor: 0,
            metrics_cursor: 0,
            results: Vec::new(),
            started_at: now,
            updated_at: now,
            times,
            correlation,
        }
    }

    /// Whether it can still move.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(self.phase, TurnPhase::Completed | TurnPhase::Failed { .. })
    }

    fn envelope(&self, task: Task) -> Envelope {
        Envelope::new(&self.owner, task, &*self.correlation)
    }

    /// Prices are pinned: planning is the first part of `reconcile`.
    fn plan(&mut self, now: Instant) {
        self.phase = TurnPhase::Planning;
        self.times.begin(Stage::Reconcile, now);
    }

    fn record(&self, what: &str, queue: Queue, task: Task, now: Instant) -> OutboxRecord {
        let id = format!(
            "{what}#{}#{}#{}",
            self.owner.tenant, self.owner.ledger, self.id
        );
        OutboxRecord::one(id, queue, self.envelope(task), now)
    }

    fn replace(
        mut self,
        version: Version,
        now: Instant,
        mut transition: Transition,
    ) -> Result<Transition, DocumentError> {
        self.updated_at = now;
        transition
            .changes
            .insert(0, Change::replace(&self, version)?);
        Ok(transition)
    }
}

/// The transitions, as with jobs: `None` means the turn is past that point (I2).
impl Versioned<Turn> {
    /// The snapshot and the price plan of `groups` requests are stored.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn began(&self, groups: u32, now: Instant) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        if turn.phase != TurnPhase::Beginning {
            return Ok(None);
        }
        let mut transition = Transition::default();
        if groups == 0 {
            turn.plan(now);
            transition.send(turn.record(
                "plan",
                Queue::Reconcile,
                Task::Plan { turn: turn.id },
                now,
            ))?;
        } else {
            turn.phase = TurnPhase::Pricing;
            transition.change(Change::InsertSet(DoneSet::of_turn(
                turn.id,
                &turn.owner,
                Stage::Price,
                0,
                groups,
            )));
            let mut record = turn.record(
                "fetch",
                Queue::Price,
                Task::Fetch {
                    turn: turn.id,
                    batch: 0,
                },
                now,
            );
            record.batches = vec![BatchRange {
                first: 0,
                end: groups,
            }];
            transition.send(record)?;
        }
        turn.replace(self.version, now, transition).map(Some)
    }

    /// Every price request is done.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn priced(&self, set: &DoneSet, now: Instant) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        if turn.phase != TurnPhase::Pricing || !set.is_full() {
            return Ok(None);
        }
        turn.plan(now);
        let mut transition = Transition::default();
        transition.send(turn.record(
            "plan",
            Queue::Reconcile,
            Task::Plan { turn: turn.id },
            now,
        ))?;
        turn.replace(self.version, now, transition).map(Some)
    }

    /// The segment plan is stored: the fold begins at `restart`; with nothing to fold the revision
    /// is published at once.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn planned(
        &self,
        restart: u32,
        segments: u32,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        if turn.phase != TurnPhase::Planning {
            return Ok(None);
        }
        turn.segments = Some(segments);
        turn.restart = restart;
        turn.reconcile_cursor = restart;
        turn.metrics_cursor = restart;
        let mut transition = Transition::default();
        if restart == segments {
            turn.phase = TurnPhase::Publishing;
            turn.times.begin(Stage::Metrics, now);
            transition.send(turn.record(
                "publish",
                Queue::Metrics,
                Task::Publish { turn: turn.id },
                now,
            ))?;
        } else {
            turn.phase = TurnPhase::Reconciling;
            for stage in [Stage::Reconcile, Stage::Metrics] {
                let set = DoneSet::of_turn(turn.id, &turn.owner, stage, restart, segments);
                transition.change(Change::InsertSet(set));
            }
            transition.send(turn.fold_record(Stage::Reconcile, restart, now))?;
        }
        turn.replace(self.version, now, transition).map(Some)
    }

    /// A stage's fold of segment `index` is done and its checkpoint stored: the cursor moves, and
    /// only the copy that moved it sends the next message, so doubled deliveries do not multiply.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn folded(
        &self,
        stage: Stage,
        index: u32,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        let expected = turn.folding();
        let Some(cursor) = turn.cursor(stage) else {
            return Ok(None);
        };
        if expected != Some(stage) || *cursor != index {
            return Ok(None);
        }
        *cursor += 1;
        let mut transition = Transition::default();
        if turn.segments.is_some_and(|segments| index + 1 < segments) {
            transition.send(turn.fold_record(stage, index + 1, now))?;
        }
        turn.replace(self.version, now, transition).map(Some)
    }

    /// Every segment of a stage is written: the next stage begins.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn stage_done(
        &self,
        set: &DoneSet,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        if turn.folding() != Some(set.stage) || !set.is_full() {
            return Ok(None);
        }
        let mut transition = Transition::default();
        if set.stage == Stage::Reconcile {
            turn.phase = TurnPhase::Measuring;
            turn.times.begin(Stage::Metrics, now);
            transition.send(turn.fold_record(Stage::Metrics, turn.restart, now))?;
        } else {
            turn.phase = TurnPhase::Publishing;
            transition.send(turn.record(
                "publish",
                Queue::Metrics,
                Task::Publish { turn: turn.id },
                now,
            ))?;
        }
        turn.replace(self.version, now, transition).map(Some)
    }

    /// The manifest is stored: one flip of the ledger's pointer makes it the revision readers see
    /// (I7), ends the turn, and lets the next one begin.
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn published(
        &self,
        ledger: &Versioned<LedgerItem>,
        results: Vec<(JobId, u64, u64)>,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        if turn.phase != TurnPhase::Publishing || ledger.value.active != Some(turn.id) {
            return Ok(None);
        }
        turn.phase = TurnPhase::Completed;
        turn.results = results;
        let mut item = ledger.value.clone();
        item.published = Some(turn.id);
        turn.end(
            self.version,
            item,
            ledger.version,
            now,
            Transition::default(),
        )
        .map(Some)
    }

    /// A unit of the turn was given up: nothing is published. Several jobs get a turn each, alone,
    /// so that the one at fault shows itself; a job that was alone shares the failure.
    /// The jobs must have been pointed to the turn before (their requests are gone).
    ///
    /// # Errors
    /// A document has no JSON form.
    pub fn fail(
        &self,
        ledger: &Versioned<LedgerItem>,
        error: JobError,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let mut turn = self.value.clone();
        if !turn.is_running() || ledger.value.active != Some(turn.id) {
            return Ok(None);
        }
        let requeued = turn.jobs.len() > 1;
        turn.phase = TurnPhase::Failed { error, requeued };
        let mut transition = Transition::default();
        if requeued {
            for &job in &turn.jobs {
                let request = TurnRequest {
                    owner: turn.owner.clone(),
                    job,
                    alone: true,
                    asked_at: now,
                };
                transition.change(Change::insert(&request)?);
            }
        }
        let item = ledger.value.clone();
        turn.end(self.version, item, ledger.version, now, transition)
            .map(Some)
    }
}

impl Turn {
    fn fold_record(&self, stage: Stage, index: u32, now: Instant) -> OutboxRecord {
        let (turn, batch) = (self.id, index);
        let (queue, task) = if stage == Stage::Reconcile {
            (Queue::Reconcile, Task::Reconcile { turn, batch })
        } else {
            (Queue::Metrics, Task::Metrics { turn, batch })
        };
        self.record(&format!("{}#{index}", stage.name()), queue, task, now)
    }

    /// The stage whose segments are being folded.
    #[must_use]
    pub fn folding(&self) -> Option<Stage> {
        match self.phase {
            TurnPhase::Reconciling => Some(Stage::Reconcile),
            TurnPhase::Measuring => Some(Stage::Metrics),
            _ => None,
        }
    }

    fn cursor(&mut self, stage: Stage) -> Option<&mut u32> {
        match stage {
            Stage::Reconcile => Some(&mut self.reconcile_cursor),
            Stage::Metrics => Some(&mut self.metrics_cursor),
            Stage::Split | Stage::Ingest | Stage::Price => None,
        }
    }

    /// One record for the ends of all of the turn's jobs, a message for each; none when they were
    /// queued again and so have not ended. Like a job's own, it is written whether or not the tenant
    /// has a webhook.
    fn ended_record(&self, now: Instant) -> Option<OutboxRecord> {
        if matches!(self.phase, TurnPhase::Failed { requeued: true, .. }) || self.jobs.is_empty() {
            return None;
        }
        let task = Task::TurnEnded {
            turn: self.id,
            batch: 0,
        };
        let mut record = self.record("ended", Queue::Notify, task, now);
        record.batches = vec![BatchRange {
            first: 0,
            end: u32::try_from(self.jobs.len()).unwrap_or(u32::MAX),
        }];
        Some(record)
    }

    fn end(
        mut self,
        version: Version,
        mut ledger: LedgerItem,
        ledger_version: Version,
        now: Instant,
        mut transition: Transition,
    ) -> Result<Transition, DocumentError> {
        ledger.active = None;
        self.times.end(now);
        transition.change(Change::replace(&ledger, ledger_version)?);
        transition.send(self.record("admit-after", Queue::Price, Task::Admit, now))?;
        if let Some(told) = self.ended_record(now) {
            transition.send(told)?;
        }
        self.replace(version, now, transition)
    }
}
