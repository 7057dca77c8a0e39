//! Done-sets.

use domain::counts::RowCounts;
use domain::ids::{Generation, LedgerRef, Stage};
use domain::limits::MAX_CAUSE_BYTES;
use domain::state::{BatchFailure, BatchOutcome, Change, DoneSet, ErrorClass, Key, Recorded};
use futures::future::join_all;

use super::{assert_kind, found, insert, key};
use crate::contract::{Part, World};
use crate::{DoneSets, PortErrorKind, StateStore};

pub(super) fn parts<'a>(
    store: &'a dyn StateStore,
    sets: &'a dyn DoneSets,
    world: &'a World<'_>,
) -> Vec<Part<'a>> {
    vec![
        (
            "concurrent_records_count_each_batch_once",
            Box::pin(concurrent_records_count_each_batch_once(store, sets, world)),
        ),
        (
            "an_older_generation_changes_nothing",
            Box::pin(an_older_generation_changes_nothing(store, sets, world)),
        ),
        (
            "a_set_begins_and_restarts_inside_a_commit",
            Box::pin(a_set_begins_and_restarts_inside_a_commit(
                store, sets, world,
            )),
        ),
        (
            "recording_in_no_set_is_invalid",
            Box::pin(recording_in_no_set_is_invalid(sets, world)),
        ),
        (
            "a_set_is_no_document",
            Box::pin(a_set_is_no_document(store, world)),
        ),
        (
            "a_set_of_1_200_batches_counts_to_the_end",
            Box::pin(a_set_of_1_200_batches_counts_to_the_end(store, sets, world)),
        ),
        (
            "a_set_of_1_200_failures_has_room_for_their_causes",
            Box::pin(a_set_of_1_200_failures_has_room_for_their_causes(
                store, sets, world,
            )),
        ),
        (
            "records_answer_as_the_domain_does",
            Box::pin(records_answer_as_the_domain_does(store, sets, world)),
        ),
    ]
}

fn new_set(world: &World<'_>, owner: &LedgerRef, total: u32) -> DoneSet {
    DoneSet::of_job(world.job(), owner, Stage::Ingest, total)
}

fn done(accepted: u64) -> BatchOutcome {
    BatchOutcome::Done(RowCounts {
        accepted,
        ..RowCounts::default()
    })
}

fn given_up(records: u64) -> BatchOutcome {
    BatchOutcome::Failed(BatchFailure {
        class: ErrorClass::Internal,
        code: "contract".to_owned(),
        message: "made to fail".to_owned(),
        records,
    })
}

/// Records until the store is not too busy to do it.
async fn record(
    sets: &dyn DoneSets,
    key: &Key,
    generation: Generation,
    batch: u32,
    outcome: BatchOutcome,
) -> Recorded {
    for _ in 0..50 {
        match sets.record(key, generation, batch, outcome.clone()).await {
            Err(error) if matches!(error.kind, PortErrorKind::Retry) => {}
            other => return other.expect("record"),
        }
    }
    panic!("the store stays busy");
}

async fn concurrent_records_count_each_batch_once(
    store: &dyn StateStore,
    sets: &dyn DoneSets,
    world: &World<'_>,
) {
    const BATCHES: u32 = 12;
    let set = new_set(world, &world.ledger("join"), BATCHES);
    let key = set.key();
    store
        .commit(&[Change::InsertSet(set)])
        .await
        .expect("insert a set");
    // Each batch is reported by two workers at the same time.
    let reports = (0..2 * BATCHES).map(|n| {
        let key = &key;
        async move { record(sets, key, Generation::FIRST, n % BATCHES, done(10)).await }
    });
    let (mut added, mut saw_full) = (0, 0);
    for recorded in join_all(reports).await {
        match recorded {
            Recorded::Added(set) => {
                added += 1;
                saw_full += u32::from(set.is_full());
            }
            Recorded::Already(_) => {}
            Recorded::Stale => panic!("the generation is the set's own"),
        }
    }
    assert_eq!(added, BATCHES, "each batch is added once");
    assert_eq!(
        saw_full, 1,
        "exactly one worker sees that it was the last (I4)"
    );
    let set = sets.read(&key).await.expect("read").expect("the set");
    assert!(set.is_full());
    assert_eq!(
        set.counts.accepted,
        10 * u64::from(BATCHES),
        "each batch counts once"
    );
}

