//! Random ledgers as files through the whole pipeline, in one process, over its HTTP API.

use std::time::{Duration, Instant};

use embedded::{Place, QueueFaults};
use millrace::stack::{Stack, StackConfig};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::results::Results;
use tests::user::{LEDGER, User};

use crate::files::{self, Records, Written};
use crate::ledger::{Entry, Ledger, Method};
use crate::random::Random;
use crate::said::Saying;
use crate::{generate, model};

/// A run stops here, if it has seen enough by then; `tests/run long` goes through many more.
const TIME_BOX: Duration = Duration::from_secs(30);
const ENOUGH: u64 = 6;
const CASES: u64 = 40;
const LONG_CASES: u64 = 400;

/// The ledger as far as its first uploads go, which are numbered in the order they come in.
fn first_uploads(ledger: &Ledger, order: &[usize], count: usize) -> Ledger {
    let place = |row: &Entry| {
        let number = order
            .iter()
            .position(|upload| *upload == row.place.0)
            .unwrap();
        (number < count).then_some((number, row.place.1))
    };
    let entries = ledger.entries.iter().filter_map(|row| {
        Some(Entry {
            place: place(row)?,
            ..row.clone()
        })
    });
    Ledger {
        entries: entries.collect(),
        ..ledger.clone()
    }
}

/// A stack whose chunks, segments, workers and queues are drawn.
async fn start(random: &mut Random) -> Stack {
    let mut config = StackConfig::new(Place::InMemory);
    config.chunk_rows = Some(random.pick(&[1, 2, 7, 1_000]));
    config.segment_rows = random.pick(&[1, 3, 10, 20_000]);
    config.workers = random.pick(&[1, 8]);
    let stack = Stack::start(config).await.unwrap();
    stack.embedded().queues.set_faults(QueueFaults {
        deliver_twice: random.percent(30),
        repeat_acknowledged: false,
        shuffle: Some(random.next()),
    });
    stack
}

async fn settle(user: &User, ledger: &Ledger) {
    let (rules, switches) = (&ledger.rules, ledger.rules.switches);
    let body = json!({
        "method": rules.method.name(),
        "base": rules.base,
        "profile": if rules.uk { "uk" } else { "us" },
        "switches": {
            "airdrop": if switches.airdrop_is_income { "income" } else { "no_income" },
            "fork": if switches.fork_is_income { "income" } else { "zero_cost" },
            "gift": if switches.gift_at_value { "at_value" } else { "no_gain" },
            "lost": if switches.lost_for_nothing { "zero_proceeds" } else { "no_gain" },
        },
        "checks": {
            "mismatch_percent": rules.mismatch_percent,
            "outlier_percent": rules.outlier_percent,
        },
        "tax_timezone": rules.zone,
        "long_term_days": rules.long_term_days,
        "matching": {
            "window_hours": rules.window_hours,
            "max_loss_percent": rules.max_loss_percent,
            "reason_hours": rules.reason_hours,
        },
    });
    let path = format!("/v1/ledgers/{LEDGER}/settings");
    let request = user.http(reqwest::Method::PUT, &path).json(&body);
    let asked = request.send().await.unwrap();
    let answer: Value = asked.error_for_status().unwrap().json().await.unwrap();
    if let Some(job) = answer["job_id"].as_str() {
        let end = user.end_of(job).await;
        assert!(end.succeeded(), "{end:?}");
    }
}

async fn one_case(seed: u64) {
    let mut random = Random(seed);
    let rows = 5 + random.below(40);
    let method = random.pick(&Method::ALL);
    let ledger = generate::ledger(method, rows, &mut random);
    let mut order: Vec<usize> = (0..3)
        .filter(|upload| ledger.entries.iter().any(|row| row.place.0 == *upload))
        .collect();
    if random.percent(50) {
        order.reverse();
    }
    let stack = start(&mut random).await;
    let user = User::of(&stack);
    settle(&user, &ledger).await;
    if !ledger.prices.is_empty() {
        user.price(&files::prices(&ledger)).await;
    }
    let mut said = Vec::new();
    for upload in 0..order.len() {
        let mut so_far = first_uploads(&ledger, &order, upload + 1);
        let file = files::upload(&so_far, upload);
        let end = user.ingest(&files::filename(upload), &file).await;
        assert_eq!(
            end.counts.rejected,
            0,
            "seed {seed}: {}",
            rejects(&user, &end.job_id).await
        );
        so_far.said.clone_from(&said);
        compare(&so_far, &user.results().await, seed);
        // Some of it waits for later uploads: nothing can be said of a row that is not there.
        for saying in &ledger.said {
            if !said.contains(saying) && say(&user, saying).await {
                said.push(saying.clone());
            }
        }
        so_far.said.clone_from(&said);
        compare(&so_far, &user.results().await, seed);
    }
    stack.stop().await;
}

