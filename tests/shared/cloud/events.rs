//! What EventBridge does between a bucket and the queue `split`: it takes versitygw's events and
//! passes on those of uploads, in its own form.
//!
//! versitygw's events are S3's direct notifications with four oddities: keys are not encoded, the eTag
//! is quoted, the versionId is null for a Put, and the size of an object in parts is always 0.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use domain::message::Queue;
use ports::{Outgoing, Sender};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

/// The prefix that the template's rule lets through.
const UPLOADS: &str = "uploads/";

type Buckets = Arc<Mutex<BTreeMap<String, Arc<dyn Sender>>>>;

/// The webhook at work, for as long as its runtime lives.
pub(super) struct Events {
    url: String,
    buckets: Buckets,
}

impl Events {
    /// Listens on a free port of 127.0.0.1.
    pub(super) fn listen(runtime: &Handle) -> Self {
        let buckets = Buckets::default();
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = Router::new()
            .route("/", post(taken))
            .with_state(Arc::clone(&buckets));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self {
            url: format!("http://{address}/"),
            buckets,
        }
    }

    /// Where versitygw sends its events.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// From now on, uploads to `bucket` are announced through `sender`.
    pub(super) fn announce(&self, bucket: &str, sender: Arc<dyn Sender>) {
        let mut buckets = self.buckets.lock().expect("the buckets");
        buckets.insert(bucket.to_owned(), sender);
    }
}

async fn taken(State(buckets): State<Buckets>, body: Bytes) -> StatusCode {
    let notification: Value = serde_json::from_slice(&body).expect("an event is JSON");
    let records = notification["Records"].as_array().cloned();
    for record in records.unwrap_or_default() {
        let Some(event) = object_created(&record) else {
            continue;
        };
        let bucket = text(&record["s3"]["bucket"]["name"]);
        let sender = buckets.lock().expect("the buckets").get(bucket).cloned();
        let Some(sender) = sender else { continue };
        let message = Outgoing {
            body: event.to_string(),
            delay_seconds: 0,
        };
        if sender.send(Queue::Split, &[message]).await.is_err() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    StatusCode::OK
}

/// A record of an upload that was stored, as EventBridge tells it; nothing for any other.
fn object_created(record: &Value) -> Option<Value> {
    let reason = text(&record["eventName"]).strip_prefix("s3:ObjectCreated:")?;
    let (bucket, object) = (&record["s3"]["bucket"], &record["s3"]["object"]);
    text(&object["key"]).starts_with(UPLOADS).then_some(())?;
    let reason = match reason {
        "Put" => "PutObject",
        other => other,
    };
    let mut told = json!({
        "key": object["key"],
        "etag": text(&object["eTag"]).trim_matches('"'),
        "sequencer": object["sequencer"],
    });
    // Left out, it is asked for.
    if reason != "CompleteMultipartUpload" {
        told["size"] = object["size"].clone();
    }
    if let Some(version) = object["versionId"].as_str() {
        told["version-id"] = version.into();
    }
    Some(json!({
        "version": "0",
        "id": format!("event-{}", text(&object["sequencer"])),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "000000000000",
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [format!("arn:aws:s3:::{}", text(&bucket["name"]))],
        "detail": {
            "version": "0",
            "bucket": { "name": bucket["name"] },
            "object": told,
            "request-id": "loopback",
            "requester": "000000000000",
            "source-ip-address": "127.0.0.1",
            "reason": reason,
        },
    }))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, key: &str) -> Value {
        json!({
            "eventName": name,
            "eventTime": "2026-11-25T15:00:00Z",
            "awsRegion": "us-east-1",
            "s3": {
                "bucket": { "name": "millrace" },
                "object": { "key": key, "size": 7, "eTag": "\"abc\"", "versionId": null, "sequencer": "1" },
            },
        })
    }

    #[test]
    fn an_upload_is_told_as_eventbridge_tells_it_and_nothing_else_is() {
        let event = object_created(&record("s3:ObjectCreated:Put", "uploads/a b+c")).expect("told");
        assert_eq!(event["detail-type"], "Object Created");
        let object = &event["detail"]["object"];
        assert_eq!(object["key"], "uploads/a b+c");
        assert_eq!(object["etag"], "abc");
        assert_eq!(
            (object["size"].as_u64(), object.get("version-id")),
            (Some(7), None)
        );
        let parts = record("s3:ObjectCreated:CompleteMultipartUpload", "uploads/a");
        let parts = object_created(&parts).expect("told");
        assert_eq!(parts["detail"]["object"].get("size"), None);
        assert_eq!(event["detail"]["reason"], "PutObject");
        assert!(object_created(&record("s3:ObjectCreated:Put", "jobs/plan")).is_none());
        assert!(object_created(&record("s3:ObjectRemoved:Delete", "uploads/a")).is_none());
    }
}
