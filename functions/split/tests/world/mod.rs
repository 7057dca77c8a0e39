//! A world of ports in memory, as small as the tests of `split` and `ingest` need it.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsEvent;
use bytes::Bytes;
use domain::ids::{Generation, JobId, LedgerRef};
use domain::keys;
use domain::message::{Envelope, Queue, Task};
use domain::plan::ChunkPlan;
use domain::settings::ParseOptions;
use domain::state::{
    BatchOutcome, Change, DoneSet, Job, JobError, JobKind, JobPhase, Key, Recorded, Upload, Version,
};
use domain::time::Instant;
use ports::{
    Clock, DoneSets, ObjectHead, ObjectWriter, Objects, Outgoing, PortError, Postponer, PutMode,
    QueueName, Sender, StateStore, Stored,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The header of the Koinly universal format.
pub(crate) const HEADER: &str = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,\
Net Worth Amount,Net Worth Currency,Label,Description,TxHash,ID\n";

/// The time of every test.
pub(crate) const NOW: Instant = Instant(1_700_000_000_000_000);

/// Everything outside, in memory.
#[derive(Default)]
pub(crate) struct World {
    docs: Mutex<BTreeMap<Key, Stored>>,
    sets: Mutex<BTreeMap<Key, DoneSet>>,
    objects: Mutex<BTreeMap<String, Vec<(String, Bytes)>>>,
    sent: Mutex<Vec<(Queue, Envelope)>>,
    /// Operations that fail once, after so many calls that succeed.
    broken: Mutex<BTreeMap<&'static str, u32>>,
}

pub(crate) fn owner() -> LedgerRef {
    LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    }
}

pub(crate) fn job_id() -> JobId {
    JobId::new(1_700_000_000_000, &[7; 10])
}

/// A row of the universal format: one BTC received.
pub(crate) fn row(date: &str, id: &str) -> String {
    format!("{date},,,1,BTC,,,,,reward,,,{id}\n")
}

/// Such rows, one a minute, with IDs.
pub(crate) fn rows(count: usize) -> String {
    (0..count)
        .map(|n| {
            row(
                &format!(
                    "2024-01-{:02} {:02}:{:02}:00 UTC",
                    1 + n / 1440 % 28,
                    n / 60 % 24,
                    n % 60
                ),
                &n.to_string(),
            )
        })
        .collect()
}

impl World {
    /// A world where a job awaits a file with this content.
    pub(crate) fn awaiting(content: &[u8], options: ParseOptions) -> Self {
        let world = Self::default();
        let upload = Upload {
            filename: "file.csv".to_owned(),
            size: content.len() as u64,
            sha256: hex::encode(Sha256::digest(content)),
            options,
            object_key: keys::upload(&owner(), job_id()),
            expires_at: NOW.plus_us(3_600_000_000),
            records: None,
            object_version: None,
            undone_by: None,
            parts: None,
            slot: None,
        };
        let phase = JobPhase::AwaitingUpload;
        world.save(&Job::new(
            job_id(),
            owner(),
            JobKind::Upload(upload),
            phase,
            NOW,
        ));
        world
    }

    /// Such a world, and the file has arrived as version `v1`.
    pub(crate) fn uploaded(content: &str) -> Self {
        let world = Self::awaiting(content.as_bytes(), ParseOptions::default());
        world.upload(content.as_bytes());
        world
    }

    /// Stores a version of the upload.
    pub(crate) fn upload(&self, content: &[u8]) -> String {
        self.store(
            &keys::upload(&owner(), job_id()),
            Bytes::copy_from_slice(content),
        )
    }

    /// Removes every version of the upload.
    pub(crate) fn lose_upload(&self) {
        self.objects
            .lock()
            .unwrap()
            .remove(&keys::upload(&owner(), job_id()));
    }

    /// Lets the next call of an operation fail.
    pub(crate) fn break_once(&self, op: &'static str) {
        self.break_after(op, 0);
    }

