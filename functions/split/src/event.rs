//! What stands in a message of the queue: an S3 event that EventBridge passed on, or a task.
//!
//! EventBridge writes object keys as they are. S3's direct notifications URL-encode them; the
//! bucket sends none, and one that arrives is trouble, not a guess.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use domain::ids::{Generation, JobId, LedgerRef};
use domain::keys;
use domain::message::{Envelope, EnvelopeError, Task};
use lambda::batch::Trouble;
use serde::{Deserialize, Serialize};

/// What S3 says about an object, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct S3Detail {
    /// Where it is.
    pub bucket: S3Bucket,
    /// What it is.
    pub object: S3Object,
}

/// The bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Bucket {
    /// Its name.
    pub name: String,
}

/// The object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct S3Object {
    /// Its key, not encoded.
    pub key: String,
    /// Its bytes. Other events than "Object Created" have none.
    pub size: Option<u64>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its version; absent in a bucket without versions.
    pub version_id: Option<String>,
    /// Orders the events of one key.
    pub sequencer: Option<String>,
}

/// A file that is to be split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The ledger.
    pub owner: LedgerRef,
    /// The job.
    pub job: JobId,
    /// The attempt, when a retry asks; an S3 event is for whatever attempt waits.
    pub generation: Option<Generation>,
    /// The object version, when the event names one.
    pub version: Option<String>,
    /// The object's size, when the event names it.
    pub size: Option<u64>,
}

/// A message that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A file is to be split.
    File(Announced),
    /// Nothing is to be done; says why.
    Nothing(&'static str),
}

/// Understands a message's body.
///
/// # Errors
/// The body is none of what this queue carries.
pub fn understand(body: &str) -> Result<Incoming, Trouble> {
    /// Enough of any body to tell its kind.
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "Event")]
        test_event: Option<String>,
        task: Option<serde_json::Value>,
        #[serde(rename = "detail-type")]
        detail_type: Option<String>,
        source: Option<String>,
    }
    let shape: Shape = serde_json::from_str(body).map_err(EnvelopeError::Malformed)?;
    if shape.task.is_some() {
        return task(body);
    }
    if shape.test_event.as_deref() == Some("s3:TestEvent") {
        return Ok(Incoming::Nothing("S3 tested its notifications"));
    }
    match (shape.source.as_deref(), shape.detail_type.as_deref()) {
        (Some("aws.s3"), Some("Object Created")) => arrival(body),
        (Some(_), Some(_)) => Ok(Incoming::Nothing(
            "the event is not of an object that was created",
        )),
        _ => Err(Trouble::Misplaced("neither EventBridge event nor task")),
    }
}

fn task(body: &str) -> Result<Incoming, Trouble> {
    let envelope = Envelope::parse(body)?;
    let Task::Split { job, generation } = envelope.task else {
        return Err(Trouble::Misplaced("other than split"));
    };
    let owner = LedgerRef {
        tenant: envelope.tenant,
        ledger: envelope.ledger,
    };
    let generation = Some(generation);
    Ok(Incoming::File(Announced {
        owner,
        job,
        generation,
        version: None,
        size: None,
    }))
}

fn arrival(body: &str) -> Result<Incoming, Trouble> {
    let event: EventBridgeEvent<S3Detail> =
        serde_json::from_str(body).map_err(EnvelopeError::Malformed)?;
    let object = event.detail.object;
    let Some((owner, job)) = keys::parse_upload(&object.key) else {
        return Ok(Incoming::Nothing("the object is not an upload"));
    };
    // S3 calls the only version of an object in a bucket without versions "null".
    let version = object
        .version_id
        .filter(|version| !version.is_empty() && version != "null");
    Ok(Incoming::File(Announced {
        owner,
        job,
        generation: None,
        version,
        size: object.size,
    }))
}
