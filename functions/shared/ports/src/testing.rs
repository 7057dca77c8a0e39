//! The ports in memory, for the unit tests of handlers and steps (feature `testing`, never in a
//! build that serves). The whole pipeline is tested on `embedded`, which passes the contract suite;
//! these hold just enough to see what a handler asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::ids::{Generation, JobId, LedgerRef, TurnId};
use domain::message::Queue;
use domain::read_rows::{Holding, SummaryRow, TransactionRow};
use domain::state::{BatchOutcome, Change, DoneSet, Key, Recorded, Version};
use domain::time::Instant;

use crate::tables::{Summaries, Transactions};
use crate::{
    Clock, DoneSets, DownloadSigner, Ids, ObjectHead, ObjectWriter, Objects, Outgoing, PortError,
    PutMode, PutTerms, Sender, SignedRequest, StateStore, Stored, UploadSigner,
};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state table.
#[derive(Debug, Default)]
pub struct MemoryState {
    documents: Mutex<BTreeMap<Key, Stored>>,
    sets: Mutex<BTreeMap<Key, DoneSet>>,
    conflicts: Mutex<u32>,
}

impl MemoryState {
    /// The next `times` commits meet somebody who was first.
    pub fn conflict_next(&self, times: u32) {
        *lock(&self.conflicts) = times;
    }

    /// Every document of a kind, in order of its key.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Vec<Stored> {
        lock(&self.documents)
            .values()
            .filter(|stored| stored.kind == kind)
            .cloned()
            .collect()
    }

    fn holds(&self, change: &Change) -> bool {
        let documents = lock(&self.documents);
        let version = |key: &Key| documents.get(key).map(|stored| stored.version);
        match change {
            Change::Insert { key, .. } => version(key).is_none(),
            Change::Replace {
                key,
                version: expected,
                ..
            }
            | Change::Require {
                key,
                version: expected,
            } => version(key) == Some(*expected),
            Change::Delete { .. } => true,
            Change::InsertSet(set) => !lock(&self.sets).contains_key(&set.key()),
            Change::RestartSet { key, from, .. } => lock(&self.sets)
                .get(key)
                .is_some_and(|set| set.generation == *from),
        }
    }

    fn apply(&self, change: &Change) {
        let mut documents = lock(&self.documents);
        match change {
            Change::Insert {
                key, kind, body, ..
            } => {
                let stored = Stored {
                    key: key.clone(),
                    kind: (*kind).to_owned(),
                    body: body.clone(),
                    version: Version(1),
                };
                documents.insert(key.clone(), stored);
            }
            Change::Replace {
                key,
                kind,
                body,
                version,
                ..
            } => {
                let version = Version(version.0 + 1);
                let stored = Stored {
                    key: key.clone(),
                    kind: (*kind).to_owned(),
                    body: body.clone(),
                    version,
                };
                documents.insert(key.clone(), stored);
            }
            Change::Delete { key } => {
                documents.remove(key);
            }
            Change::Require { .. } => {}
            Change::InsertSet(set) => {
                lock(&self.sets).insert(set.key(), set.clone());
            }
            Change::RestartSet { key, to, .. } => {
                let mut sets = lock(&self.sets);
                if let Some(set) = sets.remove(key) {
                    sets.insert(key.clone(), set.restarted(*to));
                }
            }
        }
    }
}

#[async_trait]
impl StateStore for MemoryState {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, PortError> {
        Ok(lock(&self.documents).get(key).cloned())
    }

    async fn list(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Stored>, PortError> {
        let documents = lock(&self.documents);
        let found = documents.values().filter(|stored| {
            let sort = stored.key.sort.as_str();
            stored.key.partition == partition
                && sort.starts_with(prefix)
                && after.is_none_or(|after| sort > after)
        });
        Ok(found.take(limit as usize).cloned().collect())
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), PortError> {
        let mut conflicts = lock(&self.conflicts);
        if *conflicts > 0 {
            *conflicts -= 1;
            return Err(PortError::conflict("state.commit", "asked to conflict"));
        }
        if let Some(failed) = changes.iter().find(|change| !self.holds(change)) {
            return Err(PortError::conflict(
                "state.commit",
                format!("does not hold: {failed:?}"),
            ));
        }
        changes.iter().for_each(|change| self.apply(change));
        Ok(())
    }
}

#[async_trait]
impl DoneSets for MemoryState {
    async fn read(&self, key: &Key) -> Result<Option<DoneSet>, PortError> {
        Ok(lock(&self.sets).get(key).cloned())
    }

