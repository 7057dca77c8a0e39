//! The step behind its handler, on plans that `split` makes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod groups;
mod tables;
#[path = "../../split/tests/world/mod.rs"]
mod world;

use std::sync::Arc;

use domain::counts::RowCounts;
use domain::digest::ChunkDigest;
use domain::ids::{Generation, JobId};
use domain::keys;
use domain::message::{Envelope, Queue, SCHEMA_VERSION, Task};
use domain::plan::RowPartition;
use domain::settings::ParseOptions;
use domain::state::{ErrorClass, JobPhase};
use ingest::handler::{Deps, handle};
use ports::tables::Reject;
use tables::Tables;
use world::{HEADER, NOW, World, created, job_id, owner, row, rows, sqs};

/// A file that `split` has cut, ready for its chunks.
async fn planned(content: &[u8], chunk_rows: u32) -> (Arc<World>, Arc<Tables>) {
    let world = Arc::new(World::awaiting(content, ParseOptions::default()));
    let version = world.upload(content);
    let deps = split::handler::Deps {
        state: world.clone(),
        objects: world.clone(),
        sender: world.clone(),
        postponer: world.clone(),
        clock: world.clone(),
        bounds: split::config::Bounds {
            chunk_rows: Some(chunk_rows),
        },
    };
    let event = created(content.len(), &version).to_string();
    assert!(
        split::handler::handle(sqs(&event), &deps)
            .await
            .batch_item_failures
            .is_empty()
    );
    assert_eq!(world.error(), None);
    (world, Arc::new(Tables::default()))
}

fn chunk(batch: u32, generation: Generation) -> String {
    let task = Task::Chunk {
        job: job_id(),
        generation,
        batch,
    };
    let (tenant, ledger) = (owner().tenant, owner().ledger);
    Envelope {
        v: SCHEMA_VERSION,
        tenant,
        ledger,
        task,
        correlation: job_id().to_string(),
    }
    .body()
}

/// Handles one message; answers whether it is to come back.
async fn deliver(world: &Arc<World>, tables: &Arc<Tables>, body: &str) -> bool {
    let deps = Deps {
        state: world.clone(),
        done_sets: world.clone(),
        sender: world.clone(),
        postponer: world.clone(),
        objects: world.clone(),
        rows: tables.clone(),
        rejects: tables.clone(),
        clock: world.clone(),
    };
    !handle(sqs(body), &deps)
        .await
        .batch_item_failures
        .is_empty()
}

async fn deliver_all(
    world: &Arc<World>,
    tables: &Arc<Tables>,
    order: impl IntoIterator<Item = u32>,
) {
    for batch in order {
        assert!(!deliver(world, tables, &chunk(batch, Generation::FIRST)).await);
    }
}

fn digest(world: &World, chunk: u32) -> ChunkDigest {
    let key = keys::digest(&owner(), job_id(), Generation::FIRST, chunk);
    ChunkDigest::decode(&world.object(&key).unwrap()).unwrap()
}

#[tokio::test]
async fn every_chunk_becomes_rows_and_the_last_one_asks_for_a_turn() {
    let (world, tables) = planned(format!("{HEADER}{}", rows(5)).as_bytes(), 2).await;
    deliver_all(&world, &tables, [0, 1]).await;
    assert_eq!(world.job().phase, JobPhase::Ingesting);
    deliver_all(&world, &tables, [2]).await;
    assert_eq!(world.job().phase, JobPhase::AwaitingTurn);
    assert_eq!(world.sent().last(), Some(&(Queue::Price, Task::Admit)));
    assert_eq!(world.count("turn_request"), 1);
    assert_eq!(
        world.done_set().unwrap().counts,
        RowCounts {
            accepted: 5,
            ..RowCounts::default()
        }
    );
    let rows: Vec<_> = tables
        .rows()
        .into_iter()
        .map(|row| (row.line, row.chunk, row.id.unwrap()))
        .collect();
    let expected = [
        (2, 0, "0"),
        (3, 0, "1"),
        (4, 1, "2"),
        (5, 1, "3"),
        (6, 2, "4"),
    ];
    assert_eq!(
        rows,
        expected.map(|(line, chunk, id)| (line, chunk, id.into()))
    );
}

