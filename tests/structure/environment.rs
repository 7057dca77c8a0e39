//! What a function is told: all of it is asked for at once.

use std::collections::{BTreeMap, BTreeSet};

use lambda::env::Trouble;
use lambda::settings::Queues;
use tests::functions::FUNCTIONS;

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
