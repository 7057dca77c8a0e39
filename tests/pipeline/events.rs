//! Every event in `events/` is one its function understands.

use std::fs;
use std::path::Path;

use aws_lambda_events::event::sqs::SqsEvent;
use domain::message::{Envelope, Queue};
use split::event::{Incoming, understand};

/// Each event's path below `events/`, with the event.
fn events() -> Vec<(String, SqsEvent)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut events = Vec::new();
    for function in fs::read_dir(root).expect("events/") {
        for scenario in fs::read_dir(function.expect("a folder").path()).expect("scenarios") {
            let path = scenario.expect("a scenario").path();
            let event = serde_json::from_slice(&fs::read(&path).expect("the file"));
            let event = event.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let parts: Vec<_> = path
                .iter()
                .rev()
                .take(2)
                .map(|part| part.to_string_lossy())
                .collect();
            events.push((format!("{}/{}", parts[1], parts[0]), event));
        }
    }
    assert!(events.len() >= 16, "{} events", events.len());
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
