//! What a function is told: all of it asked for at once, and the same in `config.rs` and in
//! `template.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use lambda::env::Trouble;
use lambda::settings::Queues;
use tests::functions::{FUNCTIONS, Function};

use crate::template::{Stack, Template};

#[test]
fn an_empty_environment_is_refused_with_every_variable_at_once() {
    for function in FUNCTIONS {
        let full = function.environment("127.0.0.1:9042");
        let (asked_of_full, error) = function.read(&full);
        assert_eq!(error, None, "{}", function.name);
        let (asked, error) = function.read(&BTreeMap::new());
        assert_eq!(asked, asked_of_full, "{} gives up too early", function.name);
        let error = error.expect("an empty environment is refused");
        let missing: BTreeSet<String> = error
            .faults
            .into_iter()
            .inspect(|fault| assert_eq!(fault.trouble, Trouble::Missing, "{fault}"))
            .map(|fault| fault.name)
            .collect();
        // What belongs to an access is asked for when the access is known.
        let login = ["USER", "PASSWORD", "TLS"].map(|part| format!("MILLRACE_CASSANDRA_{part}"));
        let required: BTreeSet<String> = full
            .into_keys()
            .filter(|name| !login.contains(name))
            .collect();
        assert_eq!(missing, required, "{}", function.name);
    }
}

#[test]
fn a_function_knows_the_url_of_every_queue_its_transitions_send_to() {
    for function in FUNCTIONS {
        let (asked, _) = function.read(&BTreeMap::new());
        for queue in function.sends {
            let variable = Queues::variable(*queue);
            assert!(asked.contains(&variable), "{}: {variable}", function.name);
        }
    }
}

/// The variables of a function in a stack, all but the one that every function reads.
fn told(stack: &Stack, function: &Function) -> BTreeMap<String, String> {
    let resource = stack
        .find(&function.resource(), "AWS::Serverless::Function")
        .unwrap_or_else(|| panic!("{} is deployed", function.name));
    let variables = resource.get("Environment/Variables").as_object();
    let ours = variables.expect("variables").iter();
    ours.filter(|(name, _)| *name != "MILLRACE_LOG")
        .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
        .collect()
}

/// What is wrong with the environments of a stack. A reference to a resource is its name there, so
/// that an odd value says nothing.
fn faults(template: &Template, parameters: &[(&str, &str)]) -> Vec<String> {
    let stack = Stack::of(template, parameters);
    let mut found = Vec::new();
    for function in FUNCTIONS {
        let error = function.read(&told(&stack, &function)).1;
        let faults = error.map(|error| error.faults).unwrap_or_default();
        let faults = faults
            .into_iter()
            .filter(|fault| fault.trouble != Trouble::Odd);
        found.extend(faults.map(|fault| format!("{}: {fault}", function.name)));
    }
    found
}

#[test]
fn the_template_tells_each_function_what_its_config_asks_for_and_nothing_else() {
    let template = Template::read();
    let own = [
        ("CassandraMode", "own"),
        ("CassandraContactPoints", "10.0.0.1:9042"),
        ("ChunkRows", "500"),
        ("SegmentRows", "500"),
    ];
    let login = [
        ("CassandraUser", "millrace"),
        ("CassandraPassword", "s3cret"),
    ];
    let open = [("CassandraAccess", "open")];
    let stacks: [Vec<(&str, &str)>; 3] = [
        Vec::new(),
        own.into_iter().chain(login).collect(),
        own.into_iter().chain(open).collect(),
    ];
    for parameters in stacks {
        let found = faults(&template, &parameters);
        assert_eq!(found, Vec::<String>::new(), "{parameters:?}");
    }
}

#[test]
fn a_variable_that_config_does_not_know_and_one_that_is_not_told_are_found() {
    let template = Template::read();
    let path = "Resources/PresignFunction/Properties/Environment/Variables";
    let typo = template.broken(path, |variables| {
        let variables = variables.as_object_mut().expect("variables");
        let bucket = variables.remove("MILLRACE_BUCKET").expect("the bucket");
        variables.insert("MILLRACE_BUKET".to_owned(), bucket);
    });
    let found = faults(&typo, &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("presign: MILLRACE_BUCKET is missing"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("presign: MILLRACE_BUKET is not expected"),
        "{found:?}"
    );
}