    /// The operation fails once, after so many calls that succeed.
    pub(crate) fn break_after(&self, op: &'static str, calls: u32) {
        self.broken.lock().unwrap().insert(op, calls);
    }

    /// Whether nothing is left to break.
    pub(crate) fn is_mended(&self) -> bool {
        self.broken.lock().unwrap().is_empty()
    }

    pub(crate) fn job(&self) -> Job {
        let key = Job::key_of(&owner().tenant, job_id());
        self.docs.lock().unwrap()[&key]
            .decode::<Job>()
            .unwrap()
            .value
    }

    /// Writes the job over, whatever is there.
    pub(crate) fn save(&self, job: &Job) {
        let body = serde_json::to_string(job).unwrap();
        let key = Job::key_of(&owner().tenant, job_id());
        let stored = Stored {
            key: key.clone(),
            kind: "job".to_owned(),
            body,
            version: Version(1),
        };
        self.docs.lock().unwrap().insert(key, stored);
    }

    /// Why the job failed.
    pub(crate) fn error(&self) -> Option<JobError> {
        match self.job().phase {
            JobPhase::Failed { error } => Some(error),
            _ => None,
        }
    }

    pub(crate) fn plan(&self) -> Option<ChunkPlan> {
        let key = keys::chunk_plan(&owner(), job_id());
        let objects = self.objects.lock().unwrap();
        objects
            .get(&key)
            .map(|versions| serde_json::from_slice(&versions.last().unwrap().1).unwrap())
    }

    /// The content of an object.
    pub(crate) fn object(&self, key: &str) -> Option<Bytes> {
        self.objects
            .lock()
            .unwrap()
            .get(key)
            .map(|versions| versions.last().unwrap().1.clone())
    }

    /// What was sent, in order.
    pub(crate) fn sent(&self) -> Vec<(Queue, Task)> {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .map(|(queue, envelope)| (*queue, envelope.task.clone()))
            .collect()
    }

