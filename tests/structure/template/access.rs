//! A function's role allows what its ports do, on what it works with, and nothing more.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::functions::{crates, resource_of};
use super::stack::members;
use super::{Resource, Stack, Template};
use crate::graph::root;

/// What a port may ask of AWS.
const PORTS: [(&str, &[&str]); 7] = [
    (
        "StateStore",
        &[
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:ConditionCheckItem",
        ],
    ),
    ("DoneSets", &["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ("Sender", &["sqs:SendMessage"]),
    ("Postponer", &["sqs:ChangeMessageVisibility"]),
    (
        "Objects",
        &[
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:PutObject",
            "s3:AbortMultipartUpload",
            "s3:ListBucket",
        ],
    ),
    ("UploadSigner", &["s3:PutObject"]),
    ("DownloadSigner", &["s3:GetObject"]),
];
/// The ports of tables, and the table each is about.
const TABLES: [(&str, &str); 6] = [
    ("Rows", "rows"),
    ("Rejects", "rejects"),
    ("Decisions", "decisions"),
    ("Transactions", "transactions"),
    ("Summaries", "summaries"),
    ("LedgerPrices", "ledger_prices"),
];
/// What an event source asks in the function's name.
const SOURCE: [&str; 3] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
];
/// What Lambda asks in the function's name.
const LOGS: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];
/// What keys of objects begin with (`domain::keys`).
const PREFIXES: [&str; 5] = ["uploads", "jobs", "turns", "blocks", "exports"];
/// Tables every driver reads when it connects.
const SYSTEM: &str = ":/keyspace/system";

/// One action that a role allows on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    action: String,
    resource: String,
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn grants(role: &Resource) -> Vec<Grant> {
    let policies = role.get("Policies").as_array().cloned().unwrap_or_default();
    let statements = policies
        .iter()
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().cloned())
        .flatten();
    let mut grants = Vec::new();
    for statement in statements.filter(|statement| statement["Effect"] == "Allow") {
        for action in texts(&statement["Action"]) {
            let on = texts(&statement["Resource"]).into_iter();
            grants.extend(on.map(|resource| Grant {
                action: action.clone(),
                resource,
            }));
        }
    }
    grants
}

/// The ports in a function's `Deps`, or, where a schedule calls the step, in the step's signature.
fn ports_of(name: &str) -> BTreeSet<String> {
    let source =
        |file: &str| fs::read_to_string(root().join(format!("functions/{name}/src/{file}")));
    let source = source("handler.rs")
        .or_else(|_| source("lib.rs"))
        .expect("a source");
    let source = match source.split_once("pub struct Deps {") {
        Some((_, deps)) => deps.split('}').next().unwrap_or_default().to_owned(),
        None => source,
    };
    let named = source.split("dyn ").skip(1);
    named
        .map(|rest| {
            rest.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect()
        })
        .collect()
}

/// Whether a resource's name is a pattern where it must be a name: only the rest of an object's key
/// and a log stream may be anything.
fn is_wild(resource: &str) -> bool {
    let prefixed = PREFIXES
        .iter()
        .any(|prefix| resource == format!("Bucket.Arn/{prefix}/*"));
    resource.contains(['*', '?']) && !prefixed
}

/// Whether these ports need this grant.
fn is_needed(grant: &Grant, ports: &BTreeSet<String>, stack: &Stack, function: &Resource) -> bool {
    let (action, resource) = (grant.action.as_str(), grant.resource.as_str());
    let by_port = PORTS
        .iter()
        .any(|(port, actions)| ports.contains(*port) && actions.contains(&action));
    let queue_of = |variable: &str| {
        let variables = members(function.get("Environment/Variables"));
        let urls = variables.into_iter();
        urls.filter(|(name, _)| name.starts_with(variable))
            .filter_map(|(_, url)| Some(format!("{}.Arn", url.as_str()?)))
            .any(|arn| arn == resource)
    };
    let is_source = || {
        let events = members(function.get("Events"));
        events
            .values()
            .any(|event| event["Properties"]["Queue"] == resource)
    };
    match action.split(':').next().unwrap_or_default() {
        "logs" => {
            LOGS.contains(&action)
                && resource == format!("{}.Arn", function.text("LoggingConfig/LogGroup"))
        }
        "dynamodb" => {
            by_port
                && stack
                    .find(resource.trim_end_matches(".Arn"), "AWS::DynamoDB::Table")
                    .is_some()
        }
        "s3" => by_port && (resource == "Bucket.Arn") == (action == "s3:ListBucket"),
        "sqs" if action == "sqs:SendMessage" => by_port && queue_of("MILLRACE_QUEUE_"),
        "sqs" => (by_port || SOURCE.contains(&action)) && is_source(),
        "cassandra" => {
            let table = |(port, table): &(&str, &str)| {
                ports.contains(*port)
                    && resource.ends_with(&format!(":/keyspace/millrace/table/{table}"))
            };
            let system = action == "cassandra:Select" && resource.contains(SYSTEM);
            ["cassandra:Select", "cassandra:Modify"].contains(&action)
                && (system || TABLES.iter().any(table))
        }
        _ => false,
    }
}

/// Ports for which the role allows nothing.
fn unserved(grants: &[Grant], ports: &BTreeSet<String>) -> Vec<String> {
    let allows = |action: &str| grants.iter().any(|grant| grant.action == action);
    let plain = PORTS.iter().filter(|(port, actions)| {
        ports.contains(*port) && !actions.iter().any(|action| allows(action))
    });
    let tables = TABLES.iter().filter(|(port, table)| {
        let suffix = format!(":/keyspace/millrace/table/{table}");
        ports.contains(*port) && !grants.iter().any(|grant| grant.resource.ends_with(&suffix))
    });
    let names = plain
        .map(|(port, _)| *port)
        .chain(tables.map(|(port, _)| *port));
    names.map(str::to_owned).collect()
}

