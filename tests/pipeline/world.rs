//! A stack in memory with a client, and what comes out of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use embedded::faults::Faults;
use embedded::{Place, QueueFaults};
use millrace::client::{
    Accepted, Client, Endpoint, JobAnswer, UploadAnswer, UploadRequest, fingerprint,
};
use millrace::stack::{Pumping, Stack, StackConfig};
use tempfile::TempDir;

use crate::clock::Ahead;

/// The ledger of every test.
pub(crate) const LEDGER: &str = "main";

/// The files of `--out` that hold no job ids and times.
pub(crate) const RESULTS: [&str; 7] = [
    "transactions.csv",
    "disposals.csv",
    "disposals.jsonl",
    "transfers.csv",
    "issues.csv",
    "holdings.csv",
    "summary.json",
];

/// What a world is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    /// Records of a chunk.
    pub(crate) chunk_rows: u32,
    /// Rows of a segment.
    pub(crate) segment_rows: u32,
    /// Invocations at the same time.
    pub(crate) workers: usize,
    /// What the queues do to messages.
    pub(crate) queues: QueueFaults,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            chunk_rows: 100,
            segment_rows: 20_000,
            workers: 8,
            queues: QueueFaults::default(),
        }
    }
}

/// A running stack and a client of it.
pub(crate) struct World {
    /// Units of work that are made to fail.
    pub(crate) faults: Arc<Faults>,
    /// The stack.
    pub(crate) stack: Stack,
    /// The client.
    pub(crate) client: Client,
    /// The clock of the stack.
    pub(crate) clock: Arc<Ahead>,
    folder: TempDir,
}

/// The bytes of every result.
pub(crate) type Results = BTreeMap<String, Vec<u8>>;

impl World {
    /// A world whose messages move by themselves.
    pub(crate) async fn start(setup: Setup) -> Self {
        Self::with(setup, Pumping::Running).await
    }

    /// A world whose messages move when the test says so.
    pub(crate) async fn by_hand(setup: Setup) -> Self {
        Self::with(setup, Pumping::ByHand).await
    }

    async fn with(setup: Setup, pumping: Pumping) -> Self {
        let faults = Arc::new(Faults::default());
        let mut config = StackConfig::new(Place::InMemory);
        config.chunk_rows = Some(setup.chunk_rows);
        config.segment_rows = setup.segment_rows;
        config.workers = setup.workers;
        config.pumping = pumping;
        config.faults = Some(Arc::clone(&faults));
        let clock = Arc::new(Ahead::new());
        config.clock = clock.clone();
        let stack = Stack::start(config).await.expect("the stack starts");
        stack.embedded().queues.set_faults(setup.queues);
        let client = Client::new(Endpoint::local(stack.base_url().to_owned())).expect("a client");
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            faults,
            stack,
            client,
            clock,
            folder,
        }
    }

    /// Stores bytes as a file to upload.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// What a client would ask for a file.
    pub(crate) async fn request(&self, name: &str, bytes: &[u8]) -> UploadRequest {
        let print = fingerprint(&self.file(name, bytes))
            .await
            .expect("a fingerprint");
        UploadRequest {
            filename: name.to_owned(),
            size: print.size,
            sha256: print.sha256,
            ledger: LEDGER.to_owned(),
            ..UploadRequest::default()
        }
    }

    /// Uploads bytes; the job may still be running.
    pub(crate) async fn upload(&self, name: &str, bytes: &[u8]) -> UploadAnswer {
        let request = self.request(name, bytes).await;
        self.client
            .upload(&self.folder.path().join(name), &request)
            .await
            .expect("an upload")
    }

    /// Waits for a job; every answer seen on the way adds up (I3).
    pub(crate) async fn end_of(&self, job: &str) -> JobAnswer {
        self.client.wait(job, adds_up).await.expect("the job's end")
    }

    /// Uploads bytes and waits for a good end.
    pub(crate) async fn ingest(&self, name: &str, bytes: &[u8]) -> JobAnswer {
        let job = self.upload(name, bytes).await.job_id;
        let end = self.end_of(&job).await;
        assert!(end.succeeded(), "{name}: {end:?}");
        end
    }

    /// Gives the ledger its prices and waits for them.
    pub(crate) async fn price(&self, csv: &[u8]) -> JobAnswer {
        let file = self.file("prices.csv", csv);
        let Accepted { job_id } = self.client.put_prices(LEDGER, &file).await.expect("prices");
        let end = self.end_of(&job_id).await;
        assert!(end.succeeded(), "{end:?}");
        end
    }

    /// Every result file, as it is.
    pub(crate) async fn results(&self) -> Results {
        let mut results = Results::new();
        for name in RESULTS {
            let to = self.folder.path().join("out").join(name);
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("out/");
            let path = format!("/v1/ledgers/{LEDGER}/exports/{name}");
            self.client
                .download("a result", &path, &to)
                .await
                .expect(name);
            results.insert(name.to_owned(), std::fs::read(&to).expect(name));
        }
        results
    }
}

/// I3 in one answer.
pub(crate) fn adds_up(job: &JobAnswer) {
    let counts = &job.counts;
    let settled =
        counts.accepted + counts.duplicate + counts.rejected + counts.ignored + counts.failed;
    assert_eq!(
        counts.total,
        settled + counts.pending,
        "{counts:?} in state {}",
        job.state
    );
    assert!(
        !job.is_terminal || counts.pending == 0,
        "{counts:?} at the end"
    );
}

/// Results without the file and line columns, which stand last.
pub(crate) fn without_places(results: &Results) -> Results {
    results
        .iter()
        .map(|(name, bytes)| (name.clone(), strip(bytes)))
        .collect()
}

fn strip(bytes: &[u8]) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let Some(Ok(header)) = reader.records().next() else {
        return bytes.to_vec();
    };
    let columns: Vec<&str> = header.iter().collect();
    let [.., "file", "line"] = columns[..] else {
        return bytes.to_vec();
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut keep = |record: &csv::StringRecord| {
        writer
            .write_record(record.iter().take(record.len() - 2))
            .expect("a record");
    };
    keep(&header);
    reader
        .records()
        .for_each(|record| keep(&record.expect("a record")));
    writer.into_inner().expect("bytes")
}

/// Fails naming the first file and line that differ.
pub(crate) fn assert_same(left: &Results, right: &Results, what: &str) {
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        right.keys().collect::<Vec<_>>(),
        "{what}"
    );
    for (name, bytes) in left {
        if bytes != &right[name] {
            let (one, two) = (
                String::from_utf8_lossy(bytes),
                String::from_utf8_lossy(&right[name]),
            );
            let differ = one
                .lines()
                .zip(two.lines())
                .enumerate()
                .find(|(_, (one, two))| one != two);
            let lengths = (one.lines().count(), two.lines().count());
            panic!("{what}: {name} differs, {lengths:?} lines, first at {differ:?}");
        }
    }
}
