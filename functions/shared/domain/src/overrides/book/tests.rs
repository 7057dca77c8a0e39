#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::asset::Asset;
use crate::overrides::sample::{identity, subject};
use crate::rows::Kind;

/// Changes of rows 0 to 9, all of which are known.
fn changes(edits: &[(u8, Edit)]) -> Changes {
    let rows = (0..10).map(|n| (identity(n), subject(Kind::Deposit, "", "1 BTC", "")));
    let edits = edits.iter().map(|(n, edit)| (identity(*n), edit.clone()));
    Changes {
        rows: rows.collect(),
        edits: edits.collect(),
    }
}

fn book(edits: &[(u8, Edit)]) -> OverrideBook {
    let mut book = OverrideBook::default();
    book.apply(&changes(edits));
    book
}

fn link(other: u8) -> Edit {
    Edit::Link(identity(other))
}

fn unlink(other: u8) -> Edit {
    Edit::Unlink(identity(other))
}

fn linked(book: &OverrideBook) -> Vec<(u8, u8)> {
    let number = |row: &RowIdentity| row.hash[0];
    let links = book.iter();
    links
        .filter_map(|(row, entry)| Some((number(row), number(&entry.told.link?))))
        .collect()
}

#[test]
fn the_later_of_two_links_holds_and_both_ends_say_it() {
    assert_eq!(linked(&book(&[(1, link(2))])), [(1, 2), (2, 1)]);
    assert_eq!(
        linked(&book(&[(1, link(2)), (3, link(2))])),
        [(2, 3), (3, 2)]
    );
    let both = book(&[(1, link(2)), (3, link(4)), (1, link(4))]);
    assert_eq!(linked(&both), [(1, 4), (4, 1)]);
    assert_eq!(
        both.len(),
        2,
        "nothing is left of rows that lost their link"
    );
}

#[test]
fn a_link_and_an_unlink_of_two_rows_exclude_each_other() {
    let linked_last = book(&[(1, unlink(2)), (1, unlink(3)), (2, link(1))]);
    assert_eq!(linked(&linked_last), [(1, 2), (2, 1)]);
    assert_eq!(linked_last.get(&identity(1)).unwrap().told.unlink.len(), 1);
    let unlinked_last = book(&[(1, link(2)), (2, unlink(1))]);
    assert_eq!(linked(&unlinked_last), []);
    let elsewhere = book(&[(1, link(2)), (1, unlink(3))]);
    assert_eq!(linked(&elsewhere), [(1, 2), (2, 1)]);
}

#[test]
fn what_is_cleared_is_gone_on_both_ends() {
    let clear = |part| Edit::Clear(part);
    let said = [
        (1, link(2)),
        (1, unlink(3)),
        (1, unlink(4)),
        (1, Edit::Ignore),
        (1, Edit::Label("gift".into())),
    ];
    let mut book = book(&said);
    for part in [
        Part::Link,
        Part::Unlink,
        Part::Ignore,
        Part::Label,
        Part::Price,
    ] {
        book.apply(&changes(&[(1, clear(part))]));
    }
    assert!(book.is_empty(), "{book:?}");
    book.apply(&changes(&[(9, clear(Part::Link))]));
    assert!(book.is_empty());
}

#[test]
fn a_row_nobody_knows_is_not_spoken_of() {
    let mut book = OverrideBook::default();
    book.apply(&Changes {
        rows: BTreeMap::new(),
        edits: vec![(identity(1), Edit::Ignore)],
    });
    assert!(book.is_empty());
    let mut half = changes(&[(1, link(20)), (20, unlink(1)), (2, link(2))]);
    half.rows.remove(&identity(20));
    book.apply(&half);
    assert!(book.is_empty(), "no link has one end");
}

#[test]
fn the_earliest_row_that_changed_is_found_at_either_end() {
    let before = book(&[(3, Edit::Ignore), (5, link(9))]);
    assert_eq!(before.changed_since(&before), None);
    let mut after = before.clone();
    after.apply(&changes(&[(9, link(7))]));
    assert_eq!(after.changed_since(&before), Some(Instant(5)));
    assert_eq!(before.changed_since(&after), Some(Instant(5)));
    after.apply(&changes(&[(9, link(5)), (8, Edit::Ignore)]));
    assert_eq!(after.changed_since(&before), Some(Instant(8)));
}

#[test]
fn a_recomputation_begins_before_every_link_that_reaches_over_its_border() {
    let book = book(&[(1, link(4)), (3, link(6)), (7, link(8))]);
    assert_eq!(book.reach(Instant(9), 1), Instant(9));
    assert_eq!(book.reach(Instant(8), 1), Instant(0));
    assert_eq!(book.reach(Instant(7), 0), Instant(7));
    assert_eq!(
        book.reach(Instant(5), 0),
        Instant(1),
        "over the second link to the first"
    );
    assert_eq!(book.reach(Instant(5), 100), Instant(-99));
}

#[test]
fn what_a_label_and_a_price_need_is_asked_for() {
    let price = UnitPrice {
        amount: 5.into(),
        currency: Asset::eur(),
    };
    let needs = book(&[(1, Edit::Label("reward".into())), (2, Edit::Price(price))]).needs();
    let sources: Vec<String> = needs
        .iter()
        .flat_map(|need| need.sources.iter().map(ToString::to_string))
        .collect();
    assert_eq!(sources, ["BTC", "BTC", "EUR"]);
}

fn edit() -> impl Strategy<Value = Edit> {
    let part = prop::sample::select(vec![
        Part::Label,
        Part::Price,
        Part::Ignore,
        Part::Link,
        Part::Unlink,
    ]);
    prop_oneof![
        Just(Edit::Ignore),
        Just(Edit::Label("reward".into())),
        (0..10_u8).prop_map(link),
        (0..10_u8).prop_map(unlink),
        part.prop_map(Edit::Clear),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_both_ends_say_the_same(
        edits in prop::collection::vec((0..10_u8, edit()), 0..40),
        cut in 0..40_usize,
    ) {
        let edits: Vec<(u8, Edit)> = edits.into_iter().filter(|(row, edit)| {
            *edit != link(*row) && *edit != unlink(*row)
        }).collect();
        let whole = book(&edits);
        for (row, entry) in whole.iter() {
            prop_assert!(!entry.told.is_nothing());
            if let Some(other) = entry.told.link {
                prop_assert_eq!(whole.get(&other).unwrap().told.link, Some(*row));
                prop_assert!(!entry.told.unlink.contains(&other));
            }
            for other in &entry.told.unlink {
                prop_assert!(whole.get(other).unwrap().told.unlink.contains(row));
            }
        }
        let (first, second) = edits.split_at(cut.min(edits.len()));
        let mut cut = book(first);
        cut.apply(&changes(second));
        prop_assert_eq!(&cut, &whole, "two jobs come to what one does");
        let stored = serde_json::to_vec(&whole).unwrap();
        let read: OverrideBook = serde_json::from_slice(&stored).unwrap();
        prop_assert_eq!(read, whole);
    }
}
