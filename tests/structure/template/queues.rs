//! Queues and what takes from them.

use std::collections::BTreeMap;

use domain::limits::MAX_RECEIVES;
use domain::message::Queue;
use serde_json::{Value, json};

use super::stack::members;
use super::{Resource, Stack, Template};

const QUEUE: &str = "AWS::SQS::Queue";
/// Seconds a queue keeps messages when it is not told.
const DEFAULT_RETENTION: i64 = 345_600;
/// Messages SQS hands out at once without waiting for more.
const MAX_BATCH: i64 = 10;

/// A function that takes from a queue.
#[derive(Debug)]
struct Source<'a> {
    function: &'a str,
    event: String,
    queue: String,
    timeout: i64,
    properties: Value,
}

fn sources(stack: &Stack) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    for (function, resource) in stack.functions() {
        for (event, written) in members(resource.get("Events")) {
            if written["Type"] != "SQS" {
                continue;
            }
            let arn = written["Properties"]["Queue"].as_str().unwrap_or_default();
            found.push(Source {
                function,
                event,
                queue: arn.trim_end_matches(".Arn").to_owned(),
                timeout: resource.number("Timeout").unwrap_or(3),
                properties: written["Properties"].clone(),
            });
        }
    }
    found
}

/// What is wrong with how functions take from queues.
fn faults_of_sources(stack: &Stack) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources(stack) {
        let name = format!("{}, event {}", source.function, source.event);
        let Some(queue) = stack.find(&source.queue, QUEUE) else {
            faults.push(format!(
                "{name}: {} is no queue of the template",
                source.queue
            ));
            continue;
        };
        let number = |property: &str| source.properties[property].as_i64();
        let window = number("MaximumBatchingWindowInSeconds").unwrap_or(0);
        let least = 6 * source.timeout + window;
        let visibility = queue.number("VisibilityTimeout").unwrap_or(30);
        if visibility < least {
            faults.push(format!(
                "{}: VisibilityTimeout is {visibility} s; set at least {least}: six times the Timeout of {}, and its batching window",
                source.queue, source.function
            ));
        }
        if number("BatchSize").unwrap_or(MAX_BATCH) > MAX_BATCH && window == 0 {
            faults.push(format!(
                "{name}: a BatchSize above {MAX_BATCH} needs MaximumBatchingWindowInSeconds of 1 or more"
            ));
        }
        if source.properties["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]) {
            faults.push(format!(
                "{name}: set FunctionResponseTypes to [ReportBatchItemFailures], or one bad message repeats its whole batch"
            ));
        }
        let most = source.properties["ScalingConfig"]["MaximumConcurrency"].as_i64();
        if !most.is_some_and(|most| (2..=1_000).contains(&most)) {
            faults.push(format!(
                "{name}: set ScalingConfig.MaximumConcurrency, 2 to 1000: it protects what is downstream"
            ));
        }
    }
    faults
}

/// The queues messages die into, with the queue they come from.
fn dead_letters(stack: &Stack) -> BTreeMap<String, &str> {
    let live = stack.of_kind(QUEUE);
    live.filter_map(|(name, queue)| Some((target(queue)?, name)))
        .collect()
}

fn target(queue: &Resource) -> Option<String> {
    let arn = queue.get("RedrivePolicy/deadLetterTargetArn").as_str()?;
    Some(arn.trim_end_matches(".Arn").to_owned())
}

/// Queues that take what EventBridge cannot deliver.
fn undelivered(stack: &Stack) -> Vec<String> {
    let rules = stack.of_kind("AWS::Events::Rule");
    rules
        .flat_map(|(_, rule)| rule.get("Targets").as_array().cloned().unwrap_or_default())
        .filter_map(|to| {
            Some(
                to["DeadLetterConfig"]["Arn"]
                    .as_str()?
                    .trim_end_matches(".Arn")
                    .to_owned(),
            )
        })
        .collect()
}

/// What is wrong with where messages die.
fn faults_of_dead_letters(stack: &Stack) -> Vec<String> {
    let mut faults = Vec::new();
    let dead = dead_letters(stack);
    let undelivered = undelivered(stack);
    let kept = |queue: &Resource| {
        queue
            .number("MessageRetentionPeriod")
            .unwrap_or(DEFAULT_RETENTION)
    };
    let taken_by_failure: Vec<String> = sources(stack)
        .into_iter()
        .filter(|source| source.function == "FailureFunction")
        .map(|source| source.queue)
        .collect();
    for (name, queue) in stack.of_kind(QUEUE) {
        if dead.contains_key(name) || undelivered.iter().any(|held| held == name) {
            continue;
        }
        let Some((dead, letters)) =
            target(queue).and_then(|dead| Some((dead.clone(), stack.find(&dead, QUEUE)?)))
        else {
            faults.push(format!(
                "{name}: give it a RedrivePolicy to a dead-letter queue of its own"
            ));
            continue;
        };
        let receives = queue.number("RedrivePolicy/maxReceiveCount");
        if receives != Some(i64::from(MAX_RECEIVES)) {
            faults.push(format!(
                "{name}: maxReceiveCount must be {MAX_RECEIVES}, as limits::MAX_RECEIVES says"
            ));
        }
        if kept(letters) <= kept(queue) {
            faults.push(format!(
                "{dead}: MessageRetentionPeriod must be longer than that of {name}: a dead letter keeps its age"
            ));
        }
        if letters.text("QueueName") != format!("{}-dlq", queue.text("QueueName")) {
            faults.push(format!(
                "{dead}: QueueName must be that of {name} and -dlq: `failure` knows it by that"
            ));
        }
        if !taken_by_failure.contains(&dead) {
            faults.push(format!("{dead}: make it an event source of FailureFunction, or its letters are never recorded"));
        }
    }
    faults
}

