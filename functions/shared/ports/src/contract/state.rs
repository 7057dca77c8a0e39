//! What every state store does: documents under versions, all-or-nothing commits, done-sets.

use domain::counts::RowCounts;
use domain::ids::{Generation, LedgerRef, Stage};
use domain::limits::{MAX_COMMIT_CHANGES, MAX_DOCUMENT_BYTES};
use domain::state::{
    BatchFailure, BatchOutcome, Change, DoneSet, ErrorClass, Key, Recorded, Version,
};
use futures::future::join_all;

use super::World;
use crate::{DoneSets, PortError, PortErrorKind, StateStore, Stored};

/// Runs the suite.
pub async fn run(store: &dyn StateStore, sets: &dyn DoneSets, world: &World<'_>) {
    a_document_is_inserted_once(store, world).await;
    a_document_is_replaced_under_its_version_only(store, world).await;
    deleting_what_is_not_there_is_no_error(store, world).await;
    one_failed_condition_undoes_the_whole_commit(store, world).await;
    of_concurrent_commits_on_one_version_one_wins(store, world).await;
    a_listing_is_paged_in_order_and_keeps_to_its_partition(store, world).await;
    commits_beyond_the_bounds_are_bugs(store, world).await;
    the_longest_document_comes_back_whole(store, world).await;
    concurrent_records_count_each_batch_once(store, sets, world).await;
    an_older_generation_changes_nothing(store, sets, world).await;
    a_set_begins_and_restarts_inside_a_commit(store, sets, world).await;
    recording_in_no_set_is_invalid(sets, world).await;
}

const KIND: &str = "contract";

fn key(world: &World<'_>, case: &str, sort: &str) -> Key {
    Key::new(format!("contract#{}#{case}", world.tenant), sort)
}

fn insert(key: &Key, body: &str) -> Change {
    Change::Insert {
        key: key.clone(),
        kind: KIND,
        body: body.to_owned(),
        expires_at: None,
    }
}

fn replace(key: &Key, body: &str, version: Version) -> Change {
    Change::Replace {
        key: key.clone(),
        kind: KIND,
        body: body.to_owned(),
        version,
        expires_at: None,
    }
}

async fn found(store: &dyn StateStore, key: &Key) -> Stored {
    let found = store.get(key).await.expect("get");
    found.unwrap_or_else(|| panic!("{key:?} is not there"))
}

fn assert_kind<T>(result: Result<T, PortError>, kind: PortErrorKind, what: &str) {
    match result {
        Ok(_) => panic!("{what}: succeeded, and should be {kind:?}"),
        Err(error) => assert_eq!(error.kind, kind, "{what}: {error}"),
    }
}

async fn a_document_is_inserted_once(store: &dyn StateStore, world: &World<'_>) {
    let key = key(world, "insert", "one");
    assert!(store.get(&key).await.expect("get").is_none());
    store.commit(&[insert(&key, "1")]).await.expect("insert");
    let first = found(store, &key).await;
    assert_eq!(
        (first.key.clone(), first.kind.as_str(), first.body.as_str()),
        (key.clone(), KIND, "1")
    );
    let again = store.commit(&[insert(&key, "2")]).await;
    assert_kind(again, PortErrorKind::Conflict, "a second insert");
    assert_eq!(found(store, &key).await, first);
}

async fn a_document_is_replaced_under_its_version_only(store: &dyn StateStore, world: &World<'_>) {
    let key = key(world, "replace", "one");
    let absent = store.commit(&[replace(&key, "0", Version(1))]).await;
    assert_kind(absent, PortErrorKind::Conflict, "replacing nothing");
    store.commit(&[insert(&key, "1")]).await.expect("insert");
    let first = found(store, &key).await.version;
    let swap = [replace(&key, "2", first)];
    store.commit(&swap).await.expect("replace");
    let second = found(store, &key).await;
    assert_eq!(second.body, "2");
    assert!(
        second.version > first,
        "a replaced document has a later version"
    );
    // After `Retry` a caller repeats its commit; had it been applied, the repeat conflicts.
    let again = store.commit(&swap).await;
    assert_kind(again, PortErrorKind::Conflict, "the same commit twice");
    assert_eq!(found(store, &key).await, second);
}

async fn deleting_what_is_not_there_is_no_error(store: &dyn StateStore, world: &World<'_>) {
    let key = key(world, "delete", "one");
    let delete = [Change::Delete { key: key.clone() }];
    store.commit(&delete).await.expect("deleting nothing");
    store.commit(&[insert(&key, "1")]).await.expect("insert");
    store.commit(&delete).await.expect("delete");
    assert!(store.get(&key).await.expect("get").is_none());
    store.commit(&delete).await.expect("a second delete");
}

async fn one_failed_condition_undoes_the_whole_commit(store: &dyn StateStore, world: &World<'_>) {
    let at = |sort: &str| key(world, "atomic", sort);
    let (kept, moved, new, gone) = (at("kept"), at("moved"), at("new"), at("gone"));
    for key in [&kept, &moved, &gone] {
        store.commit(&[insert(key, "1")]).await.expect("insert");
    }
    let stale = found(store, &moved).await.version;
    store
        .commit(&[replace(&moved, "2", stale)])
        .await
        .expect("replace");
    let before = found(store, &kept).await;
    let wish = |last: Change| {
        vec![
            insert(&new, "1"),
            replace(&kept, "2", before.version),
            Change::Delete { key: gone.clone() },
            last,
        ]
    };
    let refused = [
        Change::Require {
            key: moved.clone(),
            version: stale,
        },
        Change::Require {
            key: at("absent"),
            version: stale,
        },
        replace(&moved, "3", stale),
        insert(&moved, "3"),
    ];
    for last in refused {
        let text = format!("{last:?}");
        assert_kind(
            store.commit(&wish(last)).await,
            PortErrorKind::Conflict,
            &text,
        );
        assert!(
            store.get(&new).await.expect("get").is_none(),
            "inserted in spite of {text}"
        );
        assert_eq!(
            found(store, &kept).await,
            before,
            "replaced in spite of {text}"
        );
        assert_eq!(
            found(store, &gone).await.body,
            "1",
            "deleted in spite of {text}"
        );
    }
    let current = found(store, &moved).await;
    let last = Change::Require {
        key: moved.clone(),
        version: current.version,
    };
    store
        .commit(&wish(last))
        .await
        .expect("a commit whose conditions hold");
    assert_eq!(found(store, &kept).await.body, "2");
    assert_eq!(
        found(store, &moved).await,
        current,
        "a required document stays as it is"
    );
}

