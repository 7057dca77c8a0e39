//! The template tells each function what its `config.rs` reads: nothing is missing, nothing is left
//! over, and a queue's URL is that of the queue the variable names.

use std::collections::BTreeMap;

use domain::message::Queue;
use lambda::env::{Env, Trouble};
use lambda::settings::Queues;
use lambda::telemetry::read_level;
use serde_json::{Value, json};
use tests::functions::{FUNCTIONS, Function};

use super::stack::members;
use super::{Resource, Stack, Template, assert_named};

/// Parameters under which a function is told different things.
const CASES: [&[(&str, &str)]; 4] = [
    &[],
    &[
        ("ChunkRows", "10"),
        ("SegmentRows", "10"),
        ("SinglePutBytes", "10"),
    ],
    &[
        ("CassandraMode", "own"),
        ("CassandraContactPoints", "10.0.0.1:9042"),
        ("CassandraAccess", "open"),
        ("CassandraTls", "off"),
    ],
    &[
        ("CassandraMode", "own"),
        ("CassandraContactPoints", "10.0.0.1:9042,10.0.0.2:9042"),
        ("CassandraUser", "millrace"),
        ("CassandraPassword", "secret"),
    ],
];

fn faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    for case in CASES {
        let stack = Stack::of(template, case);
        for known in &FUNCTIONS {
            let resource = known.resource();
            if let Some(function) = stack.resources.get(&resource) {
                let found = faults_of(&stack, function, known).into_iter();
                faults.extend(found.map(|fault| format!("{resource}: {fault} (with {case:?})")));
            }
        }
    }
    faults
}

fn faults_of(stack: &Stack, function: &Resource, known: &Function) -> Vec<String> {
    let mut faults = Vec::new();
    let mut variables = BTreeMap::new();
    for (name, value) in members(function.get("Environment/Variables")) {
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let queue = stack.find(&text, "AWS::SQS::Queue");
        let named = queue.map(|queue| queue.text("QueueName").to_owned());
        let mut queues = Queue::ALL.into_iter();
        let meant = queues.find(|queue| Queues::variable(*queue) == name);
        let meant = meant.map(|queue| format!("stack-{}", queue.name()));
        if named != meant {
            let meant = meant.as_deref().unwrap_or("no queue");
            faults.push(format!("{name} must be the URL of {meant}"));
        }
        let url =
            named.map(|queue| format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{queue}"));
        variables.insert(name, url.unwrap_or(text));
    }
    let level = variables.remove_entry("MILLRACE_LOG");
    let mut log = Env::new(level);
    read_level(&mut log);
    let errors = [log.finish().err(), known.read(&variables).1];
    for fault in errors.into_iter().flatten().flat_map(|error| error.faults) {
        let remedy = match fault.trouble {
            Trouble::Unknown => "remove it from Environment",
            Trouble::Missing => "add it to Environment",
            Trouble::Empty | Trouble::Odd => "correct it in Environment",
        };
        faults.push(format!("{fault}; {remedy}"));
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    assert_named(&faults(broken), name, remedy);
}

#[test]
fn each_function_is_told_what_it_reads() {
    assert_eq!(faults(&Template::read()), Vec::<String>::new());
}

#[test]
fn what_a_function_does_not_know_or_lacks_is_found() {
    let template = Template::read();
    let variables =
        |function: &str| format!("Resources/{function}/Properties/Environment/Variables");
    let more = template.broken(&variables("SplitFunction"), |told| {
        told["MILLRACE_BUKET"] = json!("b")
    });
    bites(&more, "SplitFunction", "MILLRACE_BUKET is not expected");
    let everywhere = template.broken("Globals/Function/Environment/Variables", |told| {
        told["MILLRACE_BUCKET"] = json!("b");
    });
    bites(
        &everywhere,
        "NotifyFunction",
        "MILLRACE_BUCKET is not expected",
    );
    for (function, name) in [
        ("IngestFunction", "MILLRACE_BUCKET"),
        ("PresignFunction", "MILLRACE_STATE_TABLE"),
        ("SweepFunction", "MILLRACE_QUEUE_NOTIFY_URL"),
        ("LedgerFunction", "MILLRACE_CASSANDRA_KEYSPACE"),
        ("ExportFunction", "MILLRACE_CASSANDRA_PASSWORD"),
    ] {
        let less = template.without(&format!("{}/{name}", variables(function)));
        bites(&less, function, &format!("{name} is missing"));
    }
}

#[test]
fn what_is_told_wrongly_is_found() {
    let template = Template::read();
    let variables =
        |function: &str| format!("Resources/{function}/Properties/Environment/Variables");
    let swapped = template.broken(&variables("IngestFunction"), |told| {
        told["MILLRACE_QUEUE_PRICE_URL"] = json!({"Ref": "IngestQueue"});
    });
    bites(
        &swapped,
        "IngestFunction",
        "MILLRACE_QUEUE_PRICE_URL must be the URL of stack-price",
    );
    let always = template.broken(&variables("PriceFunction"), |told| {
        told["MILLRACE_CASSANDRA_TLS"] = json!({"Ref": "CassandraTls"});
    });
    bites(
        &always,
        "PriceFunction",
        "MILLRACE_CASSANDRA_TLS is not expected: Keyspaces is always asked over TLS",
    );
    let level = template.broken("Globals/Function/Environment/Variables", |told| {
        told["MILLRACE_LOG"] = json!("loud");
    });
    bites(&level, "SweepFunction", "MILLRACE_LOG is odd");
}
