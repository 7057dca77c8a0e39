//! Every event in `events/` is one its function understands.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use domain::message::{Envelope, Queue};
use split::event::{Incoming, understand};

/// Functions whose events are API Gateway's.
pub(crate) const HTTP_FUNCTIONS: [&str; 3] = ["presign", "status", "ledger"];
/// Functions whose events are a schedule's.
const SCHEDULED: [&str; 1] = ["sweep"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// The files of a function's events.
pub(crate) fn scenarios(function: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(root().join(function)).expect("scenarios");
    let files = files.map(|file| file.expect("a scenario").path());
    files.collect()
}

/// A file as an event of the type its function takes.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let event = serde_json::from_slice(&fs::read(path).expect("the file"));
    event.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Each queue event's path below `events/`, with the event.
fn events() -> Vec<(String, SqsEvent)> {
    let mut events = Vec::new();
    for function in fs::read_dir(root()).expect("events/") {
        let folder = function.expect("a folder").path();
        let name = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if HTTP_FUNCTIONS.contains(&&*name) || SCHEDULED.contains(&&*name) {
            continue;
        }
        for path in scenarios(&name) {
            let scenario = path.file_name().expect("a name").to_string_lossy();
            events.push((format!("{name}/{scenario}"), parse(&path)));
        }
    }
    assert!(events.len() >= 18, "{} events", events.len());
    events
}

#[test]
fn every_queue_event_is_of_the_real_type_and_its_body_is_understood() {
    for (path, event) in events() {
        let function = path.split('/').next().unwrap_or_default();
        assert_eq!(event.records.len(), 1, "{path}");
        for message in event.records {
            let body = message.body.unwrap_or_default();
            let source = message.event_source_arn.unwrap_or_default();
            match function {
                "failure" => assert!(source.ends_with("-dlq"), "{path}: {source}"),
                "split" => {
                    let understood =
                        understand(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
                    let nothing = matches!(understood, Incoming::Nothing(_));
                    assert_eq!(nothing, path == "split/test-event.json", "{path}");
                }
                queue => {
                    Envelope::parse(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
                    assert!(source.ends_with(&format!(":{queue}")), "{path}: {source}");
                    assert!(
                        Queue::ALL.iter().any(|known| known.name() == queue),
                        "{path}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_scheduled_event_is_of_the_real_type() {
    let mut events = 0;
    for path in scenarios("sweep") {
        let event: EventBridgeEvent<serde_json::Value> = parse(&path);
        assert_eq!(event.source, "aws.events", "{}", path.display());
        events += 1;
    }
    assert_eq!(events, 1);
}
