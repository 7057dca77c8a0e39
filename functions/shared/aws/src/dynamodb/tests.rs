//! DynamoDB's answers, made up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::counts::RowCounts;
use domain::ids::{Generation, JobId, Stage};
use domain::state::{BatchFailure, BatchOutcome, DoneSet, ErrorClass, Recorded};
use ports::{DoneSets, PortErrorKind};
use proptest::prelude::*;

use super::*;
use crate::script::{Answer, Script, http};

fn state(script: &Script) -> DynamoState {
    DynamoState::new(&script.config(), "table")
}

fn insert(sort: &str) -> Change {
    Change::Insert {
        key: Key::new("p", sort),
        kind: "test",
        body: "{}".to_owned(),
        expires_at: None,
    }
}

fn error(status: u16, code: &str) -> Answer {
    let body = serde_json::json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": "as it says"});
    http(status, &body.to_string())
}

fn cancelled(reasons: &[&str]) -> Answer {
    let reasons: Vec<_> = reasons
        .iter()
        .map(|code| serde_json::json!({"Code": code, "Message": "as it says"}))
        .collect();
    let body = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled", "CancellationReasons": reasons});
    http(400, &body.to_string())
}

#[tokio::test]
async fn a_cancelled_transaction_is_what_its_reasons_say() {
    for (reasons, kind, text) in [
        (
            ["None", "ConditionalCheckFailed"],
            PortErrorKind::Conflict,
            "ConditionalCheckFailed at b",
        ),
        (
            ["ConditionalCheckFailed", "TransactionConflict"],
            PortErrorKind::Conflict,
            "at a",
        ),
        (
            ["TransactionConflict", "None"],
            PortErrorKind::Retry,
            "TransactionConflict at a",
        ),
        (
            ["None", "ThrottlingError"],
            PortErrorKind::Retry,
            "ThrottlingError at b",
        ),
        (
            ["ProvisionedThroughputExceeded", "None"],
            PortErrorKind::Retry,
            "at a",
        ),
        (
            ["ConditionalCheckFailed", "ValidationError"],
            PortErrorKind::Bug,
            "at b",
        ),
    ] {
        let script = Script::new([cancelled(&reasons)]);
        let commit = state(&script).commit(&[insert("a"), insert("b")]).await;
        let error = commit.unwrap_err();
        assert_eq!(error.kind, kind, "{reasons:?}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn a_transaction_is_repeated_under_its_token() {
    let script = Script::new([Answer::Lost, http(200, "{}")]);
    let commit = state(&script).commit(&[insert("a"), insert("b")]).await;
    commit.unwrap();
    let sent = script.sent();
    let token = |n: usize| -> String {
        let body: serde_json::Value = serde_json::from_str(&sent[n].body).unwrap();
        body["ClientRequestToken"].as_str().unwrap().to_owned()
    };
    assert_eq!(token(0), token(1));
}

#[tokio::test]
async fn one_write_whose_answer_was_lost_is_not_repeated_unasked() {
    for answer in [Answer::Lost, error(500, "InternalServerError")] {
        let script = Script::new([answer]);
        let commit = state(&script).commit(&[insert("a")]).await;
        assert_eq!(commit.unwrap_err().kind, PortErrorKind::Retry);
        assert_eq!(script.sent().len(), 1, "its effect is unknown");
    }
    let throttled = error(400, "ProvisionedThroughputExceededException");
    let script = Script::new([throttled, http(200, "{}")]);
    state(&script).commit(&[insert("a")]).await.unwrap();
    assert_eq!(script.sent().len(), 2, "DynamoDB said that it did nothing");
}

#[tokio::test]
async fn one_write_whose_condition_fails_is_a_conflict() {
    let script = Script::new([error(400, "ConditionalCheckFailedException")]);
    let commit = state(&script).commit(&[insert("a")]).await;
    assert_eq!(commit.unwrap_err().kind, PortErrorKind::Conflict);
    let target = script.sent()[0]
        .header("x-amz-target")
        .map(ToOwned::to_owned);
    assert_eq!(target.as_deref(), Some("DynamoDB_20120810.PutItem"));
}

#[tokio::test]
async fn more_than_dynamodb_takes_at_once_is_not_sent() {
    let script = Script::default();
    let large = |n: usize| Change::Insert {
        key: Key::new("p", n.to_string()),
        kind: "test",
        body: "x".repeat(390_000),
        expires_at: None,
    };
    let changes: Vec<Change> = (0..11).map(large).collect();
    let error = state(&script).commit(&changes).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Bug, "{error}");
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn a_listing_follows_pages_until_it_has_enough() {
    let page = |sorts: &[&str], last: Option<&str>| {
        let items: Vec<_> = sorts
            .iter()
            .map(|sort| {
                serde_json::json!({"pk": {"S": "p"}, "sk": {"S": sort}, "kind": {"S": "k"},
                    "body": {"S": "{}"}, "version": {"N": "1"}})
            })
            .collect();
        let mut body = serde_json::json!({"Items": items});
        if let Some(last) = last {
            body["LastEvaluatedKey"] = serde_json::json!({"pk": {"S": "p"}, "sk": {"S": last}});
        }
        http(200, &body.to_string())
    };
    let script = Script::new([
        page(&["a1"], Some("a1")),
        page(&[], Some("a2")),
        page(&["a3"], None),
    ]);
    let listed = state(&script).list("p", "a", None, 3).await.unwrap();
    let sorts: Vec<_> = listed
        .iter()
        .map(|stored| stored.key.sort.as_str())
        .collect();
    assert_eq!(sorts, ["a1", "a3"]);
    assert_eq!(script.sent().len(), 3);

    let script = Script::default();
    let behind = state(&script).list("p", "a", Some("b"), 3).await.unwrap();
    assert!(behind.is_empty() && script.sent().is_empty());
}

fn set() -> DoneSet {
    let owner = domain::ids::LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    };
    DoneSet::of_job(JobId::new(1, &[1; 10]), &owner, Stage::Ingest, 3)
}

#[test]
fn a_sets_names_are_frozen() {
    let mut set = set();
    set.done.insert(0, Generation::FIRST);
    set.failed.insert(2, failure(4));
    let item = done_set::encode("op", &set).unwrap();
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    let frozen = [
        "counts",
        "done",
        "failed",
        "generation",
        "join",
        "kind",
        "partition",
        "pk",
        "sk",
        "stage",
        "total",
    ];
    assert_eq!(names, frozen);
    assert_eq!(item["kind"], item::text("done_set"));
    assert_eq!(item["done"].as_m().unwrap()["0"], item::number(1));
    let failed = item["failed"].as_m().unwrap()["2"].as_m().unwrap();
    assert_eq!(failed["records"], item::number(4));
    assert_eq!(item["counts"].as_m().unwrap().len(), 5);
}

fn failure(records: u64) -> BatchFailure {
    BatchFailure {
        class: ErrorClass::Internal,
        code: "test".to_owned(),
        message: "made to fail".to_owned(),
        records,
    }
}

#[tokio::test]
async fn a_refused_record_is_told_by_the_set_as_it_stood() {
    let mut stands = set();
    stands.done.insert(1, Generation::FIRST);
    let record = |answer: Answer, generation: Generation| async move {
        let outcome = BatchOutcome::Done(RowCounts::default());
        let script = Script::new([answer]);
        state(&script)
            .record(&set().key(), generation, 1, outcome)
            .await
    };
    let refused = |set: &DoneSet| {
        let item = done_set::encode("op", set).unwrap();
        let json = item.iter().map(|(name, value)| (name.clone(), wire(value)));
        let json: serde_json::Map<_, _> = json.collect();
        let body = serde_json::json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed", "Item": json});
        http(400, &body.to_string())
    };
    let told = record(refused(&stands), Generation::FIRST).await.unwrap();
    assert_eq!(told, Recorded::Already(stands.clone()));
    let told = record(refused(&stands), Generation::FIRST.next())
        .await
        .unwrap();
    assert_eq!(told, Recorded::Stale);
    let absent = record(
        error(400, "ConditionalCheckFailedException"),
        Generation::FIRST,
    )
    .await;
    assert_eq!(absent.unwrap_err().kind, PortErrorKind::Invalid);
    // The condition failed, and the set gives no reason.
    let odd = record(refused(&set()), Generation::FIRST).await;
    assert_eq!(odd.unwrap_err().kind, PortErrorKind::Retry);
}

/// An attribute as DynamoDB sends it.
fn wire(value: &aws_sdk_dynamodb::types::AttributeValue) -> serde_json::Value {
    use aws_sdk_dynamodb::types::AttributeValue as A;
    match value {
        A::S(text) => serde_json::json!({"S": text}),
        A::Bool(yes) => serde_json::json!({"BOOL": yes}),
        A::N(digits) => serde_json::json!({"N": digits}),
        A::M(map) => {
            let fields = map.iter().map(|(name, value)| (name.clone(), wire(value)));
            serde_json::json!({"M": fields.collect::<serde_json::Map<_, _>>()})
        }
        other => panic!("a set has no {other:?}"),
    }
}

proptest! {
    #[test]
    fn a_set_comes_back_from_its_item_whatever_was_recorded(
        records in proptest::collection::vec((0u32..1_300, any::<u32>(), any::<bool>()), 0..40),
        restarts in 0u32..3,
    ) {
        let mut set = set();
        for (batch, rows, fails) in records {
            let outcome = if fails {
                BatchOutcome::Failed(failure(rows.into()))
            } else {
                BatchOutcome::Done(RowCounts { accepted: rows.into(), ..RowCounts::default() })
            };
            if let Recorded::Added(added) = set.clone().record(set.generation, batch, outcome) {
                set = added;
            }
        }
        for _ in 0..restarts {
            let next = set.generation.next();
            set = set.restarted(next);
        }
        let item = done_set::encode("op", &set).unwrap();
        prop_assert_eq!(done_set::decode("op", &item).unwrap(), set);
    }
}
