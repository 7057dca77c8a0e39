//! What a user says of single rows: it does what it should and only that, survives everything that
//! happens to files, and leaves nothing behind when it is taken back.

use std::collections::BTreeMap;

use embedded::faults::Fault;
use ports::PortErrorKind;
use serde_json::{Value, json};

use crate::world::{Setup, World};
use tests::ledgers::{cut, dealt, distinct, ledger};
use tests::results::{Results, assert_same, without_places};
use tests::user::LEDGER;

const HEADER: &str = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash,ID,Account\n";

/// A purchase; a withdrawal whose deposit came a year later; a withdrawal and the two deposits it could
/// be; two deposits that are equal in all and have no ID; a sale, a gift and a stake.
const ROWS: [&str; 10] = [
    "2020-01-01 10:00:00 UTC,2000,USD,2,BTC,,,,,,,,b1,Kraken\n",
    "2020-02-01 10:00:00 UTC,1,BTC,,,,,,,,,,w1,Kraken\n",
    "2021-03-01 10:00:00 UTC,,,0.9,BTC,,,,,,,,d1,Ledger\n",
    "2021-05-01 10:00:00 UTC,0.5,BTC,,,,,,,,,,w2,Ledger\n",
    "2021-05-01 11:00:00 UTC,,,0.5,BTC,,,,,,,,d2,Kraken\n",
    "2021-05-01 11:30:00 UTC,,,0.45,BTC,,,,,,,,d3,Binance\n",
    "2021-06-01 10:00:00 UTC,,,0.1,BTC,,,,,,,,,Kraken\n",
    "2021-06-01 10:00:00 UTC,,,0.1,BTC,,,,,,,,,Kraken\n",
    "2021-07-01 10:00:00 UTC,0.3,BTC,9000,USD,,,,,,,,s1,Kraken\n",
    "2021-08-01 10:00:00 UTC,0.1,ETH,,,,,,,stake,,,k1,Kraken\n",
];

/// A deposit so far behind the first withdrawal that segments lie between them.
const FAR: &str = "2021-10-01 10:00:00 UTC,,,0.9,BTC,,,,,,,,d9,Ledger\n";

const PRICES: &str = "date,asset,currency,price\n2020-02-01,BTC,USD,1500\n2021-03-01,BTC,USD,40000\n2021-05-01,BTC,USD,50000\n2021-06-01,BTC,USD,35000\n2021-08-01,ETH,USD,2500\n2021-08-01,EUR,USD,1.2\n";

fn file(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}{}", rows.concat()).into_bytes()
}

fn setup() -> Setup {
    Setup {
        chunk_rows: 3,
        segment_rows: 2,
        ..Setup::default()
    }
}

async fn world(setup: Setup) -> World {
    let world = World::start(setup).await;
    world.price(PRICES.as_bytes()).await;
    world.ingest("all.csv", &file(&ROWS)).await;
    world
}

