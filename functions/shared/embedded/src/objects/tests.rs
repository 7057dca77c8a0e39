//! The contract on both homes, and what only this store promises.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use ports::{Objects, PortErrorKind, PutMode};

use super::{Condition, ObjectStore, Terms};
use crate::Place;

fn bytes(length: usize) -> Bytes {
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect()
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    ports::contract::objects::run(&ObjectStore::in_memory().unwrap()).await;
}

#[tokio::test]
async fn the_store_in_a_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    ports::contract::objects::run(&ObjectStore::open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn the_scratch_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    ports::contract::objects::run(&ObjectStore::open_scratch(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn a_place_has_one_store_beside_its_other_data() {
    let folder = tempfile::tempdir().unwrap();
    for place in [
        Place::Folder(folder.path().to_owned()),
        Place::Scratch(folder.path().to_owned()),
    ] {
        let store = ObjectStore::at(&place).unwrap();
        let put = store.put("k", bytes(9), PutMode::Overwrite).await;
        assert!(put.is_ok());
        assert!(folder.path().join("objects/objects.db").exists());
        let memory = ObjectStore::at(&Place::InMemory).unwrap();
        assert_eq!(memory.head("k").await.unwrap(), None);
    }
}

#[tokio::test]
async fn objects_and_versions_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (small, large) = (bytes(10), bytes(300_000));
    let store = ObjectStore::open(folder.path()).unwrap();
    let first = store
        .put("k", small.clone(), PutMode::Overwrite)
        .await
        .unwrap();
    let second = store
        .put("k", large.clone(), PutMode::Overwrite)
        .await
        .unwrap();
    drop(store);

    let store = ObjectStore::open(folder.path()).unwrap();
    assert_eq!(
        store.get("k", Some(&first), None).await.unwrap(),
        Some(small)
    );
    assert_eq!(store.get("k", None, None).await.unwrap(), Some(large));
    let third = store.put("k", bytes(1), PutMode::Overwrite).await.unwrap();
    assert!(first < second && second < third);
}

#[tokio::test]
async fn a_hostile_key_stays_inside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("store");
    let store = ObjectStore::open(&home).unwrap();
    for key in [
        "../escape",
        "/etc/escape",
        "a/../../escape",
        "C:\\escape",
        "nul\0byte",
        "..",
        "%2e%2e/escape",
    ] {
        let body = Bytes::from([key.as_bytes(), &bytes(100_000)].concat());
        store
            .put(key, body.clone(), PutMode::IfAbsent)
            .await
            .unwrap();
        assert_eq!(
            store.get(key, None, None).await.unwrap(),
            Some(body),
            "{key}"
        );
    }
    let beside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
    for entry in std::fs::read_dir(home.join("bodies")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.bytes().all(|b| b.is_ascii_digit()), "{name}");
    }
}

#[tokio::test]
async fn an_unfinished_object_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = folder.path().join("bodies");
    let store = ObjectStore::open(folder.path()).unwrap();
    let mut writer = store.writer("k").unwrap();
    writer.write(bytes(600_000)).await.unwrap();
    assert_eq!(std::fs::read_dir(&bodies).unwrap().count(), 1);
    drop(writer);
    assert_eq!(std::fs::read_dir(&bodies).unwrap().count(), 0);
    assert_eq!(store.head("k").await.unwrap(), None);
}

#[tokio::test]
async fn opening_removes_what_a_crash_left_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = folder.path().join("bodies");
    let store = ObjectStore::open(folder.path()).unwrap();
    let kept = bytes(100_000);
    store
        .put("kept", kept.clone(), PutMode::Overwrite)
        .await
        .unwrap();
    drop(store);
    std::fs::write(bodies.join("7.part"), b"half").unwrap();
    std::fs::write(bodies.join("8"), b"whole, but no row names it").unwrap();

    let store = ObjectStore::open(folder.path()).unwrap();
    assert_eq!(std::fs::read_dir(&bodies).unwrap().count(), 1);
    assert_eq!(store.get("kept", None, None).await.unwrap(), Some(kept));
}

