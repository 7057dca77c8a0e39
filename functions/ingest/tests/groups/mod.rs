//! Records that belong together, in files of a format that has such.

use std::collections::BTreeMap;

use csv::StringRecord;
use domain::counts::RowCounts;
use domain::dialect::Dialect;
use domain::formats::{self, GroupRecord};
use domain::rows::Row;
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::*;

const LEDGER: &str = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance\n";

/// A record of a ledger; its txid is its place.
fn record(place: usize, refid: &str, kind: &str, asset: &str, amount: &str) -> String {
    let minute = place % 60;
    format!("L{place},{refid},2021-03-04 05:{minute:02}:00,{kind},,currency,{asset},{amount},0,0\n")
}

/// A ledger of trades whose sides stand apart, with deposits between them.
fn apart(trades: usize) -> String {
    let mut ledger = LEDGER.to_owned();
    for n in 0..trades {
        ledger.push_str(&record(n, &format!("T{n}"), "trade", "ZUSD", "-10"));
        ledger.push_str(&record(100 + n, &format!("Q{n}"), "deposit", "ZUSD", "1"));
    }
    for n in 0..trades {
        ledger.push_str(&record(200 + n, &format!("T{n}"), "trade", "XXBT", "0.5"));
    }
    ledger
}

/// What a file comes to, read from one end to the other: rows by line, refused lines with messages,
/// records that are ignored.
#[derive(Debug, Default, PartialEq)]
struct Result {
    rows: BTreeMap<u64, Row>,
    refused: BTreeMap<u64, String>,
    ignored: u64,
}

