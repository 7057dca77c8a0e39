//! The machines against a small store that applies changes as the ports must.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use super::*;
use crate::counts::RowCounts;
use crate::ids::{Generation, JobId, LedgerRef, Stage, TurnId};
use crate::limits::MAX_REJECTS;
use crate::message::{Queue, Task};
use crate::settings::ParseOptions;
use crate::time::Instant;

const NOW: Instant = Instant(1_700_000_000_000_000);

/// All or nothing, under versions.
#[derive(Default)]
struct Store {
    documents: BTreeMap<Key, (String, u64)>,
    sets: BTreeMap<Key, DoneSet>,
    sent: Vec<OutboxRecord>,
}

impl Store {
    fn read<T: Document>(&self, key: &Key) -> Option<Versioned<T>> {
        let (body, version) = self.documents.get(key)?;
        Some(Versioned {
            value: serde_json::from_str(body).unwrap(),
            version: Version(*version),
        })
    }

    fn apply(&mut self, transition: Transition) -> bool {
        let holds = |change: &Change| match change {
            Change::Insert { key, .. } => !self.documents.contains_key(key),
            Change::Replace { key, version, .. } | Change::Require { key, version } => self
                .documents
                .get(key)
                .is_some_and(|(_, stored)| *stored == version.0),
            Change::Delete { .. } => true,
            Change::InsertSet(set) => !self.sets.contains_key(&set.key()),
            Change::RestartSet { key, from, .. } => self.sets[key].generation == *from,
        };
        if !transition.changes.iter().all(holds) {
            return false;
        }
        for change in transition.changes {
            match change {
                Change::Insert { key, body, .. } => drop(self.documents.insert(key, (body, 1))),
                Change::Replace {
                    key, body, version, ..
                } => {
                    drop(self.documents.insert(key, (body, version.0 + 1)));
                }
                Change::Delete { key } => drop(self.documents.remove(&key)),
                Change::Require { .. } => {}
                Change::InsertSet(set) => drop(self.sets.insert(set.key(), set)),
                Change::RestartSet { key, to, .. } => {
                    let set = self.sets.remove(&key).unwrap().restarted(to);
                    self.sets.insert(key, set);
                }
            }
        }
        self.sent.extend(transition.outgoing);
        true
    }

    fn record(
        &mut self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Recorded {
        let recorded = self.sets[key].clone().record(generation, batch, outcome);
        if let Recorded::Added(set) = &recorded {
            self.sets.insert(key.clone(), set.clone());
        }
        recorded
    }

    fn requests(&self) -> Vec<TurnRequest> {
        let owned = |(key, _): &(&Key, &(String, u64))| key.sort.starts_with(TurnRequest::PREFIX);
        let found = self.documents.iter().filter(owned);
        found
            .map(|(_, (body, _))| serde_json::from_str(body).unwrap())
            .collect()
    }

    fn tasks(&self) -> Vec<Task> {
        self.sent
            .iter()
            .flat_map(OutboxRecord::messages)
            .map(|envelope| envelope.task)
            .collect()
    }
}

fn owner() -> LedgerRef {
    LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    }
}

fn id(n: u8) -> JobId {
    JobId::new(1_700_000_000_000 + u64::from(n), &[n; 10])
}

fn upload(n: u8) -> Job {
    let kind = JobKind::Upload(Upload {
        filename: "a.csv".to_owned(),
        size: 10,
        sha256: "0".repeat(64),
        options: ParseOptions::default(),
        object_key: crate::keys::upload(&owner(), id(n)),
        expires_at: NOW.plus_us(1),
        records: None,
        object_version: None,
        undone_by: None,
        parts: None,
        slot: None,
    });
    Job::new(id(n), owner(), kind, JobPhase::AwaitingUpload, NOW)
}

fn facts(chunks: u32) -> SplitFacts {
    SplitFacts {
        object_version: "v1".to_owned(),
        records: u64::from(chunks) * 10,
        chunks,
        join: false,
    }
}