#[tokio::test]
async fn a_refused_put_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    store
        .put("k", bytes(100_000), PutMode::IfAbsent)
        .await
        .unwrap();
    let refused = store.put("k", bytes(200_000), PutMode::IfAbsent).await;
    assert_eq!(refused.unwrap_err().kind, PortErrorKind::Conflict);
    assert_eq!(
        std::fs::read_dir(folder.path().join("bodies"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test]
async fn a_folder_belongs_to_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let _store = ObjectStore::open(folder.path()).unwrap();
    let second = ObjectStore::open(folder.path());
    assert_eq!(second.unwrap_err().kind, PortErrorKind::Retry);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("objects.db"), bytes(8192)).unwrap();
    let opened = ObjectStore::open(folder.path());
    assert_eq!(opened.unwrap_err().kind, PortErrorKind::Invalid);
}

#[tokio::test]
async fn if_match_stores_only_over_the_named_body() {
    let store = ObjectStore::in_memory().unwrap();
    let over = |etag: &str| Terms {
        condition: Condition::IfMatch(etag.to_owned()),
        ..Terms::default()
    };
    let absent = store.store("k", bytes(1), over("x")).await;
    assert_eq!(absent.unwrap_err().kind, PortErrorKind::Conflict);

    let first = store.store("k", bytes(1), Terms::default()).await.unwrap();
    let second = store.store("k", bytes(2), over(&first.etag)).await.unwrap();
    let late = store.store("k", bytes(3), over(&first.etag)).await;
    assert_eq!(late.unwrap_err().kind, PortErrorKind::Conflict);
    assert_eq!(store.info("k", None).await.unwrap(), Some(second));
}

#[tokio::test]
async fn equal_bodies_have_equal_tags_whatever_the_pieces() {
    let store = ObjectStore::in_memory().unwrap();
    let whole = store
        .store("a", bytes(700_000), Terms::default())
        .await
        .unwrap();
    let mut writer = store.writer("b").unwrap();
    for piece in bytes(700_000).chunks(1_777) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let pieces = writer.finish(Terms::default()).await.unwrap();
    assert_eq!((whole.size, &whole.etag), (700_000, &pieces.etag));
    assert_ne!(whole.version, pieces.version);
}

#[tokio::test]
async fn an_announcement_waits_through_a_restart_until_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectStore::open(folder.path()).unwrap();
    let terms = Terms {
        announce_at: Some(domain::time::Instant(7)),
        ..Terms::default()
    };
    let stored = store.store("k", bytes(3), terms).await.unwrap();
    store
        .store("silent", bytes(3), Terms::default())
        .await
        .unwrap();
    drop(store);

    let store = ObjectStore::open(folder.path()).unwrap();
    let waiting = store.unannounced().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (&waiting[0].key[..], &waiting[0].info, waiting[0].at.0),
        ("k", &stored, 7)
    );
    store.announced(&stored.version).await.unwrap();
    assert_eq!(store.unannounced().await.unwrap(), []);
}

#[allow(
    clippy::disallowed_methods,
    reason = "the test keeps the one blocking thread busy"
)]
#[test]
fn a_writer_that_lost_a_piece_cannot_finish() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = ObjectStore::open_scratch(folder.path()).unwrap();
        let mut writer = store.writer("k").unwrap();
        // The disk is busy, and the caller gives up on the second of three pieces.
        writer.write(bytes(300_000)).await.unwrap();
        let (free, busy) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || busy.recv());
        let abandoned = futures::poll!(Box::pin(writer.write(bytes(300_000))));
        assert!(abandoned.is_pending());
        drop(free);
        let late = writer.write(bytes(300_000)).await;
        assert_eq!(late.unwrap_err().kind, PortErrorKind::Retry);
        let finished = writer.finish(Terms::default()).await;
        assert_eq!(finished.unwrap_err().kind, PortErrorKind::Retry);
        assert_eq!(store.head("k").await.unwrap(), None);
    });
}

#[tokio::test]
async fn a_damaged_body_is_told_from_a_missing_object() {
    let folder = tempfile::tempdir().unwrap();
    let store = ObjectStore::open_scratch(folder.path()).unwrap();
    let put = store.put("k", bytes(100_000), PutMode::Overwrite).await;
    put.unwrap();
    let body = folder.path().join("bodies").join("1");
    std::fs::write(&body, bytes(50_000)).unwrap();
    let cut = store.get("k", None, None).await;
    assert_eq!(cut.unwrap_err().kind, PortErrorKind::Invalid);
    let ahead = store.get("k", None, Some(0..50_000)).await.unwrap();
    assert_eq!(ahead, Some(bytes(50_000)));
    std::fs::remove_file(&body).unwrap();
    let gone = store.get("k", None, None).await;
    assert_eq!(gone.unwrap_err().kind, PortErrorKind::Invalid);
}