    async fn record(
        &self,
        key: &Key,
        generation: Generation,
        batch: u32,
        outcome: BatchOutcome,
    ) -> Result<Recorded, PortError> {
        let mut sets = lock(&self.sets);
        let Some(set) = sets.get(key).cloned() else {
            return Err(PortError::invalid(
                "done_sets.record",
                "there is no such set",
            ));
        };
        let recorded = set.record(generation, batch, outcome);
        if let Recorded::Added(set) = &recorded {
            sets.insert(key.clone(), set.clone());
        }
        Ok(recorded)
    }
}

/// Objects; each write is a version, only the last one is kept.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects(Arc<Mutex<BTreeMap<String, (Bytes, u64)>>>);

impl MemoryObjects {
    /// Stores an object.
    pub fn store(&self, key: &str, body: impl Into<Bytes>) -> String {
        let mut objects = lock(&self.0);
        let version = objects.get(key).map_or(1, |(_, version)| version + 1);
        objects.insert(key.to_owned(), (body.into(), version));
        version.to_string()
    }

    /// An object's text; empty when it is not there.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        lock(&self.0)
            .get(key)
            .map(|(body, _)| String::from_utf8_lossy(body).into_owned())
            .unwrap_or_default()
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn put(&self, key: &str, body: Bytes, mode: PutMode) -> Result<String, PortError> {
        if mode == PutMode::IfAbsent && lock(&self.0).contains_key(key) {
            return Err(PortError::conflict("objects.put", "is there"));
        }
        Ok(self.store(key, body))
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError> {
        let objects = lock(&self.0);
        let Some((body, current)) = objects.get(key) else {
            return Ok(None);
        };
        if version.is_some_and(|version| version != current.to_string()) {
            return Ok(None);
        }
        let Some(range) = range else {
            return Ok(Some(body.clone()));
        };
        let place = |offset: u64| {
            usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(body.len())
        };
        Ok(Some(body.slice(place(range.start)..place(range.end))))
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, PortError> {
        let head = |(body, version): &(Bytes, u64)| ObjectHead {
            size: body.len() as u64,
            version: version.to_string(),
        };
        Ok(lock(&self.0).get(key).map(head))
    }

    async fn create(&self, key: &str) -> Result<Box<dyn ObjectWriter>, PortError> {
        Ok(Box::new(MemoryWriter {
            objects: self.clone(),
            key: key.to_owned(),
            written: Vec::new(),
        }))
    }
}

struct MemoryWriter {
    objects: MemoryObjects,
    key: String,
    written: Vec<u8>,
}

#[async_trait]
impl ObjectWriter for MemoryWriter {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        self.written.extend_from_slice(&piece);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<String, PortError> {
        Ok(self.objects.store(&self.key, self.written))
    }
}

/// Remembers what was sent.
#[derive(Debug, Default)]
pub struct SentMessages(Mutex<Vec<(Queue, String)>>);

impl SentMessages {
    /// Queue and body of every message, in order.
    #[must_use]
    pub fn all(&self) -> Vec<(Queue, String)> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Sender for SentMessages {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        lock(&self.0).extend(messages.iter().map(|message| (queue, message.body.clone())));
        Ok(())
    }
}

/// A clock that stands until it is set.
#[derive(Debug)]
pub struct SetClock(Mutex<Instant>);

impl SetClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the hand on.
    pub fn advance_us(&self, us: i64) {
        let mut now = lock(&self.0);
        *now = now.plus_us(us);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        *lock(&self.0)
    }
}

/// Ids that count up.
#[derive(Debug, Default)]
pub struct CountingIds(Mutex<u8>);

impl Ids for CountingIds {
    fn job_id(&self, now: Instant) -> JobId {
        let mut count = lock(&self.0);
        *count = count.wrapping_add(1);
        JobId::new(
            u64::try_from(now.0 / 1_000).unwrap_or_default(),
            &[*count; 10],
        )
    }
}

/// Signs by writing down what was to be signed.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainSigner;

fn expiry(now: Instant, valid_for: Duration) -> Instant {
    now.plus_us(i64::try_from(valid_for.as_micros()).unwrap_or(i64::MAX))
}

impl UploadSigner for PlainSigner {
    fn sign_put(
        &self,
        terms: &PutTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let headers = vec![
            ("content-type".to_owned(), terms.content_type.clone()),
            (
                "x-amz-checksum-sha256".to_owned(),
                terms.checksum_sha256.clone(),
            ),
        ];
        Ok(SignedRequest {
            url: format!("put:{}", terms.key),
            headers,
            expires_at: expiry(now, valid_for),
        })
    }
}

impl DownloadSigner for PlainSigner {
    fn sign_get(
        &self,
        key: &str,
        filename: &str,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let url = format!("get:{key}?as={filename}");
        Ok(SignedRequest {
            url,
            headers: Vec::new(),
            expires_at: expiry(now, valid_for),
        })
    }
}

type SegmentKey = (LedgerRef, TurnId, u32);

/// The table `transactions`, and how many rows were read of it.
#[derive(Debug, Default)]
pub struct MemoryTransactions {
    rows: Mutex<BTreeMap<SegmentKey, BTreeMap<u32, TransactionRow>>>,
    read: Mutex<usize>,
}

impl MemoryTransactions {
    /// Rows read so far.
    #[must_use]
    pub fn rows_read(&self) -> usize {
        *lock(&self.read)
    }
}

#[async_trait]
impl Transactions for MemoryTransactions {
    async fn write(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        first_seq: u32,
        rows: &[TransactionRow],
    ) -> Result<(), PortError> {
        let mut table = lock(&self.rows);
        table
            .entry((ledger.clone(), turn, segment))
            .or_default()
            .extend((first_seq..).zip(rows.iter().cloned()));
        Ok(())
    }

