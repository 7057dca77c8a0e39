//! A tenant who has everything: jobs of every kind and at every stage that lasts, a ledger with
//! revisions, pages, files to download, parts that are held, a webhook.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::limits::MIN_PART_BYTES;
use millrace::client::{UploadAnswer, UploadRequest, UploadTerms};
use reqwest::Method;
use serde_json::{Value, json};
use tests::ledgers::{distinct, ledger};
use tests::user::{LEDGER, User};

use super::asker::{Answer, Asker, sent};
use super::routes::{Names, Operation, PRICES};
use crate::world::World;

/// The key under which the tenant announced a file.
pub(super) const KEY: &str = "\"the-key-of-an-upload\"";
/// The file that is in the export's address.
pub(super) const EXPORT: &str = "transactions.csv";
/// Bytes of the part that is held.
const HELD_BYTES: u64 = 1_000;
/// What changes by itself, or is signed anew in each answer.
const FLEETING: [&str; 5] = [
    "poll_after_seconds",
    "expires_at",
    "url",
    "headers",
    "request_id",
];

/// The tenant and what it has.
pub(super) struct Belongings {
    pub(super) asker: Asker,
    pub(super) user: User,
    pub(super) jobs: Vec<String>,
    pub(super) cursors: Vec<String>,
    pub(super) identities: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) revision: String,
    /// The bytes of its ledger's file.
    pub(super) file: Vec<u8>,
    /// Addresses signed for it.
    pub(super) signed: Vec<Signed>,
}

/// Answers by what was asked: status and body.
pub(super) type Read = BTreeMap<String, (u16, Value)>;

/// A signed address, and what belongs to it.
pub(super) struct Signed {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Belongings {
    /// Lets a tenant come to all of it.
    pub(super) async fn of(world: &World, tenant: &str, operations: &[Operation]) -> Self {
        let mut file = ledger(71, 80).csv();
        file.extend_from_slice(b"this is no date,1,BTC,,,,,,,,,,\n");
        let mut all = Self {
            asker: Asker::of(world, tenant),
            user: User::named(&world.stack, tenant),
            jobs: Vec::new(),
            cursors: Vec::new(),
            identities: Vec::new(),
            tags: Vec::new(),
            revision: String::new(),
            file,
            signed: Vec::new(),
        };
        all.compute().await;
        all.announce().await;
        all.say_of_rows().await;
        let hook = json!({"url": "https://hooks.example.com/millrace"});
        let put = all.asker.request(Method::PUT, "/v1/webhook").json(&hook);
        assert_eq!(sent(put).await.status, 201);
        all.collect(operations).await;
        all
    }

    /// Prices, settings, a file with a refused row, one that is taken out again, one that fails.
    async fn compute(&mut self) {
        self.jobs
            .push(self.user.price(PRICES.as_bytes()).await.job_id);
        let path = format!("/v1/ledgers/{LEDGER}/settings");
        let put = self.asker.request(Method::PUT, &path);
        let put = sent(put.json(&json!({"method": "hifo"}))).await;
        self.ended(&put).await;
        let kept = self.user.ingest("kept.csv", &self.file).await;
        assert_eq!(kept.counts.rejected, 1, "{kept:?}");
        self.jobs.push(kept.job_id);
        let undone = self
            .user
            .ingest("undone.csv", &distinct(72, 20).csv())
            .await;
        let undo = self
            .user
            .client
            .undo(&undone.job_id)
            .await
            .expect("an undo");
        self.user.end_of(&undo.job_id).await;
        self.jobs.extend([undone.job_id, undo.job_id]);
        let failed = self.user.upload("failed.csv", b"Hue,Size\nred,1\n").await;
        assert_eq!(self.user.end_of(&failed.job_id).await.state, "failed");
        self.jobs.push(failed.job_id);
    }

    /// Files that are announced: one in one PUT, one of which a part is here, one given up.
    async fn announce(&mut self) {
        let announced = self.user.request("awaited.csv", b"awaited").await;
        let post = self.asker.request(Method::POST, "/v1/uploads");
        let post = post.header("idempotency-key", KEY).json(&announced);
        let awaited = sent(post).await;
        assert_eq!(awaited.status, 201, "{awaited:?}");
        self.jobs.push(job_of(&awaited));
        let awaited: UploadAnswer = serde_json::from_str(&awaited.body).expect("an answer");
        let Some(UploadTerms::Single(put)) = awaited.upload else {
            panic!("{awaited:?}")
        };
        self.signed.push(Signed {
            method: Method::PUT,
            url: put.url,
            headers: put.headers,
            body: b"awaited".to_vec(),
        });
        let given_up = self.user.request("given-up.csv", b"given up").await;
        let given_up = self.user.client.announce(&given_up).await.expect("a job");
        let cancelled = self.user.client.cancel(&given_up.job_id).await;
        cancelled.expect("an end");
        self.jobs.push(given_up.job_id);

        let large = UploadRequest {
            filename: "parts.csv".to_owned(),
            size: MIN_PART_BYTES + HELD_BYTES,
            sha256: "ab".repeat(32),
            ledger: LEDGER.to_owned(),
            ..UploadRequest::default()
        };
        let large = self.user.client.announce(&large).await.expect("a job");
        let Some(UploadTerms::Multipart(parts)) = &large.upload else {
            panic!("{large:?}")
        };
        let [first, second] = parts.parts.as_slice() else {
            panic!("{parts:?}")
        };
        let held = self.user.file("part", &[b'x'; HELD_BYTES as usize]);
        let put = self.user.client.put(&held, HELD_BYTES, &second.put).await;
        put.expect("a part");
        for part in [first, second] {
            self.signed.push(Signed {
                method: Method::PUT,
                url: part.put.url.clone(),
                headers: part.put.headers.clone(),
                body: vec![b'x'; usize::try_from(part.size).expect("a size")],
            });
        }
        self.jobs.push(large.job_id);
    }

