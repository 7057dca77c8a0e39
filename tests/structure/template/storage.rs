//! The bucket, its events, and that data outlives the stack when it should.

use domain::ids::LedgerRef;
use domain::keys;
use serde_json::{Value, json};

use super::{Stack, Template, assert_named};

/// Types that hold what cannot be computed again.
const DATA: [&str; 5] = [
    "AWS::Cassandra::Keyspace",
    "AWS::Cassandra::Table",
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
];

/// The bucket of the page's files; the other one holds data.
const PAGE: &str = "PageBucket";

/// What every key of an upload begins with.
fn upload_prefix() -> String {
    let owner = LedgerRef {
        tenant: "t".parse().expect("a tenant"),
        ledger: "l".parse().expect("a ledger"),
    };
    let key = keys::upload(&owner, domain::ids::JobId::new(0, &[0; 10]));
    format!("{}/", key.split('/').next().expect("a first segment"))
}

fn faults_of_events(stack: &Stack) -> Vec<String> {
    let mut faults = Vec::new();
    let pattern = json!({
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["Bucket"]},
            "object": {"key": [{"prefix": upload_prefix()}]},
        },
    });
    let uploads = stack.of_kind("AWS::Events::Rule").find(|(_, rule)| {
        let targets = rule.get("Targets").as_array().cloned().unwrap_or_default();
        targets
            .iter()
            .any(|target| target["Arn"] == "SplitQueue.Arn")
    });
    let Some((name, rule)) = uploads else {
        return vec![
            "SplitQueue: add a rule that sends it the bucket's Object Created events".to_owned(),
        ];
    };
    if *rule.get("EventPattern") != pattern {
        faults.push(format!("{name}: EventPattern must be {pattern}: every upload, and nothing the functions write themselves"));
    }
    if rule.get("Targets/0/DeadLetterConfig/Arn").is_null() {
        faults.push(format!("{name}: give its target a DeadLetterConfig"));
    }
    let may_send = stack.of_kind("AWS::SQS::QueuePolicy").any(|(_, policy)| {
        let statement = policy.get("PolicyDocument/Statement/0");
        statement["Condition"] == json!({"ArnEquals": {"aws:SourceArn": format!("{name}.Arn")}})
            && statement["Resource"]
                .as_array()
                .is_some_and(|queues| queues.contains(&json!("SplitQueue.Arn")))
    });
    if !may_send {
        faults.push(format!(
            "SplitQueue: add a queue policy that lets {name}, and it alone, send"
        ));
    }
    faults
}

fn faults_of_bucket(stack: &Stack) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, bucket) in stack.of_kind("AWS::S3::Bucket") {
        let is_page = name == PAGE;
        let mut expect = |path: &str, value: Value, why: &str| {
            if *bucket.get(path) != value {
                faults.push(format!(
                    "{name}: {} must be {value}: {why}",
                    path.replace('/', ".")
                ));
            }
        };
        for block in [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ] {
            let path = format!("PublicAccessBlockConfiguration/{block}");
            expect(&path, json!(true), "nothing here is public");
        }
        let tls_only = stack.of_kind("AWS::S3::BucketPolicy").any(|(_, policy)| {
            let statement = policy.get("PolicyDocument/Statement/0");
            policy.text("Bucket") == name
                && statement["Effect"] == "Deny"
                && statement["Condition"] == json!({"Bool": {"aws:SecureTransport": "false"}})
        });
        if !tls_only {
            faults.push(format!(
                "{name}: add a bucket policy that denies requests without TLS"
            ));
        }
        if is_page {
            continue;
        }
        let mut expect = |path: &str, value: Value, why: &str| {
            if *bucket.get(path) != value {
                faults.push(format!(
                    "{name}: {} must be {value}: {why}",
                    path.replace('/', ".")
                ));
            }
        };
        let events = "NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled";
        expect(events, json!(true), "uploads are announced by EventBridge");
        expect(
            "VersioningConfiguration/Status",
            json!("Enabled"),
            "reads pin the version that was announced",
        );
        let rules = bucket.get("CorsConfiguration/CorsRules").as_array();
        for rule in rules.into_iter().flatten() {
            if rule["AllowedMethods"] != json!(["PUT", "GET"]) {
                faults.push(format!(
                    "{name}: CorsRules allow PUT and GET: browsers upload here and read what the API sends them to"
                ));
            }
            let origins = rule["AllowedOrigins"].as_array();
            if !origins
                .is_some_and(|all| all.iter().all(|origin| !origin.to_string().contains('*')))
            {
                faults.push(format!(
                    "{name}: CorsRules must name each origin in full, without a wildcard"
                ));
            }
        }
    }
    faults
}