/// What is wrong with which queues there are.
fn faults_of_names(stack: &Stack) -> Vec<String> {
    let mut faults = Vec::new();
    for queue in Queue::ALL {
        let named = format!("stack-{}", queue.name());
        let found = stack
            .of_kind(QUEUE)
            .find(|(_, held)| held.text("QueueName") == named);
        let Some((name, _)) = found else {
            faults.push(format!(
                "no queue is called <stack>-{0}; the code sends to {0}",
                queue.name()
            ));
            continue;
        };
        if !sources(stack).iter().any(|source| source.queue == name) {
            faults.push(format!(
                "{name}: make it an event source of the function that works it off"
            ));
        }
    }
    faults
}

fn faults(template: &Template) -> Vec<String> {
    let stack = Stack::of(template, &[]);
    let mut faults = faults_of_sources(&stack);
    faults.extend(faults_of_dead_letters(&stack));
    faults.extend(faults_of_names(&stack));
    faults
}

/// The copy has a fault that names this and says that.
fn bites(broken: &Template, name: &str, remedy: &str) {
    let found = faults(broken);
    let named = |fault: &String| fault.contains(name) && fault.contains(remedy);
    assert!(found.iter().any(named), "{name}, {remedy}: {found:#?}");
}

#[test]
fn queues_and_their_sources_are_in_order() {
    assert_eq!(faults(&Template::read()), Vec::<String>::new());
}

#[test]
fn a_message_must_stay_hidden_while_it_is_worked_on() {
    let template = Template::read();
    let short = template.broken("Resources/SplitQueue/Properties", |queue| {
        queue["VisibilityTimeout"] = json!(1_799);
    });
    bites(&short, "SplitQueue", "at least 1800");
    let slow = template.broken("Resources/IngestFunction/Properties", |function| {
        function["Timeout"] = json!(900);
    });
    bites(&slow, "IngestQueue", "at least 5400");
    let window = template.broken(
        "Resources/PriceFunction/Properties/Events/Price/Properties",
        |event| {
            event["MaximumBatchingWindowInSeconds"] = json!(20);
        },
    );
    bites(&window, "PriceQueue", "at least 740");
}

#[test]
fn a_large_batch_needs_a_window() {
    let event = "Resources/FailureFunction/Properties/Events/Ingest/Properties";
    let large = Template::read().broken(event, |event| event["BatchSize"] = json!(11));
    bites(
        &large,
        "FailureFunction, event Ingest",
        "MaximumBatchingWindowInSeconds",
    );
}

#[test]
fn a_source_reports_failures_one_by_one_and_has_a_bound() {
    let event = "Resources/MetricsFunction/Properties/Events/Metrics/Properties";
    let template = Template::read();
    let whole = template.without(&format!("{event}/FunctionResponseTypes"));
    bites(
        &whole,
        "MetricsFunction, event Metrics",
        "ReportBatchItemFailures",
    );
    let unbounded = template.without(&format!("{event}/ScalingConfig"));
    bites(
        &unbounded,
        "MetricsFunction, event Metrics",
        "MaximumConcurrency",
    );
    let one = template.broken("Mappings/Concurrency/small", |small| {
        small["metrics"] = json!(1)
    });
    bites(&one, "MetricsFunction, event Metrics", "MaximumConcurrency");
}

#[test]
fn every_queue_has_a_dead_letter_queue_that_is_read() {
    let template = Template::read();
    let none = template.without("Resources/ExportQueue/Properties/RedrivePolicy");
    bites(&none, "ExportQueue", "RedrivePolicy");
    let elsewhere = template.without("Resources/ExportDeadLetters");
    bites(&elsewhere, "ExportQueue", "RedrivePolicy");
    let seldom = template.broken("Resources/PriceQueue/Properties/RedrivePolicy", |redrive| {
        redrive["maxReceiveCount"] = json!(3);
    });
    bites(&seldom, "PriceQueue", "maxReceiveCount must be 5");
    let forgetful = template.broken("Resources/IngestDeadLetters/Properties", |letters| {
        letters["MessageRetentionPeriod"] = json!(345_600);
    });
    bites(
        &forgetful,
        "IngestDeadLetters",
        "longer than that of IngestQueue",
    );
    let misnamed = template.broken("Resources/IngestDeadLetters/Properties", |letters| {
        letters["QueueName"] = json!("stack-ingest-dead");
    });
    bites(&misnamed, "IngestDeadLetters", "-dlq");
    let unread = template.without("Resources/FailureFunction/Properties/Events/Split");
    bites(
        &unread,
        "SplitDeadLetters",
        "event source of FailureFunction",
    );
}

#[test]
fn every_queue_of_the_code_is_there_and_worked_off() {
    let template = Template::read();
    let gone = template.without("Resources/ReconcileQueue");
    bites(&gone, "<stack>-reconcile", "the code sends to reconcile");
    bites(
        &gone,
        "ReconcileFunction, event Reconcile",
        "no queue of the template",
    );
    let idle = template.without("Resources/ReconcileFunction/Properties/Events");
    bites(&idle, "ReconcileQueue", "the function that works it off");
}
