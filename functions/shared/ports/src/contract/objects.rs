//! What every `Objects` does: versions, ranges, conditions, and objects that appear whole.

#![allow(
    clippy::expect_used,
    reason = "a suite fails by panicking, like the test that calls it"
)]

use bytes::Bytes;
use futures::future::join_all;

use super::{Part, all};
use crate::{Objects, PortErrorKind, PutMode};

/// Larger than what adapters hold back or send at once.
const LARGE: usize = 9_000_000;

/// Runs the suite on a store that holds nothing under `contract/`.
///
/// # Panics
/// When the store breaks the contract.
pub async fn run(objects: &dyn Objects) {
    all(parts(objects)).await;
}

/// The suite in parts, for a server that cannot show all of them.
#[must_use]
pub fn parts(objects: &dyn Objects) -> Vec<Part<'_>> {
    vec![
        ("absent_is_none", Box::pin(absent_is_none(objects))),
        ("versions_stay", Box::pin(versions_stay(objects))),
        (
            "if_absent_stores_once",
            Box::pin(if_absent_stores_once(objects)),
        ),
        (
            "of_concurrent_puts_if_absent_one_stores",
            Box::pin(of_concurrent_puts_if_absent_one_stores(objects)),
        ),
        ("ranges_are_cut", Box::pin(ranges_are_cut(objects))),
        (
            "a_range_of_nothing_is_refused",
            Box::pin(a_range_of_nothing_is_refused(objects)),
        ),
        (
            "written_objects_appear_whole",
            Box::pin(written_objects_appear_whole(objects)),
        ),
        (
            "odd_keys_are_kept_apart",
            Box::pin(odd_keys_are_kept_apart(objects)),
        ),
        (
            "a_slash_at_the_end_is_part_of_a_key",
            Box::pin(a_slash_at_the_end_is_part_of_a_key(objects)),
        ),
        ("keys_have_a_length", Box::pin(keys_have_a_length(objects))),
    ]
}

async fn absent_is_none(objects: &dyn Objects) {
    let key = "contract/absent";
    assert_eq!(objects.head(key).await.expect("head"), None);
    assert_eq!(objects.get(key, None, None).await.expect("get"), None);
    let ranged = objects.get(key, None, Some(0..5)).await;
    assert_eq!(ranged.expect("ranged get"), None);
}

async fn versions_stay(objects: &dyn Objects) {
    let key = "contract/versions";
    let put = |body| objects.put(key, Bytes::from_static(body), PutMode::Overwrite);
    let first = put(b"first").await.expect("put");
    let second = put(b"second!").await.expect("put");
    let same = put(b"second!").await.expect("put");
    assert!(
        first != second && second != same && first != same,
        "every put makes a version"
    );
    for (version, body) in [
        (&first, &b"first"[..]),
        (&second, b"second!"),
        (&same, b"second!"),
    ] {
        let got = objects.get(key, Some(version), None).await.expect("get");
        assert_eq!(got.as_deref(), Some(body));
    }
    let current = objects.get(key, None, None).await.expect("get");
    assert_eq!(current.as_deref(), Some(&b"second!"[..]));
    let head = objects.head(key).await.expect("head").expect("is there");
    assert_eq!((head.version, head.size), (same, 7));

    // The version of one key leads to nothing under another (I9).
    let other = "contract/versions-of-another";
    let made = objects.put(other, Bytes::from_static(b"other"), PutMode::Overwrite);
    made.await.expect("put");
    let crossed = objects.get(other, Some(&first), None).await.expect("get");
    assert_eq!(crossed, None);
}

async fn if_absent_stores_once(objects: &dyn Objects) {
    let key = "contract/once";
    let put = |body| objects.put(key, Bytes::from_static(body), PutMode::IfAbsent);
    let version = put(b"first").await.expect("put");
    let refused = put(b"second").await.expect_err("the key is taken");
    assert_eq!(refused.kind, PortErrorKind::Conflict);
    let head = objects.head(key).await.expect("head").expect("is there");
    assert_eq!((head.version, head.size), (version, 5));
}

async fn of_concurrent_puts_if_absent_one_stores(objects: &dyn Objects) {
    let key = "contract/race";
    let bodies: Vec<String> = (0..8).map(|n| format!("body {n}")).collect();
    let puts = bodies.iter().map(|body| async move {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let put = objects.put(key, bytes, PutMode::IfAbsent).await;
        put.map(|version| (version, body))
    });
    let mut stored = Vec::new();
    for put in join_all(puts).await {
        match put {
            Ok(one) => stored.push(one),
            Err(error) => assert_eq!(error.kind, PortErrorKind::Conflict, "{error}"),
        }
    }
    assert_eq!(stored.len(), 1, "one was first: {stored:?}");
    for (version, body) in stored {
        let got = objects.get(key, None, None).await.expect("get");
        assert_eq!(got.as_deref(), Some(body.as_bytes()));
        let pinned = objects.get(key, Some(&version), None).await.expect("get");
        assert_eq!(pinned.as_deref(), Some(body.as_bytes()));
    }
}

