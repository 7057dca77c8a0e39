//! A function's role allows what its ports do, on what it works with, and nothing more.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::functions::{crates, known, resource_of};
use super::stack::members;
use super::{Resource, Stack, Template, assert_named};
use crate::graph::root;

/// What a port may ask of AWS.
const PORTS: [(&str, &[&str]); 8] = [
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
    (
        "Multipart",
        &[
            "s3:PutObject",
            "s3:ListMultipartUploadParts",
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:ListBucket",
        ],
    ),
    ("UploadSigner", &["s3:PutObject"]),
    ("DownloadSigner", &["s3:GetObject"]),
];
/// The ports of tables, and the table each is about.
const TABLES: [(&str, &str); 7] = [
    ("Rows", "rows"),
    ("Rejects", "rejects"),
    ("Decisions", "decisions"),
    ("Transactions", "transactions"),
    ("Disposals", "disposals"),
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
/// What the driver reads when it connects, and what tells a missing table from a missing keyspace.
const SYSTEM: [&str; 4] = [
    ":/keyspace/system/table/local",
    ":/keyspace/system/table/peers",
    ":/keyspace/system_schema/table/keyspaces",
    ":/keyspace/system_schema/table/tables",
];

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

/// A function as its role should know it.
struct Held<'a> {
    name: String,
    stack: &'a Stack,
    function: &'a Resource,
    ports: BTreeSet<String>,
}

impl Held<'_> {
    /// The queue that an ARN is of, when this function sends to it.
    fn is_sent_to(&self, arn: &str) -> bool {
        let queue = self
            .stack
            .find(arn.trim_end_matches(".Arn"), "AWS::SQS::Queue");
        let named = queue.map_or("", |queue| queue.text("QueueName"));
        let mut sends = known(&self.name).sends.iter();
        sends.any(|queue| named == format!("stack-{}", queue.name()))
    }

    fn is_source(&self, arn: &str) -> bool {
        let events = members(self.function.get("Events"));
        events
            .values()
            .any(|event| event["Properties"]["Queue"] == arn)
    }

    /// Whether its ports need this grant.
    fn needs(&self, grant: &Grant) -> bool {
        let (action, resource) = (grant.action.as_str(), grant.resource.as_str());
        let by_port = PORTS
            .iter()
            .any(|(port, actions)| self.ports.contains(*port) && actions.contains(&action));
        match action.split(':').next().unwrap_or_default() {
            "logs" => {
                let logs = self.function.text("LoggingConfig/LogGroup");
                LOGS.contains(&action) && resource == format!("{logs}.Arn")
            }
            "dynamodb" => by_port && resource == "StateTable.Arn",
            "s3" => by_port && (resource == "Bucket.Arn") == (action == "s3:ListBucket"),
            "sqs" if action == "sqs:SendMessage" => by_port && self.is_sent_to(resource),
            "sqs" => (by_port || SOURCE.contains(&action)) && self.is_source(resource),
            "cassandra" => self.needs_table(action, resource),
            _ => false,
        }
    }

    fn needs_table(&self, action: &str, resource: &str) -> bool {
        let of_port = TABLES
            .iter()
            .any(|(port, table)| self.ports.contains(*port) && resource.ends_with(&arn_of(table)));
        let of_system = SYSTEM.iter().any(|table| resource.ends_with(table));
        match action {
            "cassandra:Select" => of_port || of_system,
            "cassandra:Modify" => of_port,
            _ => false,
        }
    }

    /// What the role does not allow and should.
    fn lacks(&self, grants: &[Grant]) -> Vec<String> {
        let allows = |action: &str| grants.iter().any(|grant| grant.action == action);
        let plain = PORTS.iter().filter(|(port, actions)| {
            self.ports.contains(*port) && !actions.iter().any(|action| allows(action))
        });
        let tables = TABLES.iter().filter(|(port, table)| {
            self.ports.contains(*port)
                && !grants
                    .iter()
                    .any(|grant| grant.resource.ends_with(&arn_of(table)))
        });
        let ports = plain
            .map(|(port, _)| *port)
            .chain(tables.map(|(port, _)| *port));
        let mut lacking: Vec<String> = ports
            .map(|port| format!("what the port {port} does"))
            .collect();
        let sends = grants
            .iter()
            .filter(|grant| grant.action == "sqs:SendMessage");
        if sends.count() < known(&self.name).sends.len() {
            lacking.push("sqs:SendMessage on every queue in its config's SENDS".to_owned());
        }
        lacking
    }
}

/// How the ARN of a table ends.
fn arn_of(table: &str) -> String {
    format!(":/keyspace/millrace/table/{table}")
}

fn faults_of(role: &str, allowed: &Resource, held: &Held) -> Vec<String> {
    let mut faults = Vec::new();
    let grants = grants(allowed);
    let room = &held.name;
    for grant in &grants {
        let Grant { action, resource } = grant;
        if action.contains('*') || is_wild(resource) {
            faults.push(format!(
                "{role}: {action} on {resource} has a wildcard; name actions and resources"
            ));
        } else if !held.needs(grant) {
            faults.push(format!(
                "{role}: {action} on {resource} is more than functions/{room} does; remove it"
            ));
        }
    }
    for lacking in held.lacks(&grants) {
        faults.push(format!("{role}: allow functions/{room} {lacking}"));
    }
    if !allowed.get("ManagedPolicyArns").is_null() {
        faults.push(format!(
            "{role}: managed policies are for functions in a VPC only"
        ));
    }
    faults
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
        let held = Held {
            ports: ports_of(&name),
            stack: &stack,
            function,
            name,
        };
        faults.extend(faults_of(role, allowed, &held));
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    assert_named(&faults(broken), name, remedy);
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
    let expected = ["Clock", "Ids", "Multipart", "StateStore", "UploadSigner"].map(str::to_owned);
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
        ("PresignRole", "s3:DeleteObject", "Bucket.Arn/uploads/*"),
        ("NotifyRole", "s3:PutObject", "Bucket.Arn/exports/*"),
        ("StatusRole", "s3:DeleteObject", "Bucket.Arn/exports/*"),
        ("SplitRole", "s3:DeleteObject", "Bucket.Arn/uploads/*"),
        ("SplitRole", "sqs:SendMessage", "MetricsQueue.Arn"),
        ("SplitRole", "sqs:ReceiveMessage", "IngestQueue.Arn"),
        ("SplitRole", "dynamodb:Scan", "StateTable.Arn"),
        ("SplitRole", "dynamodb:GetItem", "OtherTable.Arn"),
        (
            "SplitRole",
            "cassandra:Select",
            "arn:aws:cassandra:eu-west-1:123456789012:/keyspace/millrace/table/rows",
        ),
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
            "is more than functions/",
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
    bites(
        &narrow,
        "ReconcileRole",
        "every queue in its config's SENDS",
    );
}
