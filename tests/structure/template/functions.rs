//! A function is a resource, a crate, a binary and a folder of events, all of one name, with a log
//! that does not grow for ever.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use tests::functions::{FUNCTIONS, Function};

use super::{Stack, Template, assert_named};
use crate::graph::{rooms, root};

const LOGS: &str = "AWS::Logs::LogGroup";

/// The crates that are functions.
pub(super) fn crates() -> BTreeSet<String> {
    let functions = rooms().into_iter().filter(|(_, room)| {
        let folder = room.folder.strip_prefix("functions/");
        folder.is_some_and(|folder| !folder.starts_with("shared/"))
    });
    functions.map(|(name, _)| name).collect()
}

/// What the crate of this name says about itself.
pub(super) fn known(name: &str) -> &'static Function {
    const ALL: &[Function] = &FUNCTIONS;
    let found = ALL.iter().find(|function| function.name == name);
    found.unwrap_or_else(|| panic!("add {name} to tests/shared/functions.rs"))
}

/// The resource of a crate: `SplitFunction` of `split`.
pub(super) fn resource_of(name: &str) -> String {
    known(name).resource()
}

/// The folders of `events/`.
fn event_folders() -> BTreeSet<String> {
    let folders = fs::read_dir(root().join("events")).expect("events/");
    folders
        .map(|folder| {
            folder
                .expect("a folder")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn faults(
    template: &Template,
    crates: &BTreeSet<String>,
    events: &BTreeSet<String>,
) -> Vec<String> {
    let stack = Stack::of(template, &[]);
    let mut faults = Vec::new();
    for name in crates {
        let resource = resource_of(name);
        let Some(function) = stack.find(&resource, "AWS::Serverless::Function") else {
            faults.push(format!(
                "{resource}: add it for functions/{name}, or remove the crate"
            ));
            continue;
        };
        let built = json!({"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": name}});
        if function.metadata != built {
            faults.push(format!(
                "{resource}: Metadata must build the binary {name} with rust-cargolambda"
            ));
        }
        if function.text("FunctionName") != format!("stack-{name}") {
            faults.push(format!("{resource}: FunctionName must be <stack>-{name}"));
        }
        let logs = function.text("LoggingConfig/LogGroup");
        if stack.find(logs, LOGS).is_none() {
            faults.push(format!("{resource}: LoggingConfig must name a log group of the template, or Lambda makes one that keeps everything"));
        }
    }
    for (name, _) in stack.functions() {
        if !crates.iter().any(|known| resource_of(known) == name) {
            faults.push(format!("{name}: no crate under functions/ has its name"));
        }
    }
    for (name, logs) in stack.of_kind(LOGS) {
        if logs.number("RetentionInDays").is_none() {
            faults.push(format!("{name}: set RetentionInDays"));
        }
    }
    for folder in events.difference(crates) {
        faults.push(format!("events/{folder}: no function has this name"));
    }
    for name in crates.difference(events) {
        faults.push(format!(
            "events/{name}: show an event that functions/{name} takes"
        ));
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    assert_named(&faults(broken, &crates(), &event_folders()), name, remedy);
}

#[test]
fn resources_crates_binaries_and_events_have_one_name() {
    let found = faults(&Template::read(), &crates(), &event_folders());
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_function_without_a_crate_or_a_crate_without_a_function_is_found() {
    let template = Template::read();
    bites(
        &template.without("Resources/SweepFunction"),
        "SweepFunction",
        "functions/sweep",
    );
    let renamed = template.broken("Resources", |resources| {
        resources["ReportFunction"] = resources["SweepFunction"].clone();
    });
    bites(&renamed, "ReportFunction", "no crate");
    let binary = template.broken(
        "Resources/PriceFunction/Metadata/BuildProperties",
        |build| {
            build["Binary"] = json!("split");
        },
    );
    bites(&binary, "PriceFunction", "the binary price");
    let named = template.broken("Resources/PriceFunction/Properties", |function| {
        function["FunctionName"] = json!("prices");
    });
    bites(&named, "PriceFunction", "<stack>-price");
    let mut events = event_folders();
    events.insert("gone".to_owned());
    let found = faults(&template, &crates(), &events);
    assert_eq!(found, ["events/gone: no function has this name"]);
    let few = BTreeSet::new();
    let found = faults(&template, &crates(), &few);
    assert!(
        found
            .iter()
            .any(|fault| fault.starts_with("events/split: show an event")),
        "{found:#?}"
    );
}

#[test]
fn a_log_that_grows_for_ever_is_found() {
    let template = Template::read();
    let endless = template.without("Resources/NotifyLogs/Properties/RetentionInDays");
    bites(&endless, "NotifyLogs", "RetentionInDays");
    let unnamed = template.without("Resources/NotifyFunction/Properties/LoggingConfig");
    bites(&unnamed, "NotifyFunction", "LoggingConfig");
    let gone = template.without("Resources/NotifyLogs");
    bites(&gone, "NotifyFunction", "LoggingConfig");
}