/// Data stays when the stack goes, unless it is asked not to.
fn faults_of_keeping(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    for (keep, policy) in [("true", "Retain"), ("false", "Delete")] {
        let stack = Stack::of(template, &[("KeepData", keep)]);
        for (name, resource) in &stack.resources {
            if DATA.contains(&resource.kind.as_str()) && resource.deletion != policy {
                faults.push(format!(
                    "{name}: DeletionPolicy must be {policy} with KeepData={keep}"
                ));
            }
        }
    }
    faults
}

fn faults(template: &Template) -> Vec<String> {
    let stack = Stack::of(template, &[]);
    let mut faults = faults_of_events(&stack);
    faults.extend(faults_of_bucket(&stack));
    faults.extend(faults_of_keeping(template));
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    assert_named(&faults(broken), name, remedy);
}

#[test]
fn bucket_events_and_data_are_in_order() {
    assert_eq!(faults(&Template::read()), Vec::<String>::new());
}

#[test]
fn uploads_and_nothing_else_are_announced() {
    let template = Template::read();
    let everything =
        template.without("Resources/UploadedRule/Properties/EventPattern/detail/object");
    bites(&everything, "UploadedRule", "\"prefix\":\"uploads/\"");
    let other = template.broken(
        "Resources/UploadedRule/Properties/EventPattern/detail/object/key/0",
        |key| {
            key["prefix"] = json!("upload/");
        },
    );
    bites(&other, "UploadedRule", "\"prefix\":\"uploads/\"");
    bites(
        &template.without("Resources/UploadedRule"),
        "SplitQueue",
        "Object Created",
    );
    bites(
        &template.without("Resources/EventsMaySend"),
        "SplitQueue",
        "queue policy",
    );
    let lost = template.without("Resources/UploadedRule/Properties/Targets/0/DeadLetterConfig");
    bites(&lost, "UploadedRule", "DeadLetterConfig");
}

#[test]
fn a_bucket_that_is_open_unversioned_or_silent_is_found() {
    let template = Template::read();
    let without =
        |property: &str| template.without(&format!("Resources/Bucket/Properties/{property}"));
    bites(
        &without("NotificationConfiguration"),
        "Bucket",
        "EventBridge",
    );
    bites(&without("VersioningConfiguration"), "Bucket", "Enabled");
    bites(
        &without("PublicAccessBlockConfiguration"),
        "Bucket",
        "nothing here is public",
    );
    bites(
        &template.without("Resources/BucketPolicy"),
        "Bucket",
        "without TLS",
    );
    let cors = "Resources/Bucket/Properties/CorsConfiguration/CorsRules/0";
    let anybody = template.broken(cors, |rule| rule["AllowedOrigins"] = json!(["https://*"]));
    bites(&anybody, "Bucket", "without a wildcard");
    let deletes = template.broken(cors, |rule| rule["AllowedMethods"] = json!(["DELETE"]));
    bites(&deletes, "Bucket", "browsers upload here");
}

#[test]
fn data_that_would_go_with_the_stack_is_found() {
    let template = Template::read();
    for resource in ["Bucket", "StateTable", "UserPool"] {
        let lost = template.without(&format!("Resources/{resource}/DeletionPolicy"));
        bites(&lost, resource, "Retain with KeepData=true");
        let stuck = template.broken(&format!("Resources/{resource}"), |made| {
            made["DeletionPolicy"] = json!("Retain");
        });
        bites(&stuck, resource, "Delete with KeepData=false");
    }
}
