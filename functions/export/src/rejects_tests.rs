//! The refused records of a file, as the user gets them back.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::dialect::Dialect;
use domain::ids::{Generation, JobId, Stage};
use domain::keys;
use domain::message::Task;
use domain::plan::{Chunk, ChunkPlan, Groups};
use domain::settings::ParseOptions;
use domain::state::{BatchOutcome, Change, DoneSet};
use domain::time::Instant;
use ports::objects::write_json;
use ports::tables::{Reject, Rejects};
use ports::testing::{MemoryObjects, MemoryState, SentMessages};
use ports::{DoneSets, PortError, PortErrorKind, StateStore, orders};

use crate::rejects::{Work, rejects};
use crate::world::{job, owner};

const FILE: &str = "Date;Sent;Note\n2020;x;one\n2021;2;=1+1\n2022;\"a;b\";three;four\n";

#[derive(Default)]
struct Table(Mutex<BTreeMap<(Generation, u32), Vec<Reject>>>);

#[async_trait]
impl Rejects for Table {
    async fn write(
        &self,
        _job: JobId,
        generation: Generation,
        chunk: u32,
        rejects: &[Reject],
    ) -> Result<(), PortError> {
        self.0
            .lock()
            .unwrap()
            .insert((generation, chunk), rejects.to_vec());
        Ok(())
    }

    async fn read(
        &self,
        _job: JobId,
        generation: Generation,
        chunk: u32,
    ) -> Result<Vec<Reject>, PortError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .get(&(generation, chunk))
            .cloned()
            .unwrap_or_default())
    }
}

struct World {
    state: MemoryState,
    objects: MemoryObjects,
    table: Table,
}

fn reject(line: u64, record: &str) -> Reject {
    let offset = FILE.find(record).unwrap() as u64;
    Reject {
        line,
        offset,
        length: record.len() as u64,
        code: "bad".to_owned(),
        message: format!("Line {line}: it is bad, \"very\""),
    }
}

impl World {
    /// Chunk 0 holds the first record, chunk 1 the other two; batch 2 joins groups of all three.
    async fn new(refused: &[(u32, Reject)]) -> Self {
        let world = Self {
            state: MemoryState::default(),
            objects: MemoryObjects::default(),
            table: Table::default(),
        };
        let key = keys::upload(&owner(), job(1));
        let version = world.objects.store(&key, FILE);
        let second = FILE.find("2021").unwrap() as u64;
        let chunk = |offset: u64, end: u64, first_line, records| Chunk {
            offset,
            length: end - offset,
            first_line,
            records,
        };
        let plan = ChunkPlan {
            key,
            version,
            format: "koinly".to_owned(),
            dialect: Dialect::utf8(b';'),
            header: vec!["Date".to_owned(), "Sent".to_owned(), "Note".to_owned()],
            options: ParseOptions::default(),
            chunks: vec![
                chunk(15, second, 2, 1),
                chunk(second, FILE.len() as u64, 3, 2),
            ],
            groups: Groups {
                joined: vec![7],
                ..Groups::default()
            },
        };
        write_json(&world.objects, &keys::chunk_plan(&owner(), job(1)), &plan)
            .await
            .unwrap();
        let set = DoneSet::of_job(job(1), &owner(), Stage::Ingest, 3);
        world
            .state
            .commit(&[Change::InsertSet(set.clone())])
            .await
            .unwrap();
        for chunk in 0..3 {
            let of_chunk: Vec<Reject> = refused
                .iter()
                .filter(|(n, _)| *n == chunk)
                .map(|(_, reject)| reject.clone())
                .collect();
            world
                .table
                .write(job(1), Generation::FIRST, chunk, &of_chunk)
                .await
                .unwrap();
            world
                .state
                .record(
                    &set.key(),
                    Generation::FIRST,
                    chunk,
                    BatchOutcome::Done(Default::default()),
                )
                .await
                .unwrap();
        }
        world
    }

    async fn ordered(&self, generation: Generation) -> bool {
        let task = Task::Rejects {
            job: job(1),
            generation,
        };
        let key = keys::rejects(&owner(), job(1), generation);
        orders::is_ready(
            &self.state,
            &SentMessages::default(),
            &owner(),
            &key,
            &task,
            Instant(0),
        )
        .await
        .unwrap()
    }

    async fn write(&self, generation: Generation) -> Result<(), PortError> {
        let owner = owner();
        let work = Work {
            owner: &owner,
            job: job(1),
            generation,
        };
        rejects(&self.state, &self.state, &self.objects, &self.table, work).await
    }

    fn file(&self) -> String {
        self.objects
            .text(&keys::rejects(&owner(), job(1), Generation::FIRST))
    }
}

#[tokio::test]
async fn refused_records_come_back_with_their_columns_and_the_reason() {
    let world = World::new(&[
        (0, reject(2, "2020;x;one")),
        (1, reject(3, "2021;2;=1+1")),
        (1, reject(4, "2022;\"a;b\";three;four")),
    ])
    .await;
    assert!(!world.ordered(Generation::FIRST).await);
    world.write(Generation::FIRST).await.unwrap();
    assert!(world.ordered(Generation::FIRST).await);
    let expected = "Date;Sent;Note;_line;_code;_message\n\
        2020;x;one;2;bad;\"Line 2: it is bad, \"\"very\"\"\"\n\
        2021;2;'=1+1;3;bad;\"Line 3: it is bad, \"\"very\"\"\"\n\
        2022;\"a;b\";\"three;four\";4;bad;\"Line 4: it is bad, \"\"very\"\"\"\n";
    assert_eq!(world.file(), expected);
}

#[tokio::test]
async fn what_the_join_refused_stands_where_the_file_has_it() {
    let world = World::new(&[
        (1, reject(4, "2022;\"a;b\";three;four")),
        (2, reject(2, "2020;x;one")),
        (2, reject(3, "2021;2;=1+1")),
    ])
    .await;
    assert!(!world.ordered(Generation::FIRST).await);
    world.write(Generation::FIRST).await.unwrap();
    let file = world.file();
    let lines: Vec<&str> = file
        .lines()
        .filter_map(|line| line.split(";bad;").next())
        .collect();
    let expected = [
        "Date;Sent;Note;_line;_code;_message",
        "2020;x;one;2",
        "2021;2;'=1+1;3",
        "2022;\"a;b\";\"three;four\";4",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_file_without_refused_records_gives_the_header_only() {
    let world = World::new(&[]).await;
    assert!(!world.ordered(Generation::FIRST).await);
    world.write(Generation::FIRST).await.unwrap();
    assert_eq!(world.file(), "Date;Sent;Note;_line;_code;_message\n");
}

#[tokio::test]
async fn a_file_that_was_replaced_is_never_cut() {
    let world = World::new(&[(0, reject(2, "2020;x;one"))]).await;
    assert!(!world.ordered(Generation::FIRST).await);
    world
        .objects
        .store(&keys::upload(&owner(), job(1)), "something else");
    let error = world.write(Generation::FIRST).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert_eq!(world.file(), "");
}

#[tokio::test]
async fn an_order_of_an_older_attempt_is_given_up() {
    let world = World::new(&[]).await;
    let newer = Generation::FIRST.next();
    assert!(!world.ordered(newer).await);
    world.write(newer).await.unwrap();
    assert!(!world.ordered(newer).await, "it is placed anew, not ready");
    assert_eq!(
        world.objects.text(&keys::rejects(&owner(), job(1), newer)),
        ""
    );
}
