//! Random operations against a map: the store must answer what the map answers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use ports::{Objects, PortErrorKind, PutMode};
use proptest::prelude::*;

use super::bodies::Bodies;
use super::catalog::Catalog;
use super::{Durability, ObjectStore, Terms};

/// So that bodies of a few bytes take every way a large one takes.
const INLINE: usize = 24;
const KEYS: [&str; 3] = ["a", "a/b", "../a"];

#[derive(Debug, Clone)]
enum Op {
    Put {
        key: usize,
        body: Vec<u8>,
        if_absent: bool,
    },
    Write {
        key: usize,
        pieces: Vec<Vec<u8>>,
        finish: bool,
    },
    Get {
        key: usize,
        /// Which of the versions written so far, of any key; none asks for the current one.
        version: Option<prop::sample::Index>,
        range: Option<Range<u64>>,
    },
    Head {
        key: usize,
    },
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let body = || prop::collection::vec(any::<u8>(), 0..60);
    let key = || 0..KEYS.len();
    let range = (0..70u64, 0..70u64).prop_map(|(a, b)| a..b);
    prop_oneof![
        4 => (key(), body(), any::<bool>())
            .prop_map(|(key, body, if_absent)| Op::Put { key, body, if_absent }),
        2 => (key(), prop::collection::vec(body(), 0..4), any::<bool>())
            .prop_map(|(key, pieces, finish)| Op::Write { key, pieces, finish }),
        6 => (key(), any::<Option<prop::sample::Index>>(), prop::option::of(range))
            .prop_map(|(key, version, range)| Op::Get { key, version, range }),
        2 => key().prop_map(|key| Op::Head { key }),
        1 => Just(Op::Reopen),
    ]
}

/// Every version of every key, oldest first.
#[derive(Default)]
struct Model {
    versions: BTreeMap<&'static str, Vec<(String, Vec<u8>)>>,
}

impl Model {
    fn add(&mut self, key: &'static str, version: String, body: Vec<u8>) {
        let used = self.versions.values().flatten().any(|(v, _)| *v == version);
        assert!(!used, "version {version} was given out twice");
        self.versions.entry(key).or_default().push((version, body));
    }

    fn current(&self, key: &str) -> Option<&(String, Vec<u8>)> {
        self.versions.get(key)?.last()
    }

    fn pick(&self, index: prop::sample::Index) -> String {
        let all: Vec<_> = self.versions.values().flatten().collect();
        if all.is_empty() {
            return "none".to_owned();
        }
        index.get(&all).0.clone()
    }

    fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<&Range<u64>>,
    ) -> Result<Option<Vec<u8>>, PortErrorKind> {
        let found = match version {
            None => self.current(key),
            Some(version) => self
                .versions
                .get(key)
                .and_then(|versions| versions.iter().find(|(v, _)| v == version)),
        };
        let Some((_, body)) = found else {
            return Ok(None);
        };
        let Some(range) = range else {
            return Ok(Some(body.clone()));
        };
        let (start, end) = (range.start as usize, range.end as usize);
        if start >= end {
            return Err(PortErrorKind::Bug);
        }
        if start >= body.len() {
            return Err(PortErrorKind::Reject);
        }
        Ok(Some(body[start..end.min(body.len())].to_vec()))
    }
}

async fn step(store: &ObjectStore, model: &mut Model, op: Op) {
    match op {
        Op::Put {
            key,
            body,
            if_absent,
        } => {
            let key = KEYS[key];
            let mode = if if_absent {
                PutMode::IfAbsent
            } else {
                PutMode::Overwrite
            };
            match store.put(key, Bytes::from(body.clone()), mode).await {
                Ok(version) => {
                    assert!(!if_absent || model.current(key).is_none());
                    model.add(key, version, body);
                }
                Err(error) => {
                    assert_eq!(error.kind, PortErrorKind::Conflict);
                    assert!(if_absent && model.current(key).is_some());
                }
            }
        }
        Op::Write {
            key,
            pieces,
            finish,
        } => {
            let mut writer = store.writer(KEYS[key]).unwrap();
            for piece in &pieces {
                writer.write(Bytes::from(piece.clone())).await.unwrap();
            }
            if finish {
                let info = writer.finish(Terms::default()).await.unwrap();
                model.add(KEYS[key], info.version, pieces.concat());
            }
        }
        Op::Get {
            key,
            version,
            range,
        } => {
            let version = version.map(|index| model.pick(index));
            let wanted = model.get(KEYS[key], version.as_deref(), range.as_ref());
            let got = store.get(KEYS[key], version.as_deref(), range).await;
            let got = got
                .map(|body| body.map(|body| body.to_vec()))
                .map_err(|error| error.kind);
            assert_eq!(got, wanted);
        }
        Op::Head { key } => {
            let head = store.head(KEYS[key]).await.unwrap();
            let wanted = model.current(KEYS[key]);
            assert_eq!(
                head.map(|head| (head.version, head.size)),
                wanted.map(|(version, body)| (version.clone(), body.len() as u64))
            );
        }
        Op::Reopen => {}
    }
}

/// Applies the operations; `folder` makes a store that can be opened again.
async fn play(ops: Vec<Op>, folder: Option<&Path>) {
    let open = || match folder {
        None => ObjectStore::over(Catalog::in_memory().unwrap(), Bodies::in_memory(), INLINE),
        Some(folder) => ObjectStore::open_with(folder, Durability::Scratch, INLINE).unwrap(),
    };
    let mut store = open();
    let mut model = Model::default();
    for op in ops {
        if let (Op::Reopen, true) = (&op, folder.is_some()) {
            drop(store);
            store = open();
        }
        step(&store, &mut model, op).await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_store_in_memory_answers_like_a_map(ops in prop::collection::vec(op(), 1..40)) {
        runtime().block_on(play(ops, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_store_in_a_folder_answers_like_a_map(ops in prop::collection::vec(op(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(play(ops, Some(folder.path())));
    }
}
