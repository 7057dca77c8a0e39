//! The files of a ledger under section 104.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::money::Decimal;
use domain::read_rows::{Issue, IssueCode};
use domain::rows::Kind;
use domain::section_104::{DayDisposal, DayKey, DayShare, Rule};
use domain::time::Day;
use ports::PortErrorKind;
use ports::testing::MemoryDisposals;

use crate::world::{World, name, number, row};

fn key(day: i32) -> DayKey {
    DayKey {
        day: Day(day),
        asset: "BTC".parse().unwrap(),
    }
}

fn decided(day: i32, n: u32, acquired: Option<i32>) -> DayDisposal {
    DayDisposal {
        key: key(day),
        rule: acquired.map_or(Rule::Section104, |_| Rule::BedAndBreakfast),
        n,
        acquired: acquired.map(Day),
        quantity: number("0.5"),
        proceeds: Some(number("20.125")),
        cost_basis: number("5"),
        gain: Some(number("15.125")),
        rows: vec![name(1, 3, Some("s-1"))],
        row_count: 2,
        issues: Vec::new(),
    }
}

/// Two sales of one day, decided as two parts, and one that was open at the end and falls short.
async fn world() -> World {
    let mut rows = Vec::new();
    for (line, day) in [(3, 18_300), (4, 18_300), (5, 18_310)] {
        let mut sale = row(name(1, line, None), day, Kind::Sell);
        let share = DayShare {
            asset: "BTC".parse().unwrap(),
            kind: Kind::Sell,
            quantity: number("0.5"),
            proceeds: Some(number("20.125")),
        };
        sale.day_shares = vec![share.clone(), share];
        rows.push(sale);
    }
    let world = World::of(&rows, &[(1, "all.csv")]).await;
    let mut short = decided(18_310, 0, None);
    (short.proceeds, short.gain) = (None, None);
    short.issues.push(Issue {
        code: IssueCode::MissingCostBasis,
        asset: Some("BTC".parse().unwrap()),
        quantity: Some(Decimal::ONE),
        detail: "1 BTC more than was ever acquired".to_owned(),
    });
    let first = [decided(18_300, 0, Some(18_301)), decided(18_300, 1, None)];
    world.decide(&first, &[short]).await;
    world
}

#[tokio::test]
async fn a_line_per_day_asset_and_rule_follows_the_segments_and_the_end_comes_last() {
    let expected = [
        r#"{"id":"BTC:2020-02-08","asset":"BTC","date":"2020-02-08","kind":"bed_and_breakfast","qty":"0.5","proceeds":"20.125","cost_basis":"5","gain":"15.125","gain_long":"0","lots":[["BTC:2020-02-09","0.5","5","S"]]}"#,
        r#"{"id":"BTC:2020-02-08","asset":"BTC","date":"2020-02-08","kind":"section_104","qty":"0.5","proceeds":"20.125","cost_basis":"5","gain":"15.125","gain_long":"0","lots":[[null,"0.5","5","S"]]}"#,
        r#"{"id":"BTC:2020-02-18","asset":"BTC","date":"2020-02-18","kind":"section_104","qty":"0.5","cost_basis":"5","lots":[[null,"0.5","5","S"]]}"#,
    ];
    let lines = world().await.file("disposals.jsonl").await;
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_disposal_leads_to_its_first_row_and_every_row_to_its_disposal() {
    let world = world().await;
    let csv = world.file("disposals.csv").await;
    assert_eq!(
        csv.lines().nth(1).unwrap(),
        "BTC:2020-02-08,BTC,2020-02-08,bed_and_breakfast,0.5,20.125,5,15.125,0,20.12,5.00,15.12,0.00,2020-02-09,\"[[\"\"BTC:2020-02-09\"\",\"\"0.5\"\",\"\"5\"\",\"\"S\"\"]]\",all.csv,3"
    );
    let transactions = world.file("transactions.csv").await;
    let mut reader = csv::Reader::from_reader(transactions.as_bytes());
    let column = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "day_disposals");
    let keys: Vec<String> = reader
        .records()
        .map(|record| record.unwrap()[column.unwrap()].to_owned())
        .collect();
    assert_eq!(keys, ["BTC:2020-02-08", "BTC:2020-02-08", "BTC:2020-02-18"]);
}

#[tokio::test]
async fn a_shortfall_of_a_day_is_a_line_of_the_issues() {
    let issues = world().await.file("issues.csv").await;
    assert_eq!(
        issues.lines().last().unwrap(),
        "2020-02-18,,BTC:2020-02-18,missing_cost_basis,BTC,1,1 BTC more than was ever acquired,all.csv,3"
    );
}

#[tokio::test]
async fn disposals_that_are_missing_are_no_shorter_file() {
    let mut world = world().await;
    world.disposals = MemoryDisposals::default();
    assert!(!world.order("disposals.csv").await);
    let error = world.write("disposals.csv").await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
}