fn faults(template: &Template) -> Vec<String> {
    let stack = Stack::of(template, &[]);
    let mut faults = Vec::new();
    for name in crates() {
        let resource = resource_of(&name);
        let Some(function) = stack.find(&resource, "AWS::Serverless::Function") else {
            continue;
        };
        let role = function.text("Role").trim_end_matches(".Arn");
        let Some(allowed) = stack.find(role, "AWS::IAM::Role") else {
            faults.push(format!("{resource}: name a role of the template: those SAM makes allow every queue and log group"));
            continue;
        };
        let (ports, grants) = (ports_of(&name), grants(allowed));
        if ports.is_empty() {
            continue;
        }
        for grant in &grants {
            let Grant { action, resource } = grant;
            if action.contains('*') || is_wild(resource) {
                faults.push(format!(
                    "{role}: {action} on {resource} has a wildcard; name actions and resources"
                ));
            } else if !is_needed(grant, &ports, &stack, function) {
                faults.push(format!("{role}: {action} on {resource} is more than the ports of functions/{name} do; remove it"));
            }
        }
        for port in unserved(&grants, &ports) {
            faults.push(format!(
                "{role}: allow what the port {port} of functions/{name} does"
            ));
        }
        if !allowed.get("ManagedPolicyArns").is_null() {
            faults.push(format!(
                "{role}: managed policies are for functions in a VPC only"
            ));
        }
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    let found = faults(broken);
    let named = |fault: &String| fault.starts_with(name) && fault.contains(remedy);
    assert!(found.iter().any(named), "{name}, {remedy}: {found:#?}");
}

/// The template with one more statement in a role.
fn allowing(role: &str, action: &str, resource: &str) -> Template {
    let statements = format!("Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
    Template::read().broken(&statements, |statements| {
        let statement =
            serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource});
        statements
            .as_array_mut()
            .expect("statements")
            .push(statement);
    })
}

#[test]
fn roles_allow_what_the_ports_do() {
    assert_eq!(faults(&Template::read()), Vec::<String>::new());
}

#[test]
fn ports_are_read_from_deps_and_from_a_step() {
    let expected = ["Clock", "Ids", "StateStore", "UploadSigner"].map(str::to_owned);
    assert_eq!(ports_of("presign"), BTreeSet::from(expected));
    assert!(
        ports_of("sweep").contains("Objects"),
        "{:?}",
        ports_of("sweep")
    );
}

#[test]
fn a_wildcard_is_found() {
    for (action, resource) in [
        ("s3:*", "Bucket.Arn/uploads/*"),
        ("s3:GetObject", "*"),
        ("s3:GetObject", "Bucket.Arn/*"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:*"),
        (
            "cassandra:Select",
            "arn:aws:cassandra:eu-west-1:123456789012:/keyspace/*",
        ),
    ] {
        bites(
            &allowing("SplitRole", action, resource),
            "SplitRole",
            "has a wildcard",
        );
    }
}

#[test]
fn more_than_the_ports_do_is_found() {
    for (role, action, resource) in [
        ("PresignRole", "s3:GetObject", "Bucket.Arn/uploads/*"),
        ("StatusRole", "s3:PutObject", "Bucket.Arn/exports/*"),
        ("SplitRole", "s3:DeleteObject", "Bucket.Arn/uploads/*"),
        ("SplitRole", "sqs:SendMessage", "MetricsQueue.Arn"),
        ("SplitRole", "sqs:ReceiveMessage", "IngestQueue.Arn"),
        ("SplitRole", "dynamodb:Scan", "StateTable.Arn"),
        ("SplitRole", "dynamodb:GetItem", "OtherTable.Arn"),
        ("SplitRole", "logs:PutLogEvents", "IngestLogs.Arn"),
        ("SplitRole", "kms:Decrypt", "Key.Arn"),
        (
            "ExportRole",
            "cassandra:Select",
            "arn:aws:cassandra:eu-west-1:123456789012:/keyspace/millrace/table/rows",
        ),
        (
            "IngestRole",
            "cassandra:Drop",
            "arn:aws:cassandra:eu-west-1:123456789012:/keyspace/millrace/table/rows",
        ),
        (
            "IngestRole",
            "cassandra:Modify",
            "arn:aws:cassandra:eu-west-1:123456789012:/keyspace/system/table/local",
        ),
    ] {
        bites(
            &allowing(role, action, resource),
            role,
            "is more than the ports",
        );
    }
}

#[test]
fn a_role_that_is_missing_managed_or_too_narrow_is_found() {
    let template = Template::read();
    let made = template.without("Resources/SplitFunction/Properties/Role");
    bites(&made, "SplitFunction", "name a role");
    let managed = template.broken("Resources/SplitRole/Properties", |role| {
        role["ManagedPolicyArns"] =
            serde_json::json!(["arn:aws:iam::aws:policy/AdministratorAccess"]);
    });
    bites(&managed, "SplitRole", "managed policies");
    let narrow = template.broken(
        "Resources/ReconcileRole/Properties/Policies/0/PolicyDocument",
        |policy| {
            policy["Statement"] = serde_json::json!([]);
        },
    );
    for port in ["StateStore", "Objects", "Sender", "Rows", "Decisions"] {
        bites(&narrow, "ReconcileRole", &format!("the port {port}"));
    }
}