fn job(store: &Store, n: u8) -> Versioned<Job> {
    store.read(&Job::key_of(&owner().tenant, id(n))).unwrap()
}

fn turn(store: &Store, n: u64) -> Versioned<Turn> {
    store.read(&Turn::key_of(&owner(), TurnId(n))).unwrap()
}

fn ledger(store: &Store) -> Option<Versioned<LedgerItem>> {
    store.read(&LedgerItem::key_of(&owner()))
}

fn created(store: &mut Store, n: u8) {
    let mut transition = Transition::default();
    transition.change(Change::insert(&upload(n)).unwrap());
    assert!(store.apply(transition));
}

/// A job whose chunks are all done and which waits for its turn.
fn ingested(store: &mut Store, n: u8, chunks: u32) {
    created(store, n);
    let split = job(store, n)
        .split_done(&facts(chunks), NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(split));
    let key = DoneSet::job_key(id(n), &owner(), Stage::Ingest);
    for chunk in 0..chunks {
        store.record(
            &key,
            Generation::FIRST,
            chunk,
            BatchOutcome::Done(RowCounts::default()),
        );
    }
    if let Some(done) = job(store, n).ingest_done(&store.sets[&key], NOW).unwrap() {
        assert!(store.apply(done));
    }
    assert_eq!(job(store, n).value.phase, JobPhase::AwaitingTurn);
}

fn admitted(store: &mut Store) -> Option<Turn> {
    let transition = admit(ledger(store).as_ref(), &owner(), &store.requests(), NOW).unwrap()?;
    assert!(store.apply(transition));
    let id = ledger(store).unwrap().value.active.unwrap();
    let turn = turn(store, id.0).value;
    for &job in &turn.jobs {
        let stored: Versioned<Job> = store.read(&Job::key_of(&owner().tenant, job)).unwrap();
        if let Some(pointed) = stored.admitted(turn.id, NOW).unwrap() {
            assert!(store.apply(pointed));
        }
    }
    Some(turn)
}

fn failure(class: ErrorClass) -> BatchFailure {
    BatchFailure {
        class,
        code: "gone".to_owned(),
        message: "gone".to_owned(),
        records: 10,
    }
}

fn error() -> JobError {
    JobError {
        class: ErrorClass::Transient,
        code: "x".to_owned(),
        message: "x".to_owned(),
    }
}