#[tokio::test]
async fn a_digest_says_what_planning_needs() {
    let content = format!(
        "{HEADER}{}{}{}\n,,,,,,,,,,,,\n",
        row("2024-02-01 00:00:00 UTC", "b"),
        row("2024-01-31 23:59:59 UTC", ""),
        row("2024-02-01 00:00:00 UTC", "a"),
    );
    let (world, tables) = planned(content.as_bytes(), 10).await;
    deliver_all(&world, &tables, [0]).await;
    let digest = digest(&world, 0);
    assert_eq!(
        digest.counts,
        RowCounts {
            accepted: 3,
            ignored: 1,
            ..RowCounts::default()
        }
    );
    assert_eq!(
        digest
            .times
            .iter()
            .map(|(_, rows)| *rows)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(digest.times[0].0 < digest.times[1].0);
    assert_eq!(digest.months.len(), 2);
    assert_eq!(digest.identities.len(), 2);
    assert!(digest.identities.is_sorted());
    let needs: Vec<(String, &str)> = digest
        .needs
        .iter()
        .map(|need| (need.day.to_string(), need.sources[0].as_str()))
        .collect();
    assert_eq!(
        needs,
        [
            ("2024-01-31".to_owned(), "BTC"),
            ("2024-02-01".to_owned(), "BTC")
        ]
    );
}

#[tokio::test]
async fn a_file_newest_first_is_sorted_within_its_partitions() {
    let content = format!(
        "{HEADER}{}{}{}{}",
        row("2024-03-02 00:00:00 UTC", "1"),
        row("2024-03-01 00:00:00 UTC", "2"),
        row("2024-03-01 00:00:00 UTC", "3"),
        row("2024-01-01 00:00:00 UTC", "4"),
    );
    let (world, tables) = planned(content.as_bytes(), 10).await;
    deliver_all(&world, &tables, [0]).await;
    let partitions = tables.partitions();
    let lines: Vec<Vec<u64>> = partitions
        .values()
        .map(|rows| rows.iter().map(|row| row.line).collect())
        .collect();
    assert_eq!(lines, [vec![5], vec![3, 4, 2]]);
    let (first, second) = (
        partitions.keys().next().unwrap(),
        partitions.keys().last().unwrap(),
    );
    assert_eq!(second.month.0 - first.month.0, 2);
    assert_eq!(
        *first,
        RowPartition {
            job: job_id(),
            generation: Generation::FIRST,
            month: first.month,
            bucket: 0
        }
    );
}

#[tokio::test]
async fn sixteen_chunks_share_a_bucket() {
    let (world, tables) = planned(format!("{HEADER}{}", rows(33)).as_bytes(), 1).await;
    deliver_all(&world, &tables, (0..33).rev()).await;
    let buckets: Vec<(u32, usize)> = tables
        .partitions()
        .iter()
        .map(|(key, rows)| (key.bucket, rows.len()))
        .collect();
    assert_eq!(buckets, [(0, 16), (1, 16), (2, 1)]);
}

#[tokio::test]
async fn one_bad_row_in_many_is_a_reject_with_its_place() {
    let mut content = format!("{HEADER}{}", rows(700));
    let offset = content.len();
    let bad = "2024-01-01 00:00:00 UTC,,,1x,BTC,,,,,reward,\"a\nb\",,";
    content.push_str(bad);
    content.push_str("\r\n");
    content.push_str(&rows(300));
    let (world, tables) = planned(content.as_bytes(), 100).await;
    deliver_all(&world, &tables, 0..11).await;
    assert_eq!(world.job().phase, JobPhase::AwaitingTurn);
    let counts = world.done_set().unwrap().counts;
    assert_eq!(
        counts,
        RowCounts {
            accepted: 1000,
            rejected: 1,
            ..RowCounts::default()
        }
    );
    let rejects = tables.rejects();
    let [((job, generation, 7), reject)] = rejects.as_slice() else {
        unreachable!("{rejects:?}")
    };
    assert_eq!((*job, *generation), (job_id(), Generation::FIRST));
    let Reject {
        line,
        offset: at,
        length,
        message,
        ..
    } = reject;
    assert_eq!(
        (*line, *at, *length),
        (702, offset as u64, bad.len() as u64)
    );
    assert!(
        message.contains("line 702, column \"Received Amount\""),
        "{message}"
    );
    assert_eq!(tables.rows().iter().map(|row| row.line).max(), Some(1_003));
}

#[tokio::test]
async fn text_that_is_not_utf_8_and_fields_too_long_are_rejects() {
    let mut content =
        format!("{HEADER}2024-01-01 00:00:00 UTC,,,1,BTC,,,,,reward,caf").into_bytes();
    content.extend(b"\xe9,,\n");
    content.extend(
        format!(
            "2024-01-01 00:00:00 UTC,,,1,BTC,,,,,reward,{},,\n",
            "x".repeat(65_537)
        )
        .bytes(),
    );
    content.extend(rows(1).bytes());
    let (world, tables) = planned(&content, 10).await;
    deliver_all(&world, &tables, [0]).await;
    let rejects = tables.rejects();
    let found: Vec<(u64, &str)> = rejects
        .iter()
        .map(|(_, reject)| (reject.line, reject.code.as_str()))
        .collect();
    assert_eq!(found, [(2, "not_utf8"), (3, "field_too_long")]);
    assert!(
        rejects
            .iter()
            .all(|(_, reject)| reject.message.contains("column \"Description\""))
    );
    assert_eq!(tables.rows().len(), 1);
}

#[tokio::test]
async fn a_chunk_delivered_twice_late_or_out_of_order_counts_once() {
    let content = format!("{HEADER}{}", rows(6));
    let (once, expected) = planned(content.as_bytes(), 2).await;
    deliver_all(&once, &expected, [0, 1, 2]).await;
    let (world, tables) = planned(content.as_bytes(), 2).await;
    deliver_all(&world, &tables, [2, 0, 2, 0, 1, 1, 0]).await;
    assert_eq!(tables.partitions(), expected.partitions());
    assert_eq!(
        (world.job(), world.done_set()),
        (once.job(), once.done_set())
    );
    assert_eq!(world.sent(), once.sent());
    assert_eq!(
        (0..3).map(|n| digest(&world, n)).collect::<Vec<_>>(),
        (0..3).map(|n| digest(&once, n)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn another_attempt_or_job_changes_nothing() {
    let (world, tables) = planned(format!("{HEADER}{}", rows(2)).as_bytes(), 2).await;
    assert!(!deliver(&world, &tables, &chunk(0, Generation(2))).await);
    let other = chunk(0, Generation::FIRST)
        .replace(&job_id().to_string(), &JobId::new(9, &[1; 10]).to_string());
    assert!(!deliver(&world, &tables, &other).await);
    assert!(tables.rows().is_empty());
    assert_eq!(world.job().phase, JobPhase::Ingesting);
}

#[tokio::test]
async fn a_file_replaced_after_split_is_read_as_it_was_announced() {
    let (world, tables) = planned(format!("{HEADER}{}", rows(4)).as_bytes(), 2).await;
    world.upload(
        format!("{HEADER}{}", rows(4))
            .replace("BTC", "ETH")
            .as_bytes(),
    );
    deliver_all(&world, &tables, [0, 1]).await;
    assert!(
        tables
            .rows()
            .iter()
            .all(|row| row.received.as_ref().unwrap().asset.as_str() == "BTC")
    );
}

#[tokio::test]
async fn a_file_that_is_gone_fails_its_chunks_and_then_its_job() {
    let (world, tables) = planned(format!("{HEADER}{}", rows(5)).as_bytes(), 2).await;
    deliver_all(&world, &tables, [0]).await;
    world.lose_upload();
    deliver_all(&world, &tables, [1, 2]).await;
    let error = world.error().unwrap();
    assert_eq!(
        (error.class, error.code.as_str()),
        (ErrorClass::Data, "object_gone")
    );
    assert!(
        error.message.contains("Upload it again"),
        "{}",
        error.message
    );
    assert_eq!(
        world.done_set().unwrap().counts,
        RowCounts {
            accepted: 2,
            failed: 3,
            ..RowCounts::default()
        }
    );
    assert_eq!(world.count("turn_request"), 0);
}

#[tokio::test]
async fn trouble_brings_the_message_back_and_the_next_time_it_is_done() {
    for op in [
        "objects.get",
        "objects.put",
        "done_sets.record",
        "state.commit",
    ] {
        let (world, tables) = planned(format!("{HEADER}{}", rows(2)).as_bytes(), 2).await;
        world.break_once(op);
        assert!(
            deliver(&world, &tables, &chunk(0, Generation::FIRST)).await,
            "{op}"
        );
        assert!(
            !deliver(&world, &tables, &chunk(0, Generation::FIRST)).await,
            "{op}"
        );
        assert_eq!(
            (world.job().phase, tables.rows().len()),
            (JobPhase::AwaitingTurn, 2),
            "{op}"
        );
    }
}

#[tokio::test]
async fn a_task_of_another_queue_and_a_chunk_out_of_plan_come_back() {
    let (world, tables) = planned(format!("{HEADER}{}", rows(2)).as_bytes(), 2).await;
    let misplaced = chunk(0, Generation::FIRST).replace("\"chunk\"", "\"admit\"");
    assert!(deliver(&world, &tables, &misplaced).await);
    assert!(deliver(&world, &tables, &chunk(7, Generation::FIRST)).await);
    assert_eq!(
        (world.job().updated_at, world.job().phase),
        (NOW, JobPhase::Ingesting)
    );
}
