//! A name that is wrong, a key that is refused, a server that is not there: each is told, and none
//! looks like something that was never stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::{DynamoState, S3Objects, SdkConfig, SqsQueues};
use bytes::Bytes;
use domain::message::Queue;
use domain::state::Key;
use libtest_mimic::Trial;
use ports::{
    Objects, Outgoing, PortError, PortErrorKind, PutMode, QueueName, Receiver, Sender, StateStore,
};
use tests::running::{BUCKET, Running};

use crate::adapters::{block_on, settings, settings_of_versitygw};
use crate::trial;

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial("faults::a_missing_table", running, |running| {
            block_on(missing_table(running.dynamodb().endpoint()));
        }),
        trial("faults::a_missing_queue", running, |running| {
            block_on(missing_queue(running.elasticmq().0.endpoint()));
        }),
        trial("faults::a_missing_bucket", running, |running| {
            block_on(async {
                let config = settings_of_versitygw(running).await;
                refused_bucket(&config, "not-there", "NoSuchBucket").await;
            });
        }),
        trial("faults::a_wrong_secret_key", running, |running| {
            block_on(async {
                let server = running.versitygw();
                let (endpoint, region) = (server.endpoint(), server.region());
                let wrong = "not this one";
                let config = aws::sdk::against(endpoint, region, server.access_key(), wrong).await;
                refused_bucket(&config, BUCKET, "SignatureDoesNotMatch").await;
                // The answer to a HEAD has no body to say why in. For the same reason it cannot tell
                // a missing bucket from a missing object, on S3 neither.
                let head = S3Objects::new(&config, BUCKET).head("a").await;
                told(head, PortErrorKind::Reject, "objects.head", "HTTP 403");
            });
        }),
        trial("faults::nobody_listens", running, |_| block_on(nobody())),
    ]
}

/// The error is of a kind, names its call, and says why in the service's words.
fn told<T>(answer: Result<T, PortError>, kind: PortErrorKind, op: &str, word: &str) {
    let error = answer.err().expect(op);
    let text = error.to_string();
    assert_eq!(error.kind, kind, "{text}");
    assert!(text.contains(op) && text.contains(word), "{text}");
    assert!(!text.contains("://"), "an address in {text}");
}

async fn missing_table(endpoint: &str) {
    let state = DynamoState::new(&settings(endpoint).await, "not-there");
    let (reject, word) = (PortErrorKind::Reject, "ResourceNotFoundException");
    let key = Key::new("p", "s");
    told(state.get(&key).await, reject, "state.get", word);
    told(
        state.list("p", "", None, 1).await,
        reject,
        "state.list",
        word,
    );
}

async fn missing_queue(endpoint: &str) {
    let url = format!("{endpoint}/000000000000/not-there");
    let urls = BTreeMap::from([(Queue::Ingest, url)]);
    let queues = SqsQueues::new(&settings(endpoint).await, urls);
    let (reject, word) = (PortErrorKind::Reject, "QueueDoesNotExist");
    let message = Outgoing {
        body: "x".to_owned(),
        delay_seconds: 0,
    };
    let sent = queues.send(Queue::Ingest, &[message]).await;
    told(sent, reject, "queue.send", word);
    let received = queues.receive(QueueName::live(Queue::Ingest), 1, 1).await;
    told(received, reject, "queue.receive", word);
    let unknown = queues.receive(QueueName::live(Queue::Split), 1, 1).await;
    told(unknown, PortErrorKind::Bug, "queue.receive", "split");
}

async fn refused_bucket(config: &SdkConfig, bucket: &str, word: &str) {
    let objects = S3Objects::new(config, bucket);
    let reject = PortErrorKind::Reject;
    let put = objects.put("a", Bytes::from_static(b"x"), PutMode::Overwrite);
    told(put.await, reject, "objects.put", word);
    told(
        objects.get("a", None, None).await,
        reject,
        "objects.get",
        word,
    );
}

/// Nobody listens on port 1.
async fn nobody() {
    let config = settings("http://127.0.0.1:1").await;
    let retry = PortErrorKind::Retry;
    let got = DynamoState::new(&config, "t")
        .get(&Key::new("p", "s"))
        .await;
    told(got, retry, "state.get", "could not be sent");
    let head = S3Objects::new(&config, "b").head("a").await;
    told(head, retry, "objects.head", "could not be sent");
}