async fn of_concurrent_commits_on_one_version_one_wins(store: &dyn StateStore, world: &World<'_>) {
    let key = key(world, "race", "one");
    store
        .commit(&[insert(&key, "start")])
        .await
        .expect("insert");
    let version = found(store, &key).await.version;
    let bodies: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let attempts = bodies.iter().map(|body| {
        let change = [replace(&key, body, version)];
        async move { store.commit(&change).await.map(|()| body) }
    });
    let mut winners = Vec::new();
    for result in join_all(attempts).await {
        match result {
            Ok(body) => winners.push(body.clone()),
            // A server may answer that it is busy; then nothing was applied by this attempt.
            Err(error) => assert!(
                matches!(error.kind, PortErrorKind::Conflict | PortErrorKind::Retry),
                "the loser of a race: {error}"
            ),
        }
    }
    assert!(winners.len() <= 1, "{winners:?} all won on one version");
    if let Some(winner) = winners.first() {
        assert_eq!(&found(store, &key).await.body, winner);
    }
}

async fn a_listing_is_paged_in_order_and_keeps_to_its_partition(
    store: &dyn StateStore,
    world: &World<'_>,
) {
    let partition = key(world, "list", "").partition;
    let sorts = ["a#1", "a#10", "a#2", "a#é", "a", "b#1"];
    for sort in sorts {
        let key = Key::new(partition.clone(), sort);
        store.commit(&[insert(&key, sort)]).await.expect("insert");
    }
    // Partitions whose names begin alike are partitions apart.
    let near = Key::new(format!("{partition}2"), "a#3");
    store
        .commit(&[insert(&near, "near")])
        .await
        .expect("insert");

    let names = |listed: Vec<Stored>| -> Vec<String> {
        assert!(listed.iter().all(|stored| stored.body == stored.key.sort));
        listed.into_iter().map(|stored| stored.key.sort).collect()
    };
    let all = store.list(&partition, "a#", None, 100).await.expect("list");
    assert_eq!(names(all), ["a#1", "a#10", "a#2", "a#é"]);
    let mut paged = Vec::new();
    loop {
        let after = paged.last().map(String::as_str);
        let page = names(store.list(&partition, "a#", after, 3).await.expect("list"));
        let full = page.len() == 3;
        paged.extend(page);
        if !full {
            break;
        }
    }
    assert_eq!(paged, ["a#1", "a#10", "a#2", "a#é"]);
    let every = store.list(&partition, "", None, 100).await.expect("list");
    assert_eq!(names(every), ["a", "a#1", "a#10", "a#2", "a#é", "b#1"]);
    let before = store
        .list(&partition, "b#", Some("a"), 100)
        .await
        .expect("list");
    assert_eq!(
        names(before),
        ["b#1"],
        "`after` before the prefix cuts nothing off"
    );
    let none = store.list(&partition, "c", None, 100).await.expect("list");
    assert_eq!(names(none), [""; 0]);
}

async fn commits_beyond_the_bounds_are_bugs(store: &dyn StateStore, world: &World<'_>) {
    let at = |n: usize| key(world, "bounds", &format!("{n:03}"));
    let most: Vec<Change> = (0..MAX_COMMIT_CHANGES)
        .map(|n| insert(&at(n), "1"))
        .collect();
    store
        .commit(&most)
        .await
        .expect("as many changes as a commit takes");
    let more: Vec<Change> = (0..=MAX_COMMIT_CHANGES)
        .map(|n| insert(&at(1_000 + n), "1"))
        .collect();
    assert_kind(
        store.commit(&more).await,
        PortErrorKind::Bug,
        "one change too many",
    );
    let twice = [insert(&at(5_000), "1"), Change::Delete { key: at(5_000) }];
    assert_kind(
        store.commit(&twice).await,
        PortErrorKind::Bug,
        "two changes on one key",
    );
    let long = "x".repeat(MAX_DOCUMENT_BYTES + 1);
    assert_kind(
        store.commit(&[insert(&at(5_001), &long)]).await,
        PortErrorKind::Bug,
        "too long",
    );
    for n in [1_000, 5_000, 5_001] {
        assert!(store.get(&at(n)).await.expect("get").is_none());
    }
    store.commit(&[]).await.expect("a commit of nothing");
}

async fn the_longest_document_comes_back_whole(store: &dyn StateStore, world: &World<'_>) {
    let key = key(world, "large", "one");
    let mut body = "é0123456789".repeat(MAX_DOCUMENT_BYTES / 12);
    body.push_str(&"x".repeat(MAX_DOCUMENT_BYTES - body.len()));
    store.commit(&[insert(&key, &body)]).await.expect("insert");
    assert!(found(store, &key).await.body == body, "the body is whole");
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