async fn an_older_generation_changes_nothing(
    store: &dyn StateStore,
    sets: &dyn DoneSets,
    world: &World<'_>,
) {
    let (first, second) = (Generation::FIRST, Generation::FIRST.next());
    let set = new_set(world, &world.ledger("stale"), 3);
    let key = set.key();
    store
        .commit(&[Change::InsertSet(set)])
        .await
        .expect("insert a set");
    record(sets, &key, first, 0, done(5)).await;
    record(sets, &key, first, 1, given_up(7)).await;
    assert!(matches!(
        record(sets, &key, second, 2, done(1)).await,
        Recorded::Stale
    ));

    let restart = [Change::RestartSet {
        key: key.clone(),
        from: first,
        to: second,
    }];
    store.commit(&restart).await.expect("restart");
    assert_kind(
        store.commit(&restart).await,
        PortErrorKind::Conflict,
        "the same restart twice",
    );
    let before = sets.read(&key).await.expect("read").expect("the set");
    assert_eq!(before.generation, second);
    assert_eq!(
        (before.done.len(), before.failed.len()),
        (1, 0),
        "failures alone are forgotten"
    );
    assert!(matches!(
        record(sets, &key, first, 1, done(9)).await,
        Recorded::Stale
    ));
    assert_eq!(sets.read(&key).await.expect("read").as_ref(), Some(&before));

    assert!(matches!(
        record(sets, &key, second, 0, done(9)).await,
        Recorded::Already(_)
    ));
    record(sets, &key, second, 1, done(7)).await;
    let Recorded::Added(last) = record(sets, &key, second, 2, done(1)).await else {
        panic!("the last batch is new");
    };
    assert!(last.is_full());
    assert_eq!(
        last.counts,
        RowCounts {
            accepted: 13,
            ..RowCounts::default()
        }
    );
    assert_eq!(
        last.done.get(&0),
        Some(&first),
        "who completed a batch stays known"
    );
    assert_eq!(last.done.get(&1), Some(&second));
}

async fn a_set_begins_and_restarts_inside_a_commit(
    store: &dyn StateStore,
    sets: &dyn DoneSets,
    world: &World<'_>,
) {
    let (first, second) = (Generation::FIRST, Generation::FIRST.next());
    let beside = key(world, "set", "beside");
    let set = new_set(world, &world.ledger("set"), 1);
    let begin = [insert(&beside, "1"), Change::InsertSet(set.clone())];
    store.commit(&begin).await.expect("a set beside a document");
    let again = [Change::InsertSet(set.clone())];
    assert_kind(
        store.commit(&again).await,
        PortErrorKind::Conflict,
        "a set that exists",
    );
    let wrong = [
        Change::Delete {
            key: beside.clone(),
        },
        Change::RestartSet {
            key: set.key(),
            from: second,
            to: second.next(),
        },
    ];
    assert_kind(
        store.commit(&wrong).await,
        PortErrorKind::Conflict,
        "another generation",
    );
    assert_eq!(found(store, &beside).await.body, "1");
    let absent = [Change::RestartSet {
        key: key(world, "set", "no"),
        from: first,
        to: second,
    }];
    assert_kind(
        store.commit(&absent).await,
        PortErrorKind::Conflict,
        "a restart of nothing",
    );
    assert_eq!(sets.read(&set.key()).await.expect("read"), Some(set));
}

async fn recording_in_no_set_is_invalid(sets: &dyn DoneSets, world: &World<'_>) {
    let key = key(world, "no-set", "done#ingest");
    assert!(sets.read(&key).await.expect("read").is_none());
    let recorded = sets.record(&key, Generation::FIRST, 0, done(1)).await;
    assert_kind(
        recorded,
        PortErrorKind::Invalid,
        "recording in a set that is not there",
    );
}

async fn a_set_is_no_document(store: &dyn StateStore, world: &World<'_>) {
    let set = new_set(world, &world.ledger("apart"), 1);
    let beside = Key::new(set.partition.clone(), "job");
    let begin = [insert(&beside, "1"), Change::InsertSet(set.clone())];
    store.commit(&begin).await.expect("a set beside a document");
    assert_eq!(store.get(&set.key()).await.expect("get"), None);
    let listed = store.list(&set.partition, "", None, 10).await;
    let listed: Vec<Key> = listed.expect("list").into_iter().map(|s| s.key).collect();
    assert_eq!(listed, [beside]);
    let insert = store.commit(&[insert(&set.key(), "1")]).await;
    assert_kind(
        insert,
        PortErrorKind::Conflict,
        "a document in a set's place",
    );
}