#[test]
fn a_split_sends_every_chunk_once_and_a_second_split_sends_nothing() {
    let mut store = Store::default();
    created(&mut store, 1);
    let read = job(&store, 1);
    let split = read.split_done(&facts(3), NOW).unwrap().unwrap();
    assert!(store.apply(split.clone()));
    assert!(
        !store.apply(split),
        "decided on the same version, so it conflicts"
    );
    assert_eq!(job(&store, 1).split_done(&facts(3), NOW).unwrap(), None);
    let chunks: Vec<u32> = store
        .tasks()
        .into_iter()
        .map(|task| match task {
            Task::Chunk { batch, .. } => batch,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(chunks, [0, 1, 2]);
}

#[test]
fn a_file_without_rows_asks_for_its_turn_at_once() {
    let mut store = Store::default();
    created(&mut store, 1);
    let split = job(&store, 1).split_done(&facts(0), NOW).unwrap().unwrap();
    assert!(store.apply(split));
    assert_eq!(job(&store, 1).value.phase, JobPhase::AwaitingTurn);
    assert_eq!(store.requests().len(), 1);
    assert_eq!(store.tasks(), [Task::Admit]);
}

#[test]
fn a_batch_counts_once_and_never_for_another_generation() {
    let mut store = Store::default();
    created(&mut store, 1);
    let split = job(&store, 1).split_done(&facts(2), NOW).unwrap().unwrap();
    assert!(store.apply(split));
    let key = DoneSet::job_key(id(1), &owner(), Stage::Ingest);
    let ten = BatchOutcome::Done(RowCounts {
        accepted: 10,
        ..RowCounts::default()
    });
    assert!(matches!(
        store.record(&key, Generation::FIRST, 0, ten.clone()),
        Recorded::Added(_)
    ));
    assert!(matches!(
        store.record(&key, Generation::FIRST, 0, ten.clone()),
        Recorded::Already(_)
    ));
    assert_eq!(store.record(&key, Generation(2), 1, ten), Recorded::Stale);
    assert_eq!(store.sets[&key].counts.accepted, 10);
    assert!(!store.sets[&key].is_full());
}

#[test]
fn a_failed_chunk_fails_the_job_and_a_retry_repeats_only_that_chunk() {
    let mut store = Store::default();
    created(&mut store, 1);
    let split = job(&store, 1).split_done(&facts(3), NOW).unwrap().unwrap();
    assert!(store.apply(split));
    let key = DoneSet::job_key(id(1), &owner(), Stage::Ingest);
    for chunk in [0, 2] {
        store.record(
            &key,
            Generation::FIRST,
            chunk,
            BatchOutcome::Done(RowCounts::default()),
        );
    }
    let given_up = BatchOutcome::Failed(failure(ErrorClass::Transient));
    store.record(&key, Generation::FIRST, 1, given_up);
    let done = job(&store, 1)
        .ingest_done(&store.sets[&key], NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(done));
    assert!(matches!(
        job(&store, 1).value.phase,
        JobPhase::Failed { .. }
    ));
    assert!(
        store.requests().is_empty(),
        "a ledger is never computed from a part of a file"
    );

    let retry = job(&store, 1)
        .retry(Some(&store.sets[&key]), None, NOW)
        .unwrap()
        .unwrap();
    store.sent.clear();
    assert!(store.apply(retry));
    let again = Task::Chunk {
        job: id(1),
        generation: Generation(2),
        batch: 1,
    };
    assert_eq!(store.tasks(), [again]);
    let late = BatchOutcome::Done(RowCounts::default());
    assert_eq!(
        store.record(&key, Generation::FIRST, 1, late.clone()),
        Recorded::Stale
    );
    store.record(&key, Generation(2), 1, late);
    let set = &store.sets[&key];
    assert_eq!(set.done[&1], Generation(2));
    assert_eq!((set.done[&0], set.counts.failed), (Generation::FIRST, 0));
    assert!(job(&store, 1).ingest_done(set, NOW).unwrap().is_some());
}

/// The phase of a job after its only chunk with so many refused records.
fn after_rejects(rejected: u64) -> JobPhase {
    let mut store = Store::default();
    created(&mut store, 1);
    let split = job(&store, 1).split_done(&facts(1), NOW);
    assert!(store.apply(split.unwrap().unwrap()));
    let key = DoneSet::job_key(id(1), &owner(), Stage::Ingest);
    let counts = RowCounts {
        accepted: 1,
        rejected,
        ..RowCounts::default()
    };
    store.record(&key, Generation::FIRST, 0, BatchOutcome::Done(counts));
    let ended = job(&store, 1).ingest_done(&store.sets[&key], NOW);
    assert!(store.apply(ended.unwrap().unwrap()));
    job(&store, 1).value.phase
}

#[test]
fn a_file_of_which_more_records_are_refused_than_the_bound_fails_by_it() {
    assert_eq!(after_rejects(MAX_REJECTS), JobPhase::AwaitingTurn);
    let JobPhase::Failed { error } = after_rejects(MAX_REJECTS + 1) else {
        panic!("one more than the bound is too many");
    };
    assert_eq!(
        (error.class, &*error.code),
        (ErrorClass::Data, "too_many_rejects")
    );
    assert!(
        error.message.contains("100001 of 100002"),
        "{}",
        error.message
    );
    assert!(
        error.message.contains("more than the 100000"),
        "{}",
        error.message
    );
}

#[test]
fn a_file_at_fault_cannot_be_retried() {
    let mut store = Store::default();
    created(&mut store, 1);
    let data = JobError {
        class: ErrorClass::Data,
        ..error()
    };
    let failed = job(&store, 1).fail(data, NOW).unwrap().unwrap();
    assert!(store.apply(failed));
    assert_eq!(job(&store, 1).retry(None, None, NOW).unwrap(), None);
    assert_eq!(
        job(&store, 1).fail(error(), NOW).unwrap(),
        None,
        "the first cause stays"
    );
}

#[test]
fn a_second_turn_waits_for_the_first_and_takes_everybody_who_came_meanwhile() {
    let mut store = Store::default();
    ingested(&mut store, 1, 2);
    let first = admitted(&mut store).unwrap();
    assert_eq!(first.jobs, [id(1)]);
    ingested(&mut store, 2, 1);
    ingested(&mut store, 3, 1);
    assert!(
        admitted(&mut store).is_none(),
        "one turn of a ledger at a time"
    );
    store.sent.clear();
    published(&mut store, 1);
    assert!(
        store.tasks().contains(&Task::Admit),
        "the end of a turn wakes whoever waits"
    );
    assert_eq!(admitted(&mut store).unwrap().jobs, [id(2), id(3)]);
    assert!(store.requests().is_empty());
}

/// Takes a turn through its stages, one segment each, to its revision.
fn published(store: &mut Store, n: u64) {
    let began = turn(store, n).began(1, NOW).unwrap().unwrap();
    assert!(store.apply(began));
    let key = DoneSet::turn_key(TurnId(n), &owner(), Stage::Price);
    store.record(
        &key,
        Generation::FIRST,
        0,
        BatchOutcome::Done(RowCounts::default()),
    );
    let priced = turn(store, n)
        .priced(&store.sets[&key], NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(priced));
    let planned = turn(store, n).planned(0, 2, NOW).unwrap().unwrap();
    assert!(store.apply(planned));
    for stage in [Stage::Reconcile, Stage::Metrics] {
        fold_both_segments(store, n, stage);
    }
    let ends = turn(store, n)
        .published(&ledger(store).unwrap(), vec![], NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(ends));
    assert_eq!(ledger(store).unwrap().value.published, Some(TurnId(n)));
    assert_eq!(turn(store, n).value.phase, TurnPhase::Completed);
}

fn fold_both_segments(store: &mut Store, n: u64, stage: Stage) {
    let key = DoneSet::turn_key(TurnId(n), &owner(), stage);
    for segment in 0..2 {
        let read = turn(store, n);
        let folded = read.folded(stage, segment, NOW).unwrap().unwrap();
        assert!(store.apply(folded));
        assert_eq!(
            turn(store, n).folded(stage, segment, NOW).unwrap(),
            None,
            "a copy sends nothing"
        );
        let done = BatchOutcome::Done(RowCounts::default());
        store.record(&key, Generation::FIRST, segment, done);
        let ends = turn(store, n).stage_done(&store.sets[&key], NOW).unwrap();
        assert_eq!(
            ends.is_some(),
            segment == 1,
            "a stage ends when its done-set is full"
        );
        if let Some(ends) = ends {
            assert!(store.apply(ends));
            assert_eq!(
                turn(store, n).stage_done(&store.sets[&key], NOW).unwrap(),
                None
            );
        }
    }
}

#[test]
fn a_failed_turn_of_several_gives_each_a_turn_alone_and_the_one_at_fault_fails() {
    let mut store = Store::default();
    ingested(&mut store, 1, 1);
    ingested(&mut store, 2, 1);
    assert_eq!(admitted(&mut store).unwrap().jobs.len(), 2);
    let failed = turn(&store, 1)
        .fail(&ledger(&store).unwrap(), error(), NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(failed));
    assert_eq!(ledger(&store).unwrap().value.published, None);
    assert!(
        job(&store, 1)
            .retry(None, Some(&turn(&store, 1).value), NOW)
            .unwrap()
            .is_none()
    );

    assert_eq!(admitted(&mut store).unwrap().jobs, [id(1)]);
    let alone = turn(&store, 2)
        .fail(&ledger(&store).unwrap(), error(), NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(alone));
    assert_eq!(admitted(&mut store).unwrap().jobs, [id(2)]);
    published(&mut store, 3);
    assert!(store.requests().is_empty());

    let first = job(&store, 1);
    assert_eq!(first.value.phase, JobPhase::InTurn { turn: TurnId(2) });
    let set = store.sets[&DoneSet::job_key(id(1), &owner(), Stage::Ingest)].clone();
    let retry = first
        .retry(Some(&set), Some(&turn(&store, 2).value), NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(retry));
    assert_eq!(admitted(&mut store).unwrap().jobs, [id(1)]);
    published(&mut store, 4);
}

#[test]
fn an_ended_turn_does_not_move() {
    let mut store = Store::default();
    ingested(&mut store, 1, 1);
    admitted(&mut store).unwrap();
    published(&mut store, 1);
    let ended = turn(&store, 1);
    let ledger = ledger(&store).unwrap();
    assert_eq!(ended.fail(&ledger, error(), NOW).unwrap(), None);
    assert_eq!(ended.began(1, NOW).unwrap(), None);
    assert_eq!(ended.planned(0, 1, NOW).unwrap(), None);
    assert_eq!(ended.folded(Stage::Reconcile, 0, NOW).unwrap(), None);
    assert_eq!(ended.published(&ledger, vec![], NOW).unwrap(), None);
}

#[test]
fn batches_are_covered_by_as_few_runs_as_can_be() {
    let runs = BatchRange::covering([0, 1, 2, 5, 7, 8].into_iter());
    let ends: Vec<_> = runs.iter().map(|run| (run.first, run.end)).collect();
    assert_eq!(ends, [(0, 3), (5, 6), (7, 9)]);
}

#[test]
fn a_record_for_a_task_without_batches_sends_one_message() {
    let mut store = Store::default();
    ingested(&mut store, 1, 1);
    admitted(&mut store).unwrap();
    let begin = store
        .sent
        .iter()
        .find(|record| record.queue == Queue::Price && record.id.starts_with("begin"));
    assert_eq!(begin.unwrap().messages().count(), 1);
}

#[test]
fn only_an_upload_whose_time_is_over_expires() {
    let mut store = Store::default();
    created(&mut store, 1);
    assert_eq!(job(&store, 1).expire(NOW).unwrap(), None);
    let later = NOW.plus_us(2);
    let expired = job(&store, 1).expire(later).unwrap().unwrap();
    assert!(store.apply(expired));
    assert_eq!(job(&store, 1).value.phase, JobPhase::Expired);
    assert_eq!(job(&store, 1).split_done(&facts(1), later).unwrap(), None);
}

/// Jobs whose ends `notify` was asked to tell, each once.
fn told(store: &Store) -> Vec<Task> {
    let records = store.sent.iter();
    let told = records.filter(|record| record.queue == Queue::Notify);
    told.flat_map(OutboxRecord::messages)
        .map(|envelope| envelope.task)
        .collect()
}

fn of_turn(turn: u64, batch: u32) -> Task {
    let turn = TurnId(turn);
    Task::TurnEnded { turn, batch }
}

#[test]
fn a_published_turn_tells_the_end_of_each_of_its_jobs_with_one_record() {
    let mut store = Store::default();
    for n in 1..=3 {
        ingested(&mut store, n, 1);
    }
    admitted(&mut store).unwrap();
    assert_eq!(told(&store), [], "nothing has ended");
    published(&mut store, 1);
    assert_eq!(told(&store), [of_turn(1, 0), of_turn(1, 1), of_turn(1, 2)]);
    let records = store.sent.iter();
    assert_eq!(
        records
            .filter(|record| record.queue == Queue::Notify)
            .count(),
        1
    );
}

#[test]
fn a_failed_turn_tells_an_end_only_of_a_job_that_was_alone() {
    let mut store = Store::default();
    ingested(&mut store, 1, 1);
    ingested(&mut store, 2, 1);
    for alone in [false, true] {
        let number = admitted(&mut store).unwrap().id.0;
        let failed = turn(&store, number).fail(&ledger(&store).unwrap(), error(), NOW);
        assert!(store.apply(failed.unwrap().unwrap()));
        let expected = if alone {
            vec![of_turn(number, 0)]
        } else {
            vec![]
        };
        assert_eq!(told(&store), expected);
    }
}

#[test]
fn a_job_that_ends_by_itself_tells_its_end_once_for_each_attempt() {
    let mut store = Store::default();
    let end = |n, generation| Task::Ended {
        job: id(n),
        generation: Generation(generation),
    };
    created(&mut store, 1);
    let failed = job(&store, 1).fail(error(), NOW).unwrap().unwrap();
    assert!(store.apply(failed));
    let retry = job(&store, 1).retry(None, None, NOW).unwrap().unwrap();
    assert!(store.apply(retry));
    let again = job(&store, 1).fail(error(), NOW).unwrap().unwrap();
    assert!(
        store.apply(again),
        "another record than the first attempt's"
    );
    created(&mut store, 2);
    let expired = job(&store, 2).expire(NOW.plus_us(2)).unwrap().unwrap();
    assert!(store.apply(expired));
    assert_eq!(told(&store), [end(1, 1), end(1, 2), end(2, 1)]);
}

#[test]
fn a_job_whose_chunks_were_given_up_tells_its_end() {
    let mut store = Store::default();
    created(&mut store, 1);
    let split = job(&store, 1).split_done(&facts(1), NOW).unwrap().unwrap();
    assert!(store.apply(split));
    let key = DoneSet::job_key(id(1), &owner(), Stage::Ingest);
    let given_up = BatchOutcome::Failed(failure(ErrorClass::Transient));
    store.record(&key, Generation::FIRST, 0, given_up);
    let ends = job(&store, 1).ingest_done(&store.sets[&key], NOW);
    assert!(store.apply(ends.unwrap().unwrap()));
    let generation = Generation::FIRST;
    assert_eq!(
        told(&store),
        [Task::Ended {
            job: id(1),
            generation
        }]
    );
}

#[test]
fn a_job_is_cancelled_at_each_phase_before_its_turn_and_nothing_moves_it_again() {
    for phase in 0..3 {
        let mut store = Store::default();
        match phase {
            0 => created(&mut store, 1),
            1 => {
                created(&mut store, 1);
                let split = job(&store, 1).split_done(&facts(2), NOW).unwrap().unwrap();
                assert!(store.apply(split));
            }
            _ => ingested(&mut store, 1, 1),
        }
        let before = job(&store, 1);
        let cancel = before.cancel(None, NOW).unwrap().unwrap();
        assert!(store.apply(cancel.clone()));
        assert!(!store.apply(cancel), "delivered twice it is once");
        assert_eq!(store.requests(), []);
        let cancelled = job(&store, 1);
        assert_eq!(cancelled.value.phase, JobPhase::Cancelled);
        let moves = [
            cancelled.cancel(None, NOW),
            cancelled.split_done(&facts(2), NOW),
            cancelled.fail(error(), NOW),
            cancelled.expire(NOW.plus_us(9)),
            cancelled.admitted(TurnId(1), NOW),
            cancelled.retry(None, None, NOW),
        ];
        for moved in moves {
            assert_eq!(moved.unwrap(), None, "phase {phase}");
        }
        let generation = Generation::FIRST;
        let end = Task::Ended {
            job: id(1),
            generation,
        };
        assert_eq!(told(&store), [end]);
    }
}

#[test]
fn of_cancelling_and_the_last_chunk_the_first_decides() {
    for cancel_first in [true, false] {
        let mut store = Store::default();
        created(&mut store, 1);
        let split = job(&store, 1).split_done(&facts(1), NOW).unwrap().unwrap();
        assert!(store.apply(split));
        let key = DoneSet::job_key(id(1), &owner(), Stage::Ingest);
        let done = BatchOutcome::Done(RowCounts::default());
        store.record(&key, Generation::FIRST, 0, done);
        let read = job(&store, 1);
        let ends = read.ingest_done(&store.sets[&key], NOW).unwrap().unwrap();
        let cancel = read.cancel(None, NOW).unwrap().unwrap();
        let (first, second) = if cancel_first {
            (cancel, ends)
        } else {
            (ends, cancel)
        };
        assert!(store.apply(first));
        assert!(!store.apply(second), "it was decided on what is gone");
        let again = job(&store, 1);
        if cancel_first {
            let late = again.ingest_done(&store.sets[&key], NOW);
            assert_eq!(late.unwrap(), None);
        } else {
            assert!(store.apply(again.cancel(None, NOW).unwrap().unwrap()));
        }
        assert_eq!(job(&store, 1).value.phase, JobPhase::Cancelled);
        assert_eq!(store.requests(), []);
    }
}

#[test]
fn a_job_that_a_turn_has_is_not_cancelled_until_that_turn_leaves_it_to_another() {
    let mut store = Store::default();
    ingested(&mut store, 1, 1);
    ingested(&mut store, 2, 1);
    let number = admitted(&mut store).unwrap().id.0;
    let running = turn(&store, number);
    let cancel = job(&store, 1).cancel(Some(&running.value), NOW);
    assert_eq!(cancel.unwrap(), None);
    let failed = running.fail(&ledger(&store).unwrap(), error(), NOW);
    assert!(store.apply(failed.unwrap().unwrap()));
    assert_eq!(store.requests().len(), 2);
    let left = turn(&store, number).value;
    let cancel = job(&store, 1).cancel(Some(&left), NOW).unwrap().unwrap();
    assert!(store.apply(cancel));
    let waiting: Vec<JobId> = store.requests().iter().map(|asked| asked.job).collect();
    assert_eq!(waiting, [id(2)]);
}

#[test]
fn an_upload_that_was_undone_while_a_turn_had_it_is_admitted_to_no_other() {
    let mut store = Store::default();
    ingested(&mut store, 1, 1);
    ingested(&mut store, 2, 1);
    let number = admitted(&mut store).unwrap().id.0;
    let mark = job(&store, 1).undone_by(id(3), NOW).unwrap().unwrap();
    assert!(store.apply(mark));
    let failed = turn(&store, number).fail(&ledger(&store).unwrap(), error(), NOW);
    assert!(store.apply(failed.unwrap().unwrap()));
    let next = job(&store, 1)
        .admitted(TurnId(number + 1), NOW)
        .unwrap()
        .unwrap();
    assert!(store.apply(next));
    assert_eq!(job(&store, 1).value.phase, JobPhase::Cancelled);
    let kept = job(&store, 2).admitted(TurnId(number + 1), NOW).unwrap();
    assert!(kept.is_some(), "the other one is as before");
    let not_of_this = job(&store, 1).kept_from(id(4), NOW);
    assert_eq!(not_of_this.unwrap(), None, "the mark is of another undo");
    let unmarked = job(&store, 1).kept_from(id(3), NOW).unwrap().unwrap();
    assert!(store.apply(unmarked));
    assert!(!job(&store, 1).value.is_undone());
}