    /// Documents of a kind.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.docs
            .lock()
            .unwrap()
            .values()
            .filter(|stored| stored.kind == kind)
            .count()
    }

    pub(crate) fn done_set(&self) -> Option<DoneSet> {
        self.sets.lock().unwrap().values().next().cloned()
    }

    fn store(&self, key: &str, body: Bytes) -> String {
        let mut objects = self.objects.lock().unwrap();
        let versions = objects.entry(key.to_owned()).or_default();
        let version = format!("v{}", versions.len() + 1);
        versions.push((version.clone(), body));
        version
    }

    fn attempt(&self, op: &'static str) -> Result<(), PortError> {
        let mut broken = self.broken.lock().unwrap();
        match broken.get_mut(op) {
            Some(0) => {
                broken.remove(op);
                Err(PortError::retry(op, "broken by the test"))
            }
            Some(calls) => {
                *calls -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The event S3 and EventBridge send for a version of the upload.
pub(crate) fn created(size: usize, version: &str) -> Value {
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2024-01-01T00:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::uploads"],
        "detail": {
            "version": "0",
            "bucket": {"name": "uploads"},
            "object": {
                "key": keys::upload(&owner(), job_id()),
                "size": size,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": version,
                "sequencer": "00617F08299329D189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "reason": "PutObject",
        },
    })
}

/// An SQS event with one message.
pub(crate) fn sqs(body: &str) -> SqsEvent {
    let record = json!({"messageId": "m1", "receiptHandle": "r1", "body": body, "attributes": {"ApproximateReceiveCount": "1"}});
    serde_json::from_value(json!({"Records": [record]})).unwrap()
}

#[async_trait]
impl StateStore for World {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        Ok(self.docs.lock().unwrap().get(key).cloned())
    }

    async fn list(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<Stored>, PortError> {
        Err(PortError::bug("state.list", "no step here lists"))
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        self.attempt("state.commit")?;
        let (mut docs, mut sets) = (self.docs.lock().unwrap(), self.sets.lock().unwrap());
        let (mut new_docs, mut new_sets) = (docs.clone(), sets.clone());
        for change in changes {
            let held = match change {
                Change::Insert {
                    key, kind, body, ..
                } => {
                    let stored = Stored {
                        key: key.clone(),
                        kind: (*kind).to_owned(),
                        body: body.clone(),
                        version: Version(1),
                    };
                    new_docs.insert(key.clone(), stored).is_none()
                }
                Change::Replace {
                    key,
                    kind,
                    body,
                    version,
                    ..
                } => {
                    let next = Version(version.0 + 1);
                    let stored = Stored {
                        key: key.clone(),
                        kind: (*kind).to_owned(),
                        body: body.clone(),
                        version: next,
                    };
                    new_docs
                        .insert(key.clone(), stored)
                        .is_some_and(|old| old.version == *version)
                }
                Change::Delete { key } => {
                    new_docs.remove(key);
                    true
                }
                Change::InsertSet(set) => new_sets.insert(set.key(), set.clone()).is_none(),
                Change::Require { .. } | Change::RestartSet { .. } => false,
            };
            if !held {
                return Err(PortError::conflict(
                    "state.commit",
                    "a condition did not hold",
                ));
            }
        }
        (*docs, *sets) = (new_docs, new_sets);
        Ok(())
    }
}

#[async_trait]
impl DoneSets for World {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        Ok(self.sets.lock().unwrap().get(key).cloned())
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        self.attempt("done_sets.record")?;
        let mut sets = self.sets.lock().unwrap();
        let Some(set) = sets.get(key).cloned() else {
            return Err(PortError::invalid("done_sets.record", "no such set"));
        };
        let recorded = set.record(generation, batch, outcome);
        if let Recorded::Added(set) = &recorded {
            sets.insert(key.clone(), set.clone());
        }
        Ok(recorded)
    }
}

#[async_trait]
impl Objects for World {
    async fn put(&self, key: &str, body: Bytes, _: PutMode) -> Result<String, PortError> {
        self.attempt("objects.put")?;
        Ok(self.store(key, body))
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError> {
        self.attempt("objects.get")?;
        let objects = self.objects.lock().unwrap();
        let versions = objects.get(key).map(Vec::as_slice).unwrap_or_default();
        let found = versions
            .iter()
            .rev()
            .find(|(name, _)| version.is_none_or(|version| version == name));
        let Some((_, body)) = found else {
            return Ok(None);
        };
        let Some(range) = range else {
            return Ok(Some(body.clone()));
        };
        let (start, end) = (
            usize::try_from(range.start).unwrap(),
            usize::try_from(range.end).unwrap(),
        );
        if start >= body.len() {
            return Err(PortError::new(
                ports::PortErrorKind::Reject,
                "objects.get",
                "behind the end",
            ));
        }
        Ok(Some(body.slice(start..end.min(body.len()))))
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, PortError> {
        let objects = self.objects.lock().unwrap();
        let last = objects.get(key).and_then(|versions| versions.last());
        Ok(last.map(|(version, body)| ObjectHead {
            size: body.len() as u64,
            version: version.clone(),
        }))
    }

    async fn create(&self, _: &str) -> Result<Box<dyn ObjectWriter>, PortError> {
        Err(PortError::bug(
            "objects.create",
            "no step here writes in pieces",
        ))
    }
}

#[async_trait]
impl Sender for World {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        self.attempt("queue.send")?;
        let mut sent = self.sent.lock().unwrap();
        sent.extend(
            messages
                .iter()
                .map(|message| (queue, Envelope::parse(&message.body).unwrap())),
        );
        Ok(())
    }
}

#[async_trait]
impl Postponer for World {
    async fn postpone(&self, _: QueueName, _: &str, _: u32) -> Result<(), PortError> {
        Ok(())
    }
}

impl Clock for World {
    fn now(&self) -> Instant {
        NOW
    }
}