/// As many batches as the longest file has.
async fn a_set_of_1_200_batches_counts_to_the_end(
    store: &dyn StateStore,
    sets: &dyn DoneSets,
    world: &World<'_>,
) {
    const TOTAL: u32 = 1_200;
    let first = Generation::FIRST;
    let mut set = new_set(world, &world.ledger("long"), TOTAL);
    let key = set.key();
    set.done = (0..TOTAL - 8).map(|batch| (batch, first)).collect();
    set.counts.accepted = 500 * u64::from(TOTAL - 8);
    store
        .commit(&[Change::InsertSet(set)])
        .await
        .expect("insert a set");
    let mut full = 0;
    for batch in TOTAL - 10..TOTAL {
        let recorded = record(sets, &key, first, batch, done(500)).await;
        let (added, now) = match recorded {
            Recorded::Added(now) => (true, now),
            Recorded::Already(now) => (false, now),
            Recorded::Stale => panic!("the generation is the set's own"),
        };
        assert_eq!(added, batch >= TOTAL - 8, "{batch}");
        full += u32::from(added && now.is_full());
    }
    assert_eq!(full, 1, "the last one sees that it was the last (I4)");
    let set = sets.read(&key).await.expect("read").expect("the set");
    assert_eq!(set.counts.accepted, 500 * u64::from(TOTAL));
    assert!(set.done.keys().copied().eq(0..TOTAL));
}

/// A job whose every chunk failed must end like any other: the set has room for all the causes.
async fn a_set_of_1_200_failures_has_room_for_their_causes(
    store: &dyn StateStore,
    sets: &dyn DoneSets,
    world: &World<'_>,
) {
    const TOTAL: u32 = 1_200;
    let mut set = new_set(world, &world.ledger("lost"), TOTAL);
    let key = set.key();
    let failure = |batch: u32| {
        let message = "é".repeat(MAX_CAUSE_BYTES);
        BatchFailure::new(
            ErrorClass::Transient,
            "ingest_gave_up",
            &message,
            batch.into(),
        )
    };
    set.failed = (1..TOTAL).map(|batch| (batch, failure(batch))).collect();
    store
        .commit(&[Change::InsertSet(set)])
        .await
        .expect("insert a set");
    let last = BatchOutcome::Failed(failure(0));
    let recorded = record(sets, &key, Generation::FIRST, 0, last).await;
    let Recorded::Added(set) = recorded else {
        panic!("the last batch is new: {recorded:?}");
    };
    assert!(set.is_full());
    assert_eq!(set.failed.get(&7), Some(&failure(7)));
}

/// A store's answers are those of `DoneSet::record` and `restarted`, whatever comes in whatever order.
async fn records_answer_as_the_domain_does(
    store: &dyn StateStore,
    sets: &dyn DoneSets,
    world: &World<'_>,
) {
    let mut model = new_set(world, &world.ledger("model"), 6);
    let key = model.key();
    store
        .commit(&[Change::InsertSet(model.clone())])
        .await
        .expect("insert a set");
    // Any sequence does; this one is a small generator's, the same every time.
    let mut state: u32 = 12_345;
    for step in 0..120 {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let draw = state >> 16;
        if draw.is_multiple_of(11) {
            let (from, to) = (model.generation, model.generation.next());
            let restart = Change::RestartSet {
                key: key.clone(),
                from,
                to,
            };
            store.commit(&[restart]).await.expect("restart");
            model = model.restarted(to);
            continue;
        }
        let generation = if draw.is_multiple_of(7) {
            model.generation.next()
        } else {
            model.generation
        };
        let outcome = if draw.is_multiple_of(3) {
            given_up(u64::from(draw))
        } else {
            done(u64::from(draw))
        };
        let batch = draw / 16 % 6;
        let told = record(sets, &key, generation, batch, outcome.clone()).await;
        let expected = model.clone().record(generation, batch, outcome);
        assert_eq!(told, expected, "step {step}");
        if let Recorded::Added(set) = expected {
            model = set;
        }
    }
    assert_eq!(sets.read(&key).await.expect("read"), Some(model));
}