/// Says something of a row; false when it is refused, because it does not fit the row.
async fn say(user: &User, (row, saying): &(String, Saying)) -> bool {
    let set = match saying {
        Saying::Label(label) => json!({ "label": label }),
        Saying::Price((amount, currency)) => {
            json!({"price": {"amount": amount.to_string(), "currency": currency}})
        }
        Saying::Ignore => json!({"ignore": true}),
        Saying::Link(other) => json!({ "link": other }),
        Saying::Unlink(other) => json!({ "unlink": other }),
    };
    let path = format!("/v1/ledgers/{LEDGER}/overrides");
    let body = json!({"changes": [{"identity": row, "set": set}]});
    let request = user.http(reqwest::Method::PUT, &path).json(&body);
    let asked = request.send().await.unwrap();
    let status = asked.status().as_u16();
    let answer: Value = asked.json().await.unwrap();
    if let Some(job) = answer["job_id"].as_str() {
        let end = user.end_of(job).await;
        assert!(end.succeeded(), "{end:?}");
    }
    assert!([200, 202, 422].contains(&status), "{status}: {answer}");
    status != 422
}

/// What was refused of an upload, in words.
async fn rejects(user: &User, job: &str) -> String {
    let path = format!("/v1/jobs/{job}/rejects");
    loop {
        let answer = user.http(reqwest::Method::GET, &path).send().await.unwrap();
        if answer.status() != StatusCode::ACCEPTED {
            return answer.text().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Holds every file of results to the model.
fn compare(ledger: &Ledger, results: &Results, seed: u64) {
    let answer = model::answer(ledger);
    let written = Written::new(ledger, &answer);
    let mut transactions = records(&results["transactions.csv"]);
    for record in &mut transactions {
        record[19] = sorted(&record[19]);
    }
    let mut issues = records(&results["issues.csv"]);
    for record in &mut issues {
        assert!(!record.remove(6).is_empty(), "an issue without words");
    }
    issues.sort();
    let files = [
        ("transactions.csv", transactions, written.transactions()),
        (
            "disposals.csv",
            records(&results["disposals.csv"]),
            written.disposals(),
        ),
        (
            "transfers.csv",
            records(&results["transfers.csv"]),
            written.transfers(),
        ),
        ("issues.csv", issues, written.issues()),
        (
            "holdings.csv",
            records(&results["holdings.csv"]),
            written.holdings(),
        ),
    ];
    for (name, file, model) in files {
        let what = format!("seed {seed}, {:#?}: {name}", ledger.rules);
        for (file, model) in file.iter().zip(&model) {
            assert_eq!(file, model, "{what}, {:#?}", ledger.entries);
        }
        assert_eq!(file.len(), model.len(), "{what}");
    }
    compare_summary(&results["summary.json"], &written, seed);
}

fn compare_summary(summary: &[u8], written: &Written<'_>, seed: u64) {
    let summary: Value = serde_json::from_slice(summary).unwrap();
    let (mut totals, mut model) = (
        summary["totals"].as_array().unwrap().clone(),
        written.totals(),
    );
    for totals in [&mut totals, &mut model] {
        let key =
            |total: &Value| ["year", "asset", "account", "kind"].map(|key| total[key].to_string());
        totals.sort_by_key(key);
    }
    for (file, model) in totals.iter().zip(&model) {
        assert_eq!(file, model, "seed {seed}");
    }
    assert_eq!(totals.len(), model.len(), "seed {seed}");
    let balances = Value::Array(written.balances());
    assert_eq!(summary["balances"], balances, "seed {seed}");
    let rows = &written.answer.rows;
    let duplicates = rows.iter().filter(|row| row.duplicate_of.is_some()).count();
    assert_eq!(summary["counts"]["transactions"], rows.len(), "seed {seed}");
    assert_eq!(summary["counts"]["duplicates"], duplicates, "seed {seed}");
    let gains = written
        .answer
        .totals
        .values()
        .map(|total| total.gain.clone());
    let gain = gains.sum::<crate::number::Number>().to_string();
    assert_eq!(summary["overall"]["gain"], gain, "seed {seed}");
}

fn records(file: &[u8]) -> Records {
    let mut reader = csv::Reader::from_reader(file);
    let records = reader.records().map(Result::unwrap);
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

fn sorted(list: &str) -> String {
    let mut parts: Vec<&str> = list.split(';').collect();
    parts.sort_unstable();
    parts.join(";")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_out_of_the_whole_pipeline_as_the_model_says() {
    let long = std::env::var_os("MILLRACE_LONG").is_some();
    let (began, mut compared) = (Instant::now(), 0);
    for seed in 1..=(if long { LONG_CASES } else { CASES }) {
        if !long && began.elapsed() > TIME_BOX && compared >= ENOUGH {
            break;
        }
        one_case(seed).await;
        compared += 1;
    }
    println!("{compared} ledgers came out as the model says");
    assert!(compared >= ENOUGH, "only {compared} ledgers were compared");
}