    async fn say_of_rows(&mut self) {
        let path = format!("/v1/ledgers/{LEDGER}/transactions?limit=9");
        let rows = self.asker.get(&path).await.json();
        let rows = rows["items"].as_array().expect("rows").clone();
        let identity = |row: &Value| row["identity"].as_str().expect("an identity").to_owned();
        self.identities = rows.iter().map(identity).collect();
        let said = self.identities.iter().take(3);
        let said = said.map(|row| json!({"identity": row, "set": {"ignore": true}}));
        let said = json!({"changes": said.collect::<Vec<_>>()});
        let path = format!("/v1/ledgers/{LEDGER}/overrides");
        let put = sent(self.asker.request(Method::PUT, &path).json(&said)).await;
        self.ended(&put).await;
    }

    /// Waits for the good end of the job that an answer names.
    async fn ended(&mut self, answer: &Answer) {
        assert_eq!(answer.status, 202, "{answer:?}");
        let end = self.user.end_of(&job_of(answer)).await;
        assert!(end.succeeded(), "{end:?}");
        self.jobs.push(end.job_id);
    }

    /// The cursor of every list, the tag of every job, the newest revision, and files to download.
    async fn collect(&mut self, operations: &[Operation]) {
        let mut names = self.names();
        names.cursor = None;
        for operation in operations.iter().filter(|one| one.takes("cursor")) {
            let page = sent(operation.request(&self.asker, &names)).await;
            let cursor = page.json()["next_cursor"].as_str().map(str::to_owned);
            self.cursors
                .push(cursor.unwrap_or_else(|| panic!("one page of {operation:?}: {page:?}")));
        }
        for job in self.jobs.clone() {
            let answer = self.asker.get(&format!("/v1/jobs/{job}")).await;
            self.tags.push(answer.headers["etag"].clone());
        }
        let summary = format!("/v1/ledgers/{LEDGER}/summary");
        self.revision = self.asker.get(&summary).await.json()["revision"].to_string();
        let export = format!("/v1/ledgers/{LEDGER}/exports/{EXPORT}");
        let kept = &self.jobs[2];
        for path in [export, format!("/v1/jobs/{kept}/rejects")] {
            let answer = written(async || self.asker.get(&path).await).await;
            let url = answer.headers["location"].clone();
            self.signed.push(Signed {
                method: Method::GET,
                url,
                headers: BTreeMap::new(),
                body: Vec::new(),
            });
        }
    }

    /// Names of its own.
    fn names(&self) -> Names {
        Names {
            id: self.jobs.first().cloned().unwrap_or_default(),
            ledger: LEDGER.to_owned(),
            name: EXPORT.to_owned(),
            revision: None,
            cursor: None,
            identity: String::new(),
            tag: String::new(),
        }
    }

    /// All that can be read of it, without what changes by itself.
    pub(super) async fn read(&self, operations: &[Operation]) -> Read {
        let mut all = BTreeMap::new();
        for path in ["/v1/jobs?limit=50", "/v1/webhook", "/v1/limits"] {
            let answer = self.asker.get(path).await;
            all.insert(path.to_owned(), (answer.status, lasting(answer.json())));
        }
        for operation in operations.iter().filter(|one| one.method == Method::GET) {
            // What is not of a job is the same for each.
            let jobs = if operation.takes("id") {
                self.jobs.len()
            } else {
                1
            };
            for job in self.jobs.iter().take(jobs) {
                let names = Names {
                    id: job.clone(),
                    ..self.names()
                };
                let answer = written(async || sent(operation.request(&self.asker, &names)).await);
                let answer = answer.await;
                let what = format!("{} of {job}", operation.path);
                all.insert(what, (answer.status, lasting(answer.json())));
            }
        }
        all
    }
}

/// Asks until the file that is asked for is written.
async fn written(ask: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != 202 {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn job_of(answer: &Answer) -> String {
    let json = answer.json();
    json["job_id"].as_str().expect("a job").to_owned()
}

fn lasting(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !FLEETING.contains(&name.as_str()));
            for field in fields.values_mut() {
                *field = lasting(field.take());
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = lasting(item.take())),
        _ => {}
    }
    value
}
