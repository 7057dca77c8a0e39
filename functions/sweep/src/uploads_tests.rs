//! What becomes of uploads of which nothing was heard.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::ids::{JobId, LedgerRef};
use domain::settings::ParseOptions;
use domain::state::{
    AwaitedUpload, Change, Job, JobKind, JobPhase, PartedUpload, Upload, Versioned,
};
use domain::time::Instant;
use ports::state::load;
use ports::testing::{CountingIds, MemoryMultipart, MemoryObjects, MemoryState, SentMessages};
use ports::{Ids, Multipart, Parted, StateStore};

use crate::uploads::PAGES;
use crate::{PAGE, Swept, sweep};

const NOW: Instant = Instant(1_700_000_000_000_000);
const HOUR_US: i64 = 3_600_000_000;
const KEY: &str = "uploads/large.csv";

#[derive(Default)]
struct World {
    state: MemoryState,
    sent: SentMessages,
    objects: MemoryObjects,
    multipart: MemoryMultipart,
}

impl World {
    /// A world with one upload in parts that is awaited until an hour from now; its id and job.
    async fn new() -> (Self, String, JobId) {
        let world = Self::default();
        let upload = world.multipart.begin(KEY, "text/csv").await.unwrap();
        let job = job(CountingIds::default().job_id(NOW), &upload);
        let awaited = AwaitedUpload {
            owner: job.owner.clone(),
            job: job.id,
            signed_at: NOW,
        };
        let changes = [
            Change::insert(&job).unwrap(),
            Change::insert(&awaited).unwrap(),
        ];
        world.state.commit(&changes).await.unwrap();
        (world, upload, job.id)
    }

    async fn sweep(&self, now: Instant) -> Swept {
        let (state, sent) = (&self.state, &self.sent);
        sweep(state, sent, &self.objects, &self.multipart, now)
            .await
            .unwrap()
    }

    async fn job(&self, id: JobId) -> Versioned<Job> {
        let key = Job::key_of(&"local".parse().unwrap(), id);
        load(&self.state, &key).await.unwrap().unwrap()
    }

    async fn look(&self, upload: &str) -> Parted {
        self.multipart.look(KEY, upload).await.unwrap()
    }
}

fn job(id: JobId, upload: &str) -> Job {
    let owner = LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    };
    let kind = JobKind::Upload(Upload {
        filename: "large.csv".to_owned(),
        size: 1 << 30,
        sha256: String::new(),
        options: ParseOptions::default(),
        object_key: KEY.to_owned(),
        expires_at: NOW.plus_us(HOUR_US),
        records: None,
        object_version: None,
        undone_by: None,
        parts: Some(Box::new(PartedUpload {
            id: upload.to_owned(),
            part_bytes: 8 << 20,
        })),
        slot: None,
    });
    Job::new(id, owner, kind, JobPhase::AwaitingUpload, NOW)
}

#[tokio::test]
async fn an_upload_in_parts_that_never_ends_expires_and_its_parts_are_freed() {
    let (world, upload, id) = World::new().await;
    let early = world.sweep(NOW.plus_us(HOUR_US / 2)).await;
    assert_eq!(early, Swept::default());
    assert_eq!(world.look(&upload).await, Parted::Open(Vec::new()));

    assert_eq!(world.sweep(NOW.plus_us(2 * HOUR_US)).await.expired, 1);
    assert_eq!(world.job(id).await.value.phase, JobPhase::Expired);
    world.sweep(NOW.plus_us(2 * HOUR_US)).await;
    assert_eq!(world.look(&upload).await, Parted::Gone);
    assert!(world.state.of_kind("awaited_upload").is_empty());
}

#[tokio::test]
async fn a_file_that_was_put_together_is_split_and_its_upload_left_alone() {
    let (world, upload, id) = World::new().await;
    world.multipart.complete(KEY, &upload, &[]).await.unwrap();
    world.objects.store(KEY, "a,b\n");
    assert_eq!(world.sweep(NOW.plus_us(2 * HOUR_US)).await.found, 1);

    let mut job = world.job(id).await;
    job.value.phase = JobPhase::Ingesting;
    if let JobKind::Upload(upload) = &mut job.value.kind {
        upload.object_version = Some("1".to_owned());
    }
    let moved = Change::replace(&job.value, job.version).unwrap();
    world.state.commit(&[moved]).await.unwrap();
    world.sweep(NOW.plus_us(2 * HOUR_US)).await;
    assert_eq!(world.look(&upload).await, Parted::Stored);
    assert!(world.state.of_kind("awaited_upload").is_empty());
}

#[tokio::test]
async fn uploads_that_wait_hide_no_lost_event_behind_them() {
    const MINUTE_US: i64 = 60_000_000;
    let world = World::default();
    let ids = CountingIds::default();
    let many = PAGE * PAGES + 1;
    for n in 0..many {
        // Few ids are counted in one millisecond.
        let signed_at = NOW.plus_us(1_000 * i64::from(n));
        let mut waiting = job(ids.job_id(signed_at), "none");
        let JobKind::Upload(upload) = &mut waiting.kind else {
            unreachable!("an upload's job");
        };
        upload.object_key = format!("uploads/{n}");
        let awaited = AwaitedUpload {
            owner: waiting.owner.clone(),
            job: waiting.id,
            signed_at,
        };
        let changes = [
            Change::insert(&waiting).unwrap(),
            Change::insert(&awaited).unwrap(),
        ];
        world.state.commit(&changes).await.unwrap();
    }
    // The youngest is here, and nobody was told.
    world
        .objects
        .store(&format!("uploads/{}", many - 1), "a,b\n");
    let later = NOW.plus_us(10 * MINUTE_US);
    assert_eq!(world.sweep(later).await.found, 0);
    assert_eq!(world.sweep(later).await.found, 1);
    // And it begins anew.
    world.objects.store("uploads/0", "a,b\n");
    assert_eq!(world.sweep(later).await.found, 1);
    assert_eq!(
        world.sweep(later).await.found,
        1,
        "the youngest still waits"
    );
}