    async fn page(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        segment: u32,
        from_seq: u32,
        limit: u32,
    ) -> Result<Vec<(u32, TransactionRow)>, PortError> {
        let table = lock(&self.rows);
        let Some(rows) = table.get(&(ledger.clone(), turn, segment)) else {
            return Ok(Vec::new());
        };
        let page: Vec<_> = rows
            .range(from_seq..)
            .take(limit as usize)
            .map(|(seq, row)| (*seq, row.clone()))
            .collect();
        *lock(&self.read) += page.len();
        Ok(page)
    }
}

/// The table `summaries`.
#[derive(Debug, Default)]
pub struct MemorySummaries {
    totals: Mutex<BTreeMap<(LedgerRef, TurnId), Vec<SummaryRow>>>,
    holdings: Mutex<BTreeMap<(LedgerRef, TurnId), Vec<Holding>>>,
}

#[async_trait]
impl Summaries for MemorySummaries {
    async fn write_totals(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        totals: &[SummaryRow],
    ) -> Result<(), PortError> {
        lock(&self.totals).insert((ledger.clone(), turn), totals.to_vec());
        Ok(())
    }

    async fn write_holdings(
        &self,
        ledger: &LedgerRef,
        turn: TurnId,
        holdings: &[Holding],
    ) -> Result<(), PortError> {
        lock(&self.holdings).insert((ledger.clone(), turn), holdings.to_vec());
        Ok(())
    }

    async fn totals(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<SummaryRow>, PortError> {
        Ok(lock(&self.totals)
            .get(&(ledger.clone(), turn))
            .cloned()
            .unwrap_or_default())
    }

    async fn holdings(&self, ledger: &LedgerRef, turn: TurnId) -> Result<Vec<Holding>, PortError> {
        Ok(lock(&self.holdings)
            .get(&(ledger.clone(), turn))
            .cloned()
            .unwrap_or_default())
    }
}