async fn ranges_are_cut(objects: &dyn Objects) {
    let key = "contract/ranges";
    let body = Bytes::from_static(b"0123456789");
    let put = objects.put(key, body, PutMode::Overwrite).await;
    let version = put.expect("put");
    for (range, wanted) in [
        (0..1, "0"),
        (3..7, "3456"),
        (9..10, "9"),
        (8..50, "89"),
        (0..u64::MAX, "0123456789"),
    ] {
        for pin in [None, Some(version.as_str())] {
            let got = objects.get(key, pin, Some(range.clone())).await;
            let got = got.expect("get").expect("is there");
            assert_eq!(got, wanted.as_bytes(), "{range:?}");
        }
    }
    for behind in [10..11, 500..501] {
        let got = objects.get(key, None, Some(behind.clone())).await;
        let refused = got.expect_err("begins behind the end");
        assert_eq!(refused.kind, PortErrorKind::Reject, "{behind:?}");
    }
    let nothing = objects.get(key, None, Some(4..4)).await;
    let refused = nothing.expect_err("holds no byte");
    assert_eq!(refused.kind, PortErrorKind::Bug);
}

async fn a_range_of_nothing_is_refused(objects: &dyn Objects) {
    let empty = "contract/empty";
    let put = objects.put(empty, Bytes::new(), PutMode::Overwrite).await;
    put.expect("put");
    let whole = objects.get(empty, None, None).await.expect("get");
    assert_eq!(whole, Some(Bytes::new()));
    let got = objects.get(empty, None, Some(0..1)).await;
    assert_eq!(
        got.expect_err("nothing to range over").kind,
        PortErrorKind::Reject
    );
}

async fn written_objects_appear_whole(objects: &dyn Objects) {
    let key = "contract/written";
    let abandoned = objects.create(key).await;
    let mut abandoned = abandoned.expect("create");
    let piece = Bytes::from(vec![b'x'; LARGE]);
    abandoned.write(piece).await.expect("write");
    assert_eq!(objects.head(key).await.expect("head"), None);
    drop(abandoned);
    assert_eq!(objects.head(key).await.expect("head"), None);

    let body: Vec<u8> = (0u8..=250).cycle().take(LARGE).collect();
    let mut writer = objects.create(key).await.expect("create");
    for piece in body.chunks(1_300_001) {
        writer.write(Bytes::new()).await.expect("write");
        let piece = Bytes::copy_from_slice(piece);
        writer.write(piece).await.expect("write");
    }
    assert_eq!(objects.head(key).await.expect("head"), None);
    let version = writer.finish().await.expect("finish");
    let got = objects.get(key, Some(&version), None).await.expect("get");
    assert!(
        got.as_deref() == Some(body.as_slice()),
        "the body is the pieces"
    );
    let middle = objects.get(key, None, Some(4_000_000..4_000_007)).await;
    let middle = middle.expect("get").expect("is there");
    assert_eq!(Some(middle.as_ref()), body.get(4_000_000..4_000_007));

    let small = "contract/written-empty";
    let writer = objects.create(small).await.expect("create");
    writer.finish().await.expect("finish");
    let head = objects.head(small).await.expect("head").expect("is there");
    assert_eq!(head.size, 0);
}

async fn odd_keys_are_kept_apart(objects: &dyn Objects) {
    let keys = [
        "contract/odd/a b",
        "contract/odd/a+b",
        "contract/odd/a%20b",
        "contract/odd/A b",
        "contract/odd/é",
        "contract/odd/e\u{301}",
        "contract/odd/'; DROP TABLE objects; --",
    ];
    for key in keys {
        let body = Bytes::from(key.to_owned());
        let put = objects.put(key, body, PutMode::IfAbsent).await;
        put.expect("put");
    }
    for key in keys {
        let got = objects.get(key, None, None).await.expect("get");
        assert_eq!(got.as_deref(), Some(key.as_bytes()));
    }
}

async fn a_slash_at_the_end_is_part_of_a_key(objects: &dyn Objects) {
    let keys = ["contract/slash", "contract/slash/"];
    for key in keys {
        let body = Bytes::from(key);
        let put = objects.put(key, body, PutMode::IfAbsent).await;
        put.expect("put");
    }
    for key in keys {
        let got = objects.get(key, None, None).await.expect("get");
        assert_eq!(got.as_deref(), Some(key.as_bytes()));
    }
}

async fn keys_have_a_length(objects: &dyn Objects) {
    // In pieces for which a server over a file system has names.
    let pieces = "k".repeat(199) + "/";
    let longest = format!("contract/{}{}", pieces.repeat(5), "k".repeat(15));
    assert_eq!(longest.len(), 1_024);
    let put = objects.put(&longest, Bytes::new(), PutMode::Overwrite);
    put.await.expect("1,024 bytes are a key");
    for bad in [String::new(), format!("{longest}k")] {
        let put = objects.put(&bad, Bytes::new(), PutMode::Overwrite).await;
        assert_eq!(put.expect_err("no key of S3").kind, PortErrorKind::Reject);
        let got = objects.get(&bad, None, None).await;
        assert_eq!(got.expect_err("no key of S3").kind, PortErrorKind::Reject);
    }
}
