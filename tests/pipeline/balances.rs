//! Do balances add up, read as a client reads them, to what the rows moved and to what the rows show?

use std::collections::BTreeMap;

use domain::money::Decimal;
use millrace::generate::Ledger;
use reqwest::Method;
use serde_json::Value;
use tests::ledgers::cut;
use tests::results::Results;
use tests::user::LEDGER;

use crate::world::{Setup, World};

/// Asset, account, tax year or `total`.
type Slot = (String, String, String);

/// What came, went and was paid on top; the running balance at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moved {
    received: Decimal,
    sent: Decimal,
    fee: Decimal,
    closing: Decimal,
}

/// Every balance a client gets, page by page.
async fn pages(world: &World, query: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/ledgers/{LEDGER}/reconciliation?limit=7{query}{cursor}");
        let asked = world.http(Method::GET, &path).send().await;
        let answer = asked.expect("an answer");
        let page: Value = answer
            .error_for_status()
            .expect("a page")
            .json()
            .await
            .expect("JSON");
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => "total".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// What the rows of `transactions.csv` that are no duplicates move, and the balances they show.
fn moved(results: &Results) -> BTreeMap<Slot, Moved> {
    let mut file = csv::Reader::from_reader(results["transactions.csv"].as_slice());
    let columns = file.headers().expect("a header").clone();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let mut moved: BTreeMap<Slot, Moved> = BTreeMap::new();
    for row in file.records().map(|row| row.expect("a row")) {
        let cell = |name: &str| row[place(name).expect("a column")].to_owned();
        if !cell("duplicate").is_empty() {
            continue;
        }
        let shown = cell("balances");
        let shown = shown
            .split(';')
            .filter_map(|balance| balance.split_once('='));
        for (asset, balance) in shown {
            let of = |leg: &str| match cell(&format!("{leg}_currency")) == asset {
                true => decimal(&cell(&format!("{leg}_amount"))),
                false => Decimal::ZERO,
            };
            for year in [cell("tax_day")[..4].to_owned(), "total".to_owned()] {
                let slot = (asset.to_owned(), cell("account"), year);
                let sums = moved.entry(slot).or_insert_with(nothing);
                for (sum, leg) in [
                    (&mut sums.received, "received"),
                    (&mut sums.sent, "sent"),
                    (&mut sums.fee, "fee"),
                ] {
                    *sum = sum.plus(&of(leg)).expect("a sum");
                }
                sums.closing = decimal(balance);
            }
        }
    }
    moved
}

fn nothing() -> Moved {
    Moved {
        received: Decimal::ZERO,
        sent: Decimal::ZERO,
        fee: Decimal::ZERO,
        closing: Decimal::ZERO,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_are_what_the_rows_moved_and_each_year_begins_where_the_last_ended() {
    let ledger = Ledger::new(31, 400, 9);
    let setup = Setup {
        segment_rows: 50,
        ..Setup::default()
    };
    let world = World::start(setup).await;
    world.price(&ledger.prices_csv()).await;
    // The first half comes twice: its second coming moves nothing.
    world.ingest("half.csv", &cut(&ledger, 2)[0]).await;
    world.ingest("whole.csv", &ledger.csv()).await;
    let results = world.results().await;
    let expected = moved(&results);
    let listed = pages(&world, "").await;
    let (mut found, mut last) = (BTreeMap::new(), BTreeMap::new());
    for item in &listed {
        let of = |name: &str| decimal(&text(item, name));
        let slot = (
            text(item, "asset"),
            text(item, "account"),
            text(item, "year"),
        );
        let account = (slot.0.clone(), slot.1.clone());
        let opening = match slot.2.as_str() {
            "total" => Decimal::ZERO,
            _ => last.get(&account).cloned().unwrap_or(Decimal::ZERO),
        };
        assert_eq!(of("opening"), opening, "{item}");
        let sum = opening.plus(&of("received")).expect("a sum");
        let gone = of("sent").plus(&of("fee")).expect("a sum");
        assert_eq!(sum.minus(&gone).expect("a sum"), of("closing"), "{item}");
        last.insert(account, of("closing"));
        let moved = Moved {
            received: of("received"),
            sent: of("sent"),
            fee: of("fee"),
            closing: of("closing"),
        };
        assert_eq!(found.insert(slot, moved), None, "{item} comes twice");
    }
    assert_eq!(found, expected);
    assert!(found.len() > 20, "only {} balances", found.len());
    let totals = pages(&world, "&year=total&asset=BTC").await;
    let wanted = |slot: &&Slot| slot.0 == "BTC" && slot.2 == "total";
    assert_eq!(totals.len(), expected.keys().filter(wanted).count());
    let summary: Value = serde_json::from_slice(&results["summary.json"]).expect("JSON");
    assert_eq!(summary["balances"], Value::Array(listed));
    let duplicates = summary["counts"]["duplicates"].as_u64();
    assert!(duplicates > Some(100), "{duplicates:?} duplicates");
}
