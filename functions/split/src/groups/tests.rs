#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::formats;
use domain::settings::ParseOptions;
use proptest::prelude::*;

use super::*;
use crate::scanner::Scanner;

const HEADER: &str = "txid,refid,time,type,aclass,asset,amount,fee,balance";
const COMMA: Dialect = Dialect::utf8(b',');

fn grouper() -> Grouper {
    let header: Vec<String> = HEADER.split(',').map(str::to_owned).collect();
    let reader = formats::reader("kraken", &header, COMMA, &ParseOptions::default()).unwrap();
    Grouper::new(reader, COMMA)
}

/// A side of a trade.
fn side(refid: &str) -> String {
    format!("L,{refid},2021-01-01 00:00:00,trade,currency,XXBT,1,0,0")
}

/// What a file of these records comes to, `gap` bytes between them.
fn follow(records: &[String], gap: u64) -> (Vec<Bond>, Groups) {
    let (mut grouper, mut offset, mut bonds) = (grouper(), 0, Vec::new());
    for (line, record) in (2_u64..).zip(records) {
        let length = record.len() as u64;
        let span = RecordSpan {
            offset,
            length,
            line,
        };
        bonds.push(grouper.bond(span, record.as_bytes()));
        offset += length + gap;
    }
    (bonds, grouper.finish())
}

fn hash(refid: &str) -> u64 {
    Groups::hash(&format!("refid \"{refid}\""))
}

#[test]
fn neighbours_of_one_reference_are_bound_and_lone_records_are_not() {
    let lone = side("").clone();
    let records = [side("A"), side("A"), side("A"), lone, side("B"), side("C")];
    let (bonds, groups) = follow(&records, 1);
    use Bond::{Begins, Continues, None};
    assert_eq!(bonds, [Begins, Continues, Continues, None, Begins, Begins]);
    assert_eq!(groups, Groups::default());
}

#[test]
fn a_reference_that_comes_back_behind_another_record_is_joined() {
    let records = [
        side("A"),
        side("B"),
        side("B"),
        side("A"),
        side("A"),
        side("C"),
    ];
    let (bonds, groups) = follow(&records, 1);
    use Bond::{Begins, Continues};
    assert_eq!(
        bonds,
        [Begins, Begins, Continues, Begins, Continues, Begins]
    );
    assert_eq!((groups.joined, groups.fragments), (vec![hash("A")], 3));
    assert_eq!((groups.scattered, groups.oversized), (vec![], vec![]));
    let (_, groups) = follow(&[side("A"), side(""), side("A")], 1);
    assert_eq!((groups.joined, groups.fragments), (vec![hash("A")], 2));
}

#[test]
fn a_reference_of_too_many_records_or_bytes_is_neither_kept_together_nor_joined() {
    let limit = MAX_GROUP_RECORDS as usize;
    let (bonds, groups) = follow(&vec![side("A"); limit + 2], 1);
    assert_eq!(
        bonds[limit - 1..],
        [Bond::Continues, Bond::None, Bond::None]
    );
    assert_eq!((groups.oversized, groups.joined), (vec![hash("A")], vec![]));
    let (bonds, groups) = follow(&vec![side("A"); limit], 1);
    assert_eq!(
        (bonds[limit - 1], groups),
        (Bond::Continues, Groups::default())
    );
    let (bonds, groups) = follow(&vec![side("A"); 3], MAX_GROUP_BYTES / 2);
    assert_eq!(bonds, [Bond::Begins, Bond::Continues, Bond::None]);
    assert_eq!(groups.oversized, [hash("A")]);
}

#[test]
fn references_beyond_what_is_joined_are_refused_in_the_order_of_the_file() {
    let most = MAX_FRAGMENTS as usize / 2;
    let names: Vec<String> = (0..most + 3).map(|n| n.to_string()).collect();
    let records: Vec<String> = names.iter().chain(&names).map(|name| side(name)).collect();
    let (_, groups) = follow(&records, 1);
    assert_eq!(
        (groups.joined.len(), groups.fragments),
        (most, MAX_FRAGMENTS)
    );
    assert!(groups.joined.is_sorted());
    let mut beyond: Vec<u64> = names[most..].iter().map(|name| hash(name)).collect();
    beyond.sort_unstable();
    assert_eq!(groups.scattered, beyond);
}

proptest! {
    #[test]
    fn the_cells_of_any_record_are_those_that_ingest_finds(
        file in prop::collection::vec(prop::sample::select(b"ab,\"\n\r\xef\xbb\xbf".to_vec()), 0..60),
    ) {
        let mut spans = Vec::new();
        let mut scanner = Scanner::new(COMMA);
        let mut found = |span| {
            spans.push(span);
            Ok(())
        };
        let whole = scanner.feed(&file, &mut found).and_then(|()| scanner.finish(&mut found));
        prop_assume!(whole.is_ok());
        let mut cells = Cells::new(COMMA);
        for span in spans {
            let from = usize::try_from(span.offset).unwrap();
            let record = &file[from..from + usize::try_from(span.length).unwrap()];
            let text = [b"\n", record].concat();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&text[..]);
            let expected = reader.byte_records().next().unwrap().unwrap();
            prop_assert_eq!(cells.of(record), expected.iter().collect::<Vec<_>>());
        }
    }
}