fn whole(file: &str) -> Result {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(file.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let records: Vec<StringRecord> = reader.records().map(std::result::Result::unwrap).collect();
    let reader = formats::reader(
        "kraken",
        &header,
        Dialect::utf8(b','),
        &ParseOptions::default(),
    )
    .unwrap();
    let groups = reader.groups().unwrap();
    let (mut result, mut gathered) = (
        Result::default(),
        BTreeMap::<String, Vec<GroupRecord>>::new(),
    );
    for (line, record) in (2..).zip(&records) {
        let fields: Vec<&str> = record.iter().collect();
        let cells: Vec<&[u8]> = record.iter().map(str::as_bytes).collect();
        match groups.key(&cells) {
            Some(key) => gathered
                .entry(key)
                .or_default()
                .push(GroupRecord { line, fields }),
            None => match reader.read(&fields, line, 0) {
                Ok(Some(row)) => drop(result.rows.insert(line, row)),
                Ok(None) => result.ignored += 1,
                Err(error) => drop(result.refused.insert(line, error.message)),
            },
        }
    }
    for (key, group) in gathered {
        let read = groups.read(&key, &group, 0);
        result
            .rows
            .extend(read.rows.into_iter().map(|row| (row.line, row)));
        let refused = read.refused.into_iter();
        result
            .refused
            .extend(refused.map(|(at, error)| (group[at].line, error.message)));
        result.ignored += u64::from(read.ignored);
    }
    result
}

/// What the steps made of a file, the chunks of rows left out.
fn found(world: &World, tables: &Tables) -> Result {
    let rows = tables
        .rows()
        .into_iter()
        .map(|row| (row.line, Row { chunk: 0, ..row }));
    let rejects = tables.rejects().into_iter();
    Result {
        rows: rows.collect(),
        refused: rejects
            .map(|(_, reject)| (reject.line, reject.message))
            .collect(),
        ignored: world.done_set().unwrap().counts.ignored,
    }
}

#[tokio::test]
async fn sides_that_stand_apart_are_joined_behind_the_last_chunk() {
    let ledger = apart(3);
    let (world, tables) = planned(ledger.as_bytes(), 2).await;
    let set = world.done_set().unwrap();
    assert_eq!((set.total, set.join), (6, true));
    deliver_all(&world, &tables, [4, 2, 0, 1]).await;
    assert_eq!(tables.rows().len(), 3, "only the deposits");
    assert_eq!(world.job().phase, JobPhase::Ingesting);
    deliver_all(&world, &tables, [3]).await;
    assert_eq!(world.job().phase, JobPhase::AwaitingTurn);
    assert_eq!(found(&world, &tables), whole(&ledger));
    let joined: Vec<_> = tables
        .rows()
        .into_iter()
        .filter(|row| row.records == 2)
        .collect();
    assert!(joined.iter().all(|row| row.chunk == 5), "{joined:?}");
    let digest = digest(&world, 5);
    assert_eq!((digest.counts.accepted, digest.identities.len()), (6, 3));
    let counts = world.done_set().unwrap().counts;
    assert_eq!(
        counts,
        RowCounts {
            accepted: 9,
            ..RowCounts::default()
        }
    );
}

#[tokio::test]
async fn a_ledger_in_utf_16_gives_the_same_rows() {
    let ledger = apart(3);
    let units = "\u{feff}".encode_utf16().chain(ledger.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
    let (world, tables) = planned(&bytes, 2).await;
    deliver_all(&world, &tables, 0..5).await;
    assert_eq!(world.job().phase, JobPhase::AwaitingTurn);
    assert_eq!(found(&world, &tables), whole(&ledger));
}

#[tokio::test]
async fn a_worker_that_dies_in_the_join_is_followed_by_one_that_does_it_again() {
    // What the last chunk needs for itself goes well before: the plan and its bytes, its fragments and
    // digest, its place in the done-set.
    for (op, calls) in [
        ("objects.get", 2),
        ("objects.get", 6),
        ("objects.put", 2),
        ("done_sets.record", 1),
        ("state.commit", 0),
    ] {
        let (world, tables) = planned(apart(3).as_bytes(), 2).await;
        deliver_all(&world, &tables, [0, 1, 2, 4]).await;
        for _ in 0..2 {
            world.break_after(op, calls);
            let again = deliver(&world, &tables, &chunk(3, Generation::FIRST)).await;
            assert!(again && world.is_mended(), "{op} after {calls} calls");
            assert!(world.done_set().unwrap().done.contains_key(&3));
        }
        deliver_all(&world, &tables, [3, 3]).await;
        assert_eq!(world.job().phase, JobPhase::AwaitingTurn, "{op}");
        assert_eq!(found(&world, &tables), whole(&apart(3)), "{op}");
        assert_eq!(world.done_set().unwrap().counts.accepted, 9, "{op}");
        assert_eq!(world.count("turn_request"), 1, "{op}");
    }
}

#[tokio::test]
async fn a_job_with_a_failed_chunk_joins_nothing_and_ends() {
    let (world, tables) = planned(apart(3).as_bytes(), 2).await;
    deliver_all(&world, &tables, [0, 1, 2]).await;
    world.lose_upload();
    deliver_all(&world, &tables, [3, 4]).await;
    assert_eq!(world.error().unwrap().code, "object_gone");
    assert!(tables.rows().iter().all(|row| row.records == 1));
    assert!(
        !world.done_set().unwrap().is_full(),
        "the join is not counted"
    );
}

#[tokio::test]
async fn a_join_asked_for_too_early_waits_for_the_chunks() {
    let (world, tables) = planned(apart(3).as_bytes(), 2).await;
    deliver_all(&world, &tables, [5]).await;
    assert_eq!(world.done_set().unwrap().done.len(), 0);
    deliver_all(&world, &tables, [0, 1, 2, 3, 4, 5]).await;
    assert_eq!(found(&world, &tables), whole(&apart(3)));
}

#[tokio::test]
async fn groups_that_cannot_be_read_are_refused_record_by_record() {
    let mut ledger = LEDGER.to_owned();
    ledger.push_str(&record(1, "T1", "trade", "ZUSD", "-10"));
    ledger.push_str(&record(2, "T2", "trade", "ZUSD", "-10"));
    ledger.push_str(&record(3, "T2", "trade", "XXBT", "2x"));
    let mut bytes = ledger.into_bytes();
    bytes.extend(b"L4,T3,2021-03-04 05:00:00,trade,,currency,ZUSD,-1,0,caf\xe9\n");
    bytes.extend(record(5, "T3", "trade", "XXBT", "1").bytes());
    bytes.extend(record(6, "Q1", "deposit", "XXBT", "1").bytes());
    let (world, tables) = planned(&bytes, 10).await;
    deliver_all(&world, &tables, [0]).await;
    let rejects = tables.rejects();
    let found: Vec<(u64, &str)> = rejects
        .iter()
        .map(|(_, reject)| (reject.line, reject.code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (2, "incomplete_group"),
            (3, "incomplete_group"),
            (4, "malformed_amount"),
            (5, "not_utf8"),
            (6, "incomplete_group"),
        ]
    );
    assert!(
        rejects[1].1.message.contains("refid \"T2\": line 4"),
        "{rejects:?}"
    );
    let counts = world.done_set().unwrap().counts;
    assert_eq!((counts.accepted, counts.rejected), (1, 5));
}

/// Records whose references meet: of one or many, side by side or apart.
fn ledger() -> impl Strategy<Value = String> {
    let refid = prop::sample::select(vec!["A", "A", "B", "C", "D", ""]);
    let side = prop::sample::select(vec![
        ("trade", "ZUSD", "-10"),
        ("trade", "XXBT", "0.5"),
        ("deposit", "ZUSD", "3"),
        ("withdrawal", "ZUSD", "-3"),
        ("withdrawal", "ZUSD", "3"),
        ("staking", "DOT", "1"),
        ("odd", "DOT", "1"),
        ("trade", "ZUSD", "x"),
    ]);
    prop::collection::vec((refid, side, 0..4_u8), 1..25).prop_map(|records| {
        let mut ledger = LEDGER.to_owned();
        for (place, (refid, (kind, asset, amount), repeat)) in records.into_iter().enumerate() {
            for more in 0..=repeat / 2 {
                let place = 30 * usize::from(more) + place;
                ledger.push_str(&record(place, refid, kind, asset, amount));
            }
        }
        ledger
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_chunks_in_any_order_and_repeated_give_what_the_whole_file_gives(
        ledger in ledger(),
        chunk_rows in 1_u32..6,
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        last in any::<prop::sample::Index>(),
    ) {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (found, counts, phase) = runtime.block_on(async {
            let (world, tables) = planned(ledger.as_bytes(), chunk_rows).await;
            let set = world.done_set().unwrap();
            let chunks = set.total - u32::from(set.join);
            let late = u32::try_from(last.index(chunks as usize)).unwrap();
            let total = set.total as usize;
            let early = order.iter().map(|at| u32::try_from(at.index(total)).unwrap());
            deliver_all(&world, &tables, early.chain((0..chunks).rev()).filter(|chunk| *chunk != late)).await;
            deliver_all(&world, &tables, [late, late]).await;
            deliver_all(&world, &tables, 0..chunks).await;
            (found(&world, &tables), world.done_set().unwrap().counts, world.job().phase)
        });
        prop_assert_eq!(phase, JobPhase::AwaitingTurn);
        let whole = whole(&ledger);
        prop_assert_eq!(&found, &whole);
        let records: u64 = whole.rows.values().map(|row| u64::from(row.records)).sum();
        prop_assert_eq!(counts.accepted, records);
        prop_assert_eq!(counts.rejected, whole.refused.len() as u64);
        let lines = ledger.lines().count() as u64 - 1;
        prop_assert_eq!(counts.settled(), lines);
    }
}
