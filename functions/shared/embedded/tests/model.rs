//! The state table against a model: whatever is done to both, both answer the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::state::{Change, Key, Version};
use domain::time::Instant;
use embedded::{Embedded, ManualClock, Place, SeededIds};
use ports::{PortErrorKind, StateStore};
use proptest::prelude::*;

/// Documents as a map: body and version.
type Model = BTreeMap<Key, (String, Version)>;

/// A change as it is drawn: its version is a guess.
#[derive(Debug, Clone)]
enum Wish {
    Insert(Key, String),
    Replace(Key, String, u64),
    Delete(Key),
    Require(Key, u64),
}

/// Few keys, so that operations meet.
fn key() -> impl Strategy<Value = Key> {
    let sorts = prop_oneof![Just("a"), Just("a#"), Just("a#1"), Just("b"), Just("é")];
    (prop_oneof![Just("p"), Just("p#"), Just("q")], sorts)
        .prop_map(|(partition, sort)| Key::new(partition, sort))
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        (key(), "[a-z]{0,3}").prop_map(|(key, body)| Wish::Insert(key, body)),
        (key(), "[a-z]{0,3}", 1u64..4).prop_map(|(key, body, v)| Wish::Replace(key, body, v)),
        key().prop_map(Wish::Delete),
        (key(), 1u64..4).prop_map(|(key, version)| Wish::Require(key, version)),
    ]
}

fn change(wish: &Wish) -> Change {
    match wish.clone() {
        Wish::Insert(key, body) => Change::Insert {
            key,
            kind: "t",
            body,
            expires_at: None,
        },
        Wish::Replace(key, body, version) => Change::Replace {
            key,
            kind: "t",
            body,
            version: Version(version),
            expires_at: None,
        },
        Wish::Delete(key) => Change::Delete { key },
        Wish::Require(key, version) => Change::Require {
            key,
            version: Version(version),
        },
    }
}

/// What the documented rules make of a commit.
fn applied(model: &Model, wishes: &[Wish]) -> Result<Model, PortErrorKind> {
    let mut next = model.clone();
    let mut touched = Vec::new();
    for wish in wishes {
        let (Wish::Insert(key, _)
        | Wish::Replace(key, ..)
        | Wish::Delete(key)
        | Wish::Require(key, _)) = wish;
        if touched.contains(&key) {
            return Err(PortErrorKind::Bug);
        }
        touched.push(key);
    }
    for wish in wishes {
        match wish {
            Wish::Insert(key, _) if next.contains_key(key) => return Err(PortErrorKind::Conflict),
            Wish::Insert(key, body) => {
                next.insert(key.clone(), (body.clone(), Version(1)));
            }
            Wish::Delete(key) => {
                next.remove(key);
            }
            Wish::Replace(key, _, version) | Wish::Require(key, version) => {
                if next.get(key).map(|(_, found)| found.0) != Some(*version) {
                    return Err(PortErrorKind::Conflict);
                }
                if let Wish::Replace(key, body, version) = wish {
                    next.insert(key.clone(), (body.clone(), Version(version + 1)));
                }
            }
        }
    }
    Ok(next)
}

async fn compare(
    store: &dyn StateStore,
    model: &Model,
    key: &Key,
    after: Option<&str>,
    limit: u32,
) {
    let found = store
        .get(key)
        .await
        .unwrap()
        .map(|stored| (stored.body, stored.version));
    assert_eq!(found.as_ref(), model.get(key));
    let prefix = &key.sort;
    let expected: Vec<&Key> = model
        .keys()
        .filter(|candidate| candidate.partition == key.partition)
        .filter(|candidate| candidate.sort.starts_with(prefix.as_str()))
        .filter(|candidate| after.is_none_or(|after| candidate.sort.as_str() > after))
        .take(limit as usize)
        .collect();
    let listed = store
        .list(&key.partition, prefix, after, limit)
        .await
        .unwrap();
    let listed: Vec<&Key> = listed.iter().map(|stored| &stored.key).collect();
    assert_eq!(listed, expected);
}

fn open(place: &Place) -> Embedded {
    let clock = Arc::new(ManualClock::at(Instant(0)));
    Embedded::open(place, clock, Arc::new(SeededIds::new(1))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_store_and_the_model_answer_the_same(
        rounds in proptest::collection::vec(
            (
                proptest::collection::vec(wish(), 0..4),
                key(),
                proptest::option::of(prop_oneof![Just("a"), Just("a#"), Just("z")]),
                1u32..4,
            ),
            1..40,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let opened = open(&Place::InMemory);
            let mut model = Model::new();
            for (wishes, key, after, limit) in rounds {
                let changes: Vec<Change> = wishes.iter().map(change).collect();
                let answer = opened.state.commit(&changes).await.map_err(|error| error.kind);
                match applied(&model, &wishes) {
                    Ok(next) => {
                        assert_eq!(answer, Ok(()), "{wishes:?}");
                        model = next;
                    }
                    Err(kind) => assert_eq!(answer, Err(kind), "{wishes:?}"),
                }
                compare(opened.state.as_ref(), &model, &key, after, limit).await;
            }
        });
    }
}

#[tokio::test]
async fn what_may_be_forgotten_is_forgotten_when_asked() {
    let state = open(&Place::InMemory).state;
    let insert = |sort: &str, expires_at| Change::Insert {
        key: Key::new("p", sort),
        kind: "t",
        body: "1".to_owned(),
        expires_at,
    };
    let changes = [
        insert("old", Some(99)),
        insert("new", Some(100)),
        insert("kept", None),
    ];
    state.commit(&changes).await.unwrap();
    assert_eq!(state.forget_expired(100).await.unwrap(), 1);
    let left = state.list("p", "", None, 10).await.unwrap();
    let left: Vec<&str> = left.iter().map(|stored| stored.key.sort.as_str()).collect();
    assert_eq!(left, ["kept", "new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_many_threads_a_counter_raised_under_its_version_misses_no_raise() {
    const WORKERS: usize = 8;
    const RAISES: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let state = open(&Place::Scratch(folder.path().to_owned())).state;
    let key = Key::new("p", "counter");
    let start = Change::Insert {
        key: key.clone(),
        kind: "t",
        body: "0".to_owned(),
        expires_at: None,
    };
    state.commit(&[start]).await.unwrap();
    let raise = async |state: &dyn StateStore, key: &Key| loop {
        let found = state.get(key).await.unwrap().unwrap();
        let next = found.body.parse::<usize>().unwrap() + 1;
        let replace = Change::Replace {
            key: key.clone(),
            kind: "t",
            body: next.to_string(),
            version: found.version,
            expires_at: None,
        };
        match state.commit(&[replace]).await {
            Ok(()) => break,
            Err(error) => assert_eq!(error.kind, PortErrorKind::Conflict),
        }
    };
    let worker = async || {
        for _ in 0..RAISES {
            raise(state.as_ref(), &key).await;
        }
    };
    // Each commit runs on a thread of its own, so eight of them are under way at once.
    futures::future::join_all((0..WORKERS).map(|_| worker())).await;
    assert_eq!(
        state.get(&key).await.unwrap().unwrap().body,
        (WORKERS * RAISES).to_string()
    );
}
