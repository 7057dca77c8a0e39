//! Documents and commits.

use domain::limits::{MAX_COMMIT_CHANGES, MAX_DOCUMENT_BYTES};
use domain::state::{Change, Key, Version};
use futures::future::join_all;

use super::{KIND, assert_kind, found, insert, key, replace};
use crate::contract::{Part, World};
use crate::{PortErrorKind, StateStore, Stored};

pub(super) fn parts<'a>(store: &'a dyn StateStore, world: &'a World<'_>) -> Vec<Part<'a>> {
    vec![
        (
            "a_document_is_inserted_once",
            Box::pin(a_document_is_inserted_once(store, world)),
        ),
        (
            "a_document_is_replaced_under_its_version_only",
            Box::pin(a_document_is_replaced_under_its_version_only(store, world)),
        ),
        (
            "deleting_what_is_not_there_is_no_error",
            Box::pin(deleting_what_is_not_there_is_no_error(store, world)),
        ),
        (
            "one_failed_condition_undoes_the_whole_commit",
            Box::pin(one_failed_condition_undoes_the_whole_commit(store, world)),
        ),
        (
            "of_concurrent_commits_on_one_version_one_wins",
            Box::pin(of_concurrent_commits_on_one_version_one_wins(store, world)),
        ),
        (
            "a_listing_is_paged_in_order_and_keeps_to_its_partition",
            Box::pin(a_listing_is_paged_in_order_and_keeps_to_its_partition(
                store, world,
            )),
        ),
        (
            "a_listing_of_more_than_a_megabyte_is_whole",
            Box::pin(a_listing_of_more_than_a_megabyte_is_whole(store, world)),
        ),
        (
            "commits_beyond_the_bounds_are_bugs",
            Box::pin(commits_beyond_the_bounds_are_bugs(store, world)),
        ),
        (
            "the_longest_document_comes_back_whole",
            Box::pin(the_longest_document_comes_back_whole(store, world)),
        ),
    ]
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

async fn a_listing_of_more_than_a_megabyte_is_whole(store: &dyn StateStore, world: &World<'_>) {
    let at = |n: usize| key(world, "wide", &format!("doc#{n}"));
    let body = |n: usize| n.to_string().repeat(300_000);
    let inserts: Vec<Change> = (0..6).map(|n| insert(&at(n), &body(n))).collect();
    store.commit(&inserts).await.expect("1.8 MB in one commit");
    let partition = at(0).partition;
    let whole = store.list(&partition, "doc#", None, 100).await;
    let whole = whole.expect("list");
    assert_eq!(whole.len(), 6, "a server's page ends earlier");
    for (n, stored) in whole.iter().enumerate() {
        assert!(
            stored.key == at(n) && stored.body == body(n),
            "document {n}"
        );
    }
    let after = store.list(&partition, "doc#", Some("doc#0"), 5).await;
    assert!(after.expect("list") == whole.get(1..).expect("five"));
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