async fn request(
    world: &World,
    method: reqwest::Method,
    path: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut request = world.http(method, &format!("/v1/ledgers/{LEDGER}/{path}"));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn get(world: &World, path: &str) -> Value {
    let (status, body) = request(world, reqwest::Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn put(world: &World, changes: &Value) -> (u16, Value) {
    let body = json!({ "changes": changes });
    request(world, reqwest::Method::PUT, "overrides", Some(&body)).await
}

/// Makes changes and waits for them.
async fn say(world: &World, changes: &Value) {
    let (status, answer) = put(world, changes).await;
    assert_eq!(status, 202, "{answer}");
    let end = world
        .end_of(answer["job_id"].as_str().expect("a job"))
        .await;
    assert!(end.succeeded(), "{end:?}");
    assert_eq!(end.kind, "override");
}

/// The transactions by ID; those without one by their place among the list's.
async fn transactions(world: &World) -> BTreeMap<String, Value> {
    let items = get(world, "transactions?limit=1000").await["items"].take();
    let items = items.as_array().expect("items").clone();
    let nameless = |row: &Value| row["id"].as_str().expect("an id").contains(':');
    let mut rows = BTreeMap::new();
    for (n, row) in items.into_iter().enumerate() {
        let name = match nameless(&row) {
            true => format!("row {n}"),
            false => row["id"].as_str().expect("an id").to_owned(),
        };
        rows.insert(name, row);
    }
    rows
}

/// Rows as far as no other row's lots show in them.
fn own(rows: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut rows = rows.clone();
    for row in rows.values_mut() {
        for field in ["gain", "disposals", "balances"] {
            row[field].take();
        }
        let issues = row["issues"].as_array_mut().expect("issues");
        issues.retain(|issue| {
            !["missing_cost_basis", "negative_balance"]
                .contains(&issue["code"].as_str().expect("a code"))
        });
    }
    rows
}

/// The names of rows that say something else than before, but for lots and balances.
fn changed(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    let (before, after) = (own(before), own(after));
    assert_eq!(before.len(), after.len());
    let differ = before.iter().filter(|(name, row)| after[*name] != **row);
    differ.map(|(name, _)| name.clone()).collect()
}

fn identity(rows: &BTreeMap<String, Value>, name: &str) -> Value {
    rows[name]["identity"].clone()
}

/// Everything there is to say, and how it is taken back: name, changes, cleared, rows it changes.
fn sayings(rows: &BTreeMap<String, Value>) -> Vec<(&'static str, Value, Value, Vec<&'static str>)> {
    let of = |name: &str| identity(rows, name);
    vec![
        (
            "label",
            json!([{"identity": of("row 7"), "set": {"label": "Staking"}}]),
            json!([{"identity": of("row 7"), "clear": ["label"]}]),
            vec!["row 7"],
        ),
        (
            "label that needs a price nobody asked for",
            json!([{"identity": of("k1"), "set": {"label": "gift"}}]),
            json!([{"identity": of("k1"), "clear": ["label"]}]),
            vec!["k1"],
        ),
        (
            "price",
            json!([{"identity": of("s1"), "set": {"price": {"amount": "28000", "currency": "USD"}}}]),
            json!([{"identity": of("s1"), "clear": ["price"]}]),
            vec!["s1"],
        ),
        (
            "ignore",
            json!([{"identity": of("s1"), "set": {"ignore": true}}]),
            json!([{"identity": of("s1"), "clear": ["ignore"]}]),
            vec!["s1"],
        ),
        (
            "link",
            json!([{"identity": of("d1"), "set": {"link": of("w1")}}]),
            json!([{"identity": of("w1"), "clear": ["link"]}]),
            vec!["d1", "w1"],
        ),
        (
            "unlink",
            json!([{"identity": of("w2"), "set": {"unlink": of("d2")}}]),
            json!([{"identity": of("d2"), "clear": ["unlink"]}]),
            vec!["d2", "d3", "w2"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_override_changes_its_rows_and_no_other_and_goes_without_a_trace() {
    let world = world(setup()).await;
    let (before, plain) = (transactions(&world).await, world.results().await);
    for (name, set, clear, rows) in sayings(&before) {
        say(&world, &set).await;
        let after = transactions(&world).await;
        assert_eq!(changed(&before, &after), rows, "{name}");
        let listed = get(&world, "overrides").await;
        let items = listed["items"].as_array().expect("items");
        assert!(
            !items.is_empty() && items.iter().all(|item| item["applies"] == true),
            "{name}: {listed}"
        );
        let (status, again) = put(&world, &set).await;
        assert_eq!((status, &again["changed"]), (200, &json!(false)), "{name}");
        say(&world, &clear).await;
        assert_same(&plain, &world.results().await, name);
        assert_eq!(get(&world, "overrides").await["items"], json!([]), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overrides_do_what_they_say() {
    let world = world(setup()).await;
    let before = transactions(&world).await;
    for (_, set, ..) in sayings(&before)
        .into_iter()
        .filter(|(name, ..)| *name != "ignore")
    {
        say(&world, &set).await;
    }
    let rows = transactions(&world).await;
    let [staked, equal] = [&rows["row 7"], &rows["row 6"]];
    assert_eq!(
        (&staked["type"], &staked["income"]),
        (&json!("staking"), &json!("3500"))
    );
    assert_eq!(
        (&equal["type"], &equal["income"]),
        (&json!("deposit"), &Value::Null)
    );
    let gift = &rows["k1"];
    assert_eq!(
        (&gift["type"], &gift["value"]),
        (&json!("gift"), &json!("250"))
    );
    let sale = &rows["s1"];
    assert_eq!(
        (&sale["value"], &sale["value_source"]),
        (&json!("8400"), &json!("price:override"))
    );
    assert_eq!(rows["w1"]["match"]["id"], "d1");
    assert_eq!(rows["d1"]["match"]["id"], "w1");
    let lost = &rows["w1"]["disposals"][0];
    assert_eq!(
        [
            &lost["kind"],
            &lost["quantity"],
            &lost["date"],
            &lost["proceeds"]
        ],
        [
            &json!("transfer_fee"),
            &json!("0.1"),
            &json!("2020-02-01"),
            &json!("150")
        ]
    );
    assert_eq!(rows["w2"]["match"]["id"], "d3");
    assert_eq!(rows["d2"]["match"], Value::Null);
    let why = rows["d2"]["issues"][0]["detail"]
        .as_str()
        .expect("a reason");
    assert!(why.contains("you have unlinked"), "{why}");
    let transfers =
        String::from_utf8(world.results().await["transfers.csv"].clone()).expect("text");
    assert!(
        transfers.contains("w1,d1") && transfers.contains("w2,d3"),
        "{transfers}"
    );
}

/// All that `sayings` say, in one request.
fn all(rows: &BTreeMap<String, Value>) -> Value {
    let sets = sayings(rows)
        .into_iter()
        .filter(|(name, ..)| *name != "ignore");
    Value::Array(
        sets.flat_map(|(_, set, ..)| set.as_array().expect("a list").clone())
            .collect(),
    )
}

/// A ledger that is told everything at once, right after its only upload.
async fn told_at_once() -> Results {
    let world = world(Setup::default()).await;
    let changes = all(&transactions(&world).await);
    say(&world, &changes).await;
    without_places(&world.results().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overrides_survive_what_happens_to_files_and_settings_and_equal_a_run_from_nothing() {
    let expected = told_at_once().await;
    let world = world(setup()).await;
    let changes = all(&transactions(&world).await);
    for change in changes.as_array().expect("a list") {
        say(&world, &json!([change])).await;
    }
    assert_same(
        &expected,
        &without_places(&world.results().await),
        "one by one",
    );
    for method in ["average", "fifo"] {
        world.settle(method, "USD").await;
    }
    assert_same(
        &expected,
        &without_places(&world.results().await),
        "other settings and back",
    );

    let upload = world.upload("all.csv", &file(&ROWS)).await;
    let undo = world.client.undo(&upload.job_id).await.expect("an undo");
    assert!(world.end_of(&undo.job_id).await.succeeded());
    let listed = get(&world, "overrides").await;
    let items = listed["items"].as_array().expect("items");
    assert!(
        items.len() == 7 && items.iter().all(|item| item["applies"] == false),
        "{listed}"
    );
    for (name, rows) in [
        ("b.csv", &ROWS[5..]),
        ("a.csv", &ROWS[..5]),
        ("c.csv", &ROWS[3..8]),
    ] {
        world.ingest(name, &file(rows)).await;
    }
    let items = get(&world, "transactions?limit=1000").await["items"].take();
    assert_eq!(items.as_array().expect("items").len(), ROWS.len() + 5);
    let results = without_places(&world.results().await);
    for name in ["disposals.jsonl", "transfers.csv", "holdings.csv"] {
        assert_eq!(
            results[name], expected[name],
            "{name} in other files that overlap"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_does_nothing_while_an_end_is_missing() {
    let world = World::start(setup()).await;
    world.price(PRICES.as_bytes()).await;
    world.ingest("most.csv", &file(&ROWS)).await;
    let without = world.results().await;
    let later = world.ingest("later.csv", &file(&[FAR])).await;
    let rows = transactions(&world).await;
    let link = json!([{"identity": identity(&rows, "w1"), "set": {"link": identity(&rows, "d9")}}]);
    say(&world, &link).await;
    let linked = world.results().await;
    let undo = world.client.undo(&later.job_id).await.expect("an undo");
    assert!(world.end_of(&undo.job_id).await.succeeded());
    assert_same(&without, &world.results().await, "the deposit is gone");
    let items = get(&world, "overrides").await["items"].take();
    let applies: Vec<&Value> = items
        .as_array()
        .expect("items")
        .iter()
        .map(|item| &item["applies"])
        .collect();
    assert_eq!(applies, [false, false]);
    world.ingest("again.csv", &file(&[FAR])).await;
    assert_same(
        &without_places(&linked),
        &without_places(&world.results().await),
        "it is back",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_requests_at_the_same_time_both_count() {
    let world = world(setup()).await;
    let rows = transactions(&world).await;
    let label = json!([{"identity": identity(&rows, "d1"), "set": {"label": "gift_received"}}]);
    let ignore = json!([{"identity": identity(&rows, "s1"), "set": {"ignore": true}}]);
    tokio::join!(say(&world, &label), say(&world, &ignore));
    let after = transactions(&world).await;
    assert_eq!(changed(&rows, &after), ["d1", "s1"]);
    assert_eq!(
        get(&world, "overrides").await["items"]
            .as_array()
            .expect("items")
            .len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_fails_leaves_no_override_and_a_retry_brings_it() {
    let world = world(setup()).await;
    let (rows, before) = (transactions(&world).await, world.results().await);
    world
        .faults
        .add(Fault::before("rows.read").kind(PortErrorKind::Bug));
    let ignore = json!([{"identity": identity(&rows, "s1"), "set": {"ignore": true}}]);
    let (_, answer) = put(&world, &ignore).await;
    let job = answer["job_id"].as_str().expect("a job").to_owned();
    assert_eq!(world.end_of(&job).await.state, "failed");
    world.faults.clear();
    assert_same(&before, &world.results().await, "nothing of it is seen");
    let listed = get(&world, "overrides").await;
    assert_eq!(
        (&listed["items"], &listed["pending"]),
        (&json!([]), &json!([]))
    );
    world
        .price(b"date,asset,currency,price\n2019-01-01,BTC,USD,1\n")
        .await;
    assert_same(&before, &world.results().await, "nor after the next turn");
    world.client.retry(&job).await.expect("a retry");
    assert!(world.end_of(&job).await.succeeded());
    assert_eq!(changed(&rows, &transactions(&world).await), ["s1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_recomputes_from_its_rows_on() {
    let ledger = distinct(41, 240);
    let world = World::start(Setup {
        segment_rows: 20,
        ..Setup::default()
    })
    .await;
    world.price(&ledger.prices_csv()).await;
    world.ingest("all.csv", &ledger.csv()).await;
    let items = get(&world, "transactions?limit=1000").await["items"].take();
    let late = items
        .as_array()
        .expect("items")
        .last()
        .expect("a row")
        .clone();
    say(
        &world,
        &json!([{"identity": late["identity"], "set": {"ignore": true}}]),
    )
    .await;
    let summary = get(&world, "summary").await;
    let (all, anew) = (&summary["segments"], &summary["segments_recomputed"]);
    assert!(
        anew.as_u64() > Some(0) && anew.as_u64() < all.as_u64(),
        "{anew} of {all}"
    );
}

/// Says something of every fifth row, whatever fits it.
async fn say_much(world: &World) {
    let items = get(world, "transactions?limit=1000").await["items"].take();
    let items = items.as_array().expect("items").clone();
    let counted = items.iter().filter(|row| row["duplicate"] == false);
    let mut free: Vec<&Value> = counted.collect();
    let of = |kind: &str, rows: &[&Value]| -> Vec<Value> {
        rows.iter()
            .filter(|row| row["type"] == kind)
            .map(|row| (*row).clone())
            .collect()
    };
    let (withdrawals, deposits) = (of("withdrawal", &free), of("deposit", &free));
    let mut changes = Vec::new();
    for (n, withdrawal) in withdrawals.iter().enumerate() {
        if let Some(deposit) = deposits.get(n) {
            let (one, other) = (&withdrawal["identity"], &deposit["identity"]);
            changes.push(json!({"identity": one, "set": {"unlink": other}}));
        }
    }
    free.retain(|row| row["type"] != "withdrawal" && row["type"] != "deposit");
    for (n, row) in free.iter().enumerate().step_by(5) {
        let set = match (n % 2, row["received"].is_null(), row["sent"].is_null()) {
            (0, false, true) => json!({"label": "income"}),
            (0, true, false) => json!({"label": "cost"}),
            _ => json!({"ignore": true}),
        };
        changes.push(json!({"identity": row["identity"], "set": set}));
    }
    assert!(changes.len() > 20, "{} changes", changes.len());
    say(world, &Value::Array(changes)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_segments_and_order_change_no_byte_under_many_overrides() {
    let ledger = ledger(43, 300);
    let prices = ledger.prices_csv();
    let whole = World::start(Setup::default()).await;
    whole.price(&prices).await;
    whole.ingest("all.csv", &ledger.csv()).await;
    let plain = without_places(&whole.results().await);
    say_much(&whole).await;
    let expected = without_places(&whole.results().await);
    assert_ne!(plain["disposals.jsonl"], expected["disposals.jsonl"]);
    for files in [dealt(&ledger, 3), cut(&ledger, 3)] {
        let world = World::start(Setup {
            chunk_rows: 11,
            segment_rows: 23,
            ..Setup::default()
        })
        .await;
        world.price(&prices).await;
        for (n, file) in files.iter().enumerate() {
            world.ingest(&format!("part-{n}.csv"), file).await;
        }
        say_much(&world).await;
        assert_same(
            &expected,
            &without_places(&world.results().await),
            "in parts",
        );
        let last = world.upload("part-2.csv", &files[2]).await;
        let undo = world.client.undo(&last.job_id).await.expect("an undo");
        assert!(world.end_of(&undo.job_id).await.succeeded());
        world.ingest("again.csv", &files[2]).await;
        assert_same(
            &expected,
            &without_places(&world.results().await),
            "undone and again",
        );
    }
}
