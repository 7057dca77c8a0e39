//! SQS's answers, made up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ports::{Outgoing, PortErrorKind, Postponer, Receiver, Sender};

use super::*;
use crate::script::{Script, http};

const LIVE: QueueName = QueueName {
    queue: Queue::Ingest,
    dead: false,
};

fn queues(script: &Script) -> SqsQueues {
    let url = "https://sqs.eu-west-1.amazonaws.com/1/stack-ingest".to_owned();
    SqsQueues::new(&script.config(), BTreeMap::from([(Queue::Ingest, url)]))
}

fn messages(bodies: &[&str]) -> Vec<Outgoing> {
    let message = |body: &&str| Outgoing {
        body: (*body).to_owned(),
        delay_seconds: 0,
    };
    bodies.iter().map(message).collect()
}

/// An answer to a batch in which the entries named failed.
fn batch(failed: &[&str], sender_fault: bool) -> crate::script::Answer {
    let failed: Vec<serde_json::Value> = failed
        .iter()
        .map(|id| {
            serde_json::json!({"Id": id, "Code": "InternalError", "Message": "busy",
                "SenderFault": sender_fault})
        })
        .collect();
    http(
        200,
        &serde_json::json!({"Successful": [], "Failed": failed}).to_string(),
    )
}

#[tokio::test]
async fn what_a_batch_left_over_is_sent_again_and_nothing_else() {
    let script = Script::new([batch(&["1"], false), batch(&[], false)]);
    let sent = queues(&script)
        .send(Queue::Ingest, &messages(&["a", "b", "c"]))
        .await;
    sent.unwrap();
    let sent = script.sent();
    assert_eq!(sent.len(), 2);
    let bodies = |n: usize| -> Vec<String> {
        let request: serde_json::Value = serde_json::from_str(&sent[n].body).unwrap();
        let entries = request["Entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["MessageBody"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(bodies(0), ["a", "b", "c"]);
    assert_eq!(bodies(1), ["b"]);
}

#[tokio::test]
async fn a_message_at_fault_is_a_bug_and_a_busy_queue_is_not() {
    let script = Script::new([batch(&["0"], true)]);
    let sent = queues(&script).send(Queue::Ingest, &messages(&["a"])).await;
    assert_eq!(sent.unwrap_err().kind, PortErrorKind::Bug);
    let script = Script::new([
        batch(&["0"], false),
        batch(&["0"], false),
        batch(&["0"], false),
    ]);
    let sent = queues(&script).send(Queue::Ingest, &messages(&["a"])).await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Retry);
    assert_eq!(error.to_string(), "queue.send: InternalError: busy");
}

#[tokio::test]
async fn a_receipt_that_is_not_valid_is_refused_and_a_dead_letters_goes_to_its_own_queue() {
    let gone = r#"{"__type": "com.amazonaws.sqs#MessageNotInflight", "message": "gone"}"#;
    let script = Script::new([http(400, gone)]);
    let dead = QueueName::dead(Queue::Ingest);
    let postponed = queues(&script).postpone(dead, "receipt", 5).await;
    assert_eq!(postponed.unwrap_err().kind, PortErrorKind::Reject);
    assert!(script.sent()[0].body.contains("/1/stack-ingest-dlq\""));
}

#[tokio::test]
async fn what_makes_no_sense_is_not_sent() {
    let script = Script::default();
    let queues = queues(&script);
    let late = queues.postpone(LIVE, "r", 43_201).await.unwrap_err();
    let hidden = queues.receive(LIVE, 1, 43_201).await.unwrap_err();
    let stranger = queues
        .send(Queue::Price, &messages(&["a"]))
        .await
        .unwrap_err();
    for error in [late, hidden, stranger] {
        assert_eq!(error.kind, PortErrorKind::Bug, "{error}");
    }
    assert_eq!(queues.receive(LIVE, 0, 1).await.unwrap(), []);
    queues.send(Queue::Ingest, &[]).await.unwrap();
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn a_message_without_a_receive_count_is_invalid() {
    let message = |attributes: &str| {
        http(
            200,
            &format!(
                r#"{{"Messages": [{{"MessageId": "m", "ReceiptHandle": "r", "Body": "b"{attributes}}}]}}"#
            ),
        )
    };
    let counted = r#", "Attributes": {"ApproximateReceiveCount": "3"}"#;
    let script = Script::new([message(counted), message("")]);
    let queues = queues(&script);
    let received = queues.receive(LIVE, 10, 30).await.unwrap();
    assert_eq!((received.len(), received[0].receive_count), (1, 3));
    let error = queues.receive(LIVE, 10, 30).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
}
