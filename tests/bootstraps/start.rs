//! How a bootstrap starts: from a good environment to its first `/next`, and from a bad one to an
//! end that names every fault.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::functions::Function;
use tests::lambda_api::{LambdaApi, Said};
use tests::running::Running;

use crate::process::Bootstrap;
use crate::table::Table;
use crate::{tables, trial};

/// Longer than any start takes; Lambda itself gives a start ten seconds.
const LONGEST: Duration = Duration::from_secs(20);

pub(crate) fn trials(
    function: Function,
    binary: &Path,
    table: &Arc<Table>,
    running: &Arc<Running>,
) -> Vec<Trial> {
    let refusing = binary.to_owned();
    let (starting, table, running) = (binary.to_owned(), Arc::clone(table), Arc::clone(running));
    let name = function.name;
    vec![
        trial(
            format!("{name}::refuses_an_environment_with_every_fault"),
            move || {
                refuses(function, &refusing);
            },
        ),
        trial(format!("{name}::asks_for_its_first_event"), move || {
            let variables = environment(function, &running);
            let api = LambdaApi::start(Vec::new());
            let mut bootstrap = Bootstrap::start(&starting, api.address(), &variables);
            let Some((at, Said::Next)) = api.wait(LONGEST) else {
                panic!("it asked for no event: {}", bootstrap.log());
            };
            table.started(name, (at - bootstrap.started).as_millis());
        }),
    ]
}

/// A good environment; with a Cassandra that answers, if the function has tables.
fn environment(function: Function, running: &Running) -> BTreeMap<String, String> {
    let plain = function.environment("127.0.0.1:9");
    if plain.contains_key("MILLRACE_CASSANDRA_KEYSPACE") {
        function.environment(tables::opened(running))
    } else {
        plain
    }
}

/// Everything is missing or odd: one line of the log names all of it, without a value.
fn refuses(function: Function, binary: &Path) {
    let odd = [
        ("MILLRACE_STATE_TABLE", "s3cret table"),
        ("MILLRACE_LOG", "s3cret"),
        ("MILLRACE_TYPO", "s3cret"),
    ];
    let odd: BTreeMap<String, String> = odd
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let (_, error) = function.read(&odd);
    let expected = error.expect("it is refused").faults;
    let api = LambdaApi::start(Vec::new());
    let bootstrap = Bootstrap::start(binary, api.address(), &odd);
    let (status, log) = bootstrap.end(LONGEST);
    assert_eq!(status.code(), Some(1), "{log}");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(lines[0]["level"], "ERROR");
    let cause = lines[0]["cause"].as_str().expect("a cause");
    let names = expected.iter().map(|fault| fault.name.as_str());
    for name in names.chain(["MILLRACE_STATE_TABLE", "MILLRACE_TYPO", "MILLRACE_LOG"]) {
        assert!(cause.contains(name), "{name} is not in: {cause}");
    }
    assert!(!log.contains("s3cret"), "{log}");
    assert!(api.wait(Duration::ZERO).is_none(), "it asked for an event");
}

/// A bootstrap answers events of API Gateway, without any server behind it.
pub(crate) fn answering(presign: &Path) -> Vec<Trial> {
    let presign = presign.to_owned();
    vec![trial(
        "presign::answers_http_api_events".to_owned(),
        move || {
            let event = |name: &str| -> Value {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/presign");
                let text = std::fs::read_to_string(path.join(name)).expect("the event");
                serde_json::from_str(&text).expect("JSON")
            };
            let mut without_fields = event("upload.json");
            without_fields["body"] = json!("{}");
            let events = vec![
                event("no-claims.json").to_string(),
                without_fields.to_string(),
            ];
            let api = LambdaApi::start(events);
            let function = tests::functions::FUNCTIONS[0];
            let variables = function.environment("127.0.0.1:9");
            let mut bootstrap = Bootstrap::start(&presign, api.address(), &variables);
            for (status, code) in [(401, "unauthenticated"), (400, "invalid_request")] {
                let Some((_, Said::Next)) = api.wait(LONGEST) else {
                    panic!("it asked for no event: {}", bootstrap.log());
                };
                let Some((_, Said::Response(answer))) = api.wait(LONGEST) else {
                    panic!("it did not answer: {}", bootstrap.log());
                };
                let answer: Value = serde_json::from_str(&answer).expect("JSON");
                assert_eq!(answer["statusCode"], status, "{answer}");
                let problem: Value =
                    serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
                assert_eq!(problem["code"], code, "{answer}");
                assert_eq!(problem["request_id"], "JKJaXmPLvHcESHA=");
            }
        },
    )]
}
