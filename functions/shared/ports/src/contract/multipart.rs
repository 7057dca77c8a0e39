//! What uploads in parts must do: begun and ended by the port, sent by a client to signed URLs.

use std::time::Duration;

use bytes::Bytes;
use domain::time::{HOUR_US, Instant};

use super::http::{HttpClient, HttpRequest, HttpResponse};
use super::{Part, all};
use crate::{
    DownloadSigner, HeldPart, Multipart, Objects, PartTerms, Parted, PortErrorKind, SignedRequest,
    UploadSigner,
};

/// An endpoint under test.
pub struct World<'a> {
    /// The uploads.
    pub multipart: &'a dyn Multipart,
    /// Signs their parts.
    pub uploads: &'a dyn UploadSigner,
    /// Signs downloads of what they became.
    pub downloads: &'a dyn DownloadSigner,
    /// The same bucket from the inside. It holds nothing under `contract/multipart/`.
    pub objects: &'a dyn Objects,
    /// Reaches the endpoint.
    pub client: &'a dyn HttpClient,
    /// The time now; endpoints compare with their own clock.
    pub now: Instant,
}

/// The least a part may have that is not the last.
const FULL: usize = 5 * 1024 * 1024;
/// The SHA-256 of nothing.
const EMPTY_SHA256: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const VALID_FOR: Duration = Duration::from_mins(5);

/// Runs the suite.
///
/// # Panics
/// When the endpoint, the port or the signer breaks the contract.
pub async fn run(world: &World<'_>) {
    all(parts(world)).await;
}

/// The suite in parts, for a server that cannot show all of them.
#[must_use]
pub fn parts<'a>(world: &'a World<'_>) -> Vec<Part<'a>> {
    vec![
        (
            "parts_become_one_object_once",
            Box::pin(parts_become_one_object_once(world)),
        ),
        (
            "a_part_sent_again_takes_the_others_place",
            Box::pin(a_part_sent_again_takes_the_others_place(world)),
        ),
        (
            "a_part_too_small_is_a_conflict",
            Box::pin(a_part_too_small_is_a_conflict(world)),
        ),
        (
            "an_aborted_upload_is_gone",
            Box::pin(an_aborted_upload_is_gone(world)),
        ),
        (
            "an_upload_nobody_began_is_gone",
            Box::pin(an_upload_nobody_began_is_gone(world)),
        ),
        (
            "a_taken_key_keeps_its_object",
            Box::pin(a_taken_key_keeps_its_object(world)),
        ),
        (
            "a_signed_part_takes_what_was_signed_and_nothing_else",
            Box::pin(a_signed_part_takes_what_was_signed_and_nothing_else(world)),
        ),
        (
            "another_checksum_than_a_parts_own_is_refused",
            Box::pin(another_checksum_than_a_parts_own_is_refused(world)),
        ),
        (
            "a_part_cannot_change_the_type",
            Box::pin(a_part_cannot_change_the_type(world)),
        ),
        (
            "a_parts_url_ends_with_its_upload",
            Box::pin(a_parts_url_ends_with_its_upload(world)),
        ),
        (
            "an_expired_part_is_refused",
            Box::pin(an_expired_part_is_refused(world)),
        ),
    ]
}

impl World<'_> {
    async fn begin(&self, key: &str) -> String {
        let begun = self.multipart.begin(key, "text/csv").await;
        begun.expect("an upload")
    }

    async fn sign(&self, key: &str, upload: &str, number: u32, length: usize) -> SignedRequest {
        self.sign_at(key, upload, number, length, self.now).await
    }

    async fn sign_at(
        &self,
        key: &str,
        upload: &str,
        number: u32,
        length: usize,
        now: Instant,
    ) -> SignedRequest {
        let terms = PartTerms {
            key: key.to_owned(),
            upload: upload.to_owned(),
            number,
            content_length: length as u64,
        };
        let signed = self.uploads.sign_part(&terms, now, VALID_FOR).await;
        signed.expect("terms that can be signed")
    }

    async fn send(&self, method: &'static str, url: &str, body: Bytes) -> HttpResponse {
        self.send_with(method, url, None, body).await
    }

    /// The same with one header more than was signed.
    async fn send_with(
        &self,
        method: &'static str,
        url: &str,
        header: Option<(&str, &str)>,
        body: Bytes,
    ) -> HttpResponse {
        let mut headers = vec![("content-length".to_owned(), body.len().to_string())];
        headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let request = HttpRequest {
            method,
            url: url.to_owned(),
            headers,
            body,
        };
        self.client.send(request).await.expect("an answer")
    }

    /// Sends a part of one repeated byte.
    async fn put(&self, key: &str, upload: &str, number: u32, byte: u8, length: usize) {
        let signed = self.sign(key, upload, number, length).await;
        let stored = self.send("PUT", &signed.url, body(byte, length)).await;
        assert_eq!(stored.status, 200);
        assert!(stored.header("etag").is_some(), "a part gets an ETag");
    }

    async fn look(&self, key: &str, upload: &str) -> Parted {
        self.multipart.look(key, upload).await.expect("a look")
    }

    async fn held(&self, key: &str, upload: &str) -> Vec<HeldPart> {
        match self.look(key, upload).await {
            Parted::Open(held) => held,
            ended => panic!("the upload is {ended:?}"),
        }
    }

    async fn complete(&self, key: &str, upload: &str, parts: &[HeldPart]) -> Parted {
        let completed = self.multipart.complete(key, upload, parts).await;
        completed.expect("a completed upload")
    }

    async fn holds(&self, key: &str) -> bool {
        self.objects.head(key).await.expect("head").is_some()
    }

    async fn range(&self, key: &str, range: std::ops::Range<u64>) -> Vec<u8> {
        let read = self.objects.get(key, None, Some(range)).await;
        read.expect("get").expect("the object").to_vec()
    }
}

fn body(byte: u8, length: usize) -> Bytes {
    Bytes::from(vec![byte; length])
}

fn numbers(held: &[HeldPart]) -> Vec<(u32, u64)> {
    held.iter().map(|part| (part.number, part.size)).collect()
}

async fn parts_become_one_object_once(world: &World<'_>) {
    let key = "contract/multipart/once.csv";
    let upload = world.begin(key).await;
    assert_eq!(world.look(key, &upload).await, Parted::Open(Vec::new()));
    // In any order, and with a gap until the end.
    world.put(key, &upload, 3, b'c', 7).await;
    world.put(key, &upload, 1, b'a', FULL).await;
    assert_eq!(
        numbers(&world.held(key, &upload).await),
        [(1, FULL as u64), (3, 7)]
    );
    world.put(key, &upload, 2, b'b', FULL + 1).await;
    assert!(!world.holds(key).await, "nothing is seen before the end");

    let held = world.held(key, &upload).await;
    let whole = 2 * FULL as u64 + 8;
    assert_eq!(
        numbers(&held),
        [(1, FULL as u64), (2, FULL as u64 + 1), (3, 7)]
    );
    assert_eq!(world.complete(key, &upload, &held).await, Parted::Stored);
    let head = world
        .objects
        .head(key)
        .await
        .expect("head")
        .expect("the object");
    assert_eq!(head.size, whole);
    let full = FULL as u64;
    assert_eq!(world.range(key, full - 2..full + 2).await, b"aabb");
    assert_eq!(world.range(key, whole - 8..whole).await, b"bccccccc");

    // Again, as after an answer that got lost: the same object.
    assert_eq!(world.complete(key, &upload, &held).await, Parted::Stored);
    assert_eq!(world.look(key, &upload).await, Parted::Stored);
    let abort = world.multipart.abort(key, &upload).await;
    abort.expect("an abort that comes too late");
    let again = world
        .objects
        .head(key)
        .await
        .expect("head")
        .expect("the object");
    assert_eq!(again.version, head.version);
}

async fn a_part_sent_again_takes_the_others_place(world: &World<'_>) {
    let key = "contract/multipart/again.csv";
    let upload = world.begin(key).await;
    world.put(key, &upload, 1, b'x', 3).await;
    let first = world.held(key, &upload).await;
    world.put(key, &upload, 1, b'y', 4).await;
    let second = world.held(key, &upload).await;
    assert_eq!(numbers(&second), [(1, 4)]);
    // The list of before names a part that is not there any more.
    let stale = world.multipart.complete(key, &upload, &first).await;
    assert_eq!(
        stale.expect_err("a stale list").kind,
        PortErrorKind::Conflict
    );
    assert!(!world.holds(key).await);
    assert_eq!(world.complete(key, &upload, &second).await, Parted::Stored);
    assert_eq!(world.range(key, 0..4).await, b"yyyy");
}

async fn a_part_too_small_is_a_conflict(world: &World<'_>) {
    let key = "contract/multipart/small.csv";
    let upload = world.begin(key).await;
    world.put(key, &upload, 1, b'a', 9).await;
    world.put(key, &upload, 2, b'b', 9).await;
    let held = world.held(key, &upload).await;
    let refused = world.multipart.complete(key, &upload, &held).await;
    assert_eq!(
        refused.expect_err("too small").kind,
        PortErrorKind::Conflict
    );
    assert!(!world.holds(key).await);
    world.multipart.abort(key, &upload).await.expect("an abort");
}

async fn an_aborted_upload_is_gone(world: &World<'_>) {
    let key = "contract/multipart/aborted.csv";
    let upload = world.begin(key).await;
    world.put(key, &upload, 1, b'a', 9).await;
    let held = world.held(key, &upload).await;
    let signed = world.sign(key, &upload, 2, 9).await;
    for _ in 0..2 {
        world.multipart.abort(key, &upload).await.expect("an abort");
        assert_eq!(world.look(key, &upload).await, Parted::Gone);
    }
    assert_eq!(world.complete(key, &upload, &held).await, Parted::Gone);
    assert_eq!(
        world.send("PUT", &signed.url, body(b'b', 9)).await.status,
        404
    );
    assert!(!world.holds(key).await);
    // Another upload of the key is not concerned.
    let next = world.begin(key).await;
    assert_ne!(next, upload);
    assert_eq!(world.look(key, &next).await, Parted::Open(Vec::new()));
    world.multipart.abort(key, &next).await.expect("an abort");
}

async fn an_upload_nobody_began_is_gone(world: &World<'_>) {
    let mine = "contract/multipart/mine.csv";
    let upload = world.begin(mine).await;
    let other = "contract/multipart/yours.csv";
    for (key, id) in [(other, "none"), (other, upload.as_str())] {
        assert_eq!(world.look(key, id).await, Parted::Gone, "{id}");
        world.multipart.abort(key, id).await.expect("an abort");
    }
    assert_eq!(world.look(mine, &upload).await, Parted::Open(Vec::new()));
    world
        .multipart
        .abort(mine, &upload)
        .await
        .expect("an abort");
}

async fn a_taken_key_keeps_its_object(world: &World<'_>) {
    let key = "contract/multipart/taken.csv";
    let upload = world.begin(key).await;
    world.put(key, &upload, 1, b'n', 3).await;
    let held = world.held(key, &upload).await;
    let first = Bytes::from_static(b"first");
    let mode = crate::PutMode::IfAbsent;
    let version = world.objects.put(key, first, mode).await.expect("a put");
    assert_eq!(world.complete(key, &upload, &held).await, Parted::Stored);
    let head = world
        .objects
        .head(key)
        .await
        .expect("head")
        .expect("the object");
    assert_eq!((head.version, head.size), (version, 5));
    world.multipart.abort(key, &upload).await.expect("an abort");
}

async fn a_signed_part_takes_what_was_signed_and_nothing_else(world: &World<'_>) {
    let key = "contract/multipart/signed.csv";
    let upload = world.begin(key).await;
    let signed = world.sign(key, &upload, 1, 9).await;
    for length in [0, 8, 10] {
        let answer = world.send("PUT", &signed.url, body(b'a', length)).await;
        assert_eq!(answer.status, 403, "{length} bytes");
    }
    for (from, to) in [
        ("partNumber=1", "partNumber=2"),
        ("signed.csv", "other.csv"),
        (upload.as_str(), "another"),
    ] {
        let url = signed.url.replace(from, to);
        // An id with signs that a URL escapes is not found as it is.
        if url != signed.url {
            let answer = world.send("PUT", &url, body(b'a', 9)).await;
            assert_eq!(answer.status, 403, "{from} as {to}");
        }
    }
    for method in ["GET", "DELETE", "POST"] {
        let answer = world.send(method, &signed.url, Bytes::new()).await;
        let refused = answer.status == 403 || (method == "POST" && answer.status == 405);
        assert!(refused, "{method}: {}", answer.status);
    }
    let bare = signed.url.split("X-Amz-").next().expect("a path");
    let bare = bare.trim_end_matches('&');
    assert_eq!(world.send("PUT", bare, body(b'a', 9)).await.status, 403);
    assert_eq!(world.look(key, &upload).await, Parted::Open(Vec::new()));
    assert_eq!(
        world.send("PUT", &signed.url, body(b'a', 9)).await.status,
        200
    );
    world.multipart.abort(key, &upload).await.expect("an abort");
}

async fn another_checksum_than_a_parts_own_is_refused(world: &World<'_>) {
    let key = "contract/multipart/checksum.csv";
    let upload = world.begin(key).await;
    let signed = world.sign(key, &upload, 1, 9).await;
    for other in [
        ("x-amz-checksum-sha256", EMPTY_SHA256),
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ] {
        let answer = world.send_with("PUT", &signed.url, Some(other), body(b'a', 9));
        let status = answer.await.status;
        // For a header that nobody signed, or for the bytes that are not those it speaks of.
        assert!(matches!(status, 400 | 403), "{}: {status}", other.0);
    }
    assert_eq!(world.look(key, &upload).await, Parted::Open(Vec::new()));
    world.multipart.abort(key, &upload).await.expect("an abort");
}

/// The type of an upload in parts is said where it is begun: a part's header is nobody's business.
async fn a_part_cannot_change_the_type(world: &World<'_>) {
    let key = "contract/multipart/type.csv";
    let upload = world.begin(key).await;
    let signed = world.sign(key, &upload, 1, 9).await;
    let other = Some(("content-type", "text/html"));
    let answer = world.send_with("PUT", &signed.url, other, body(b'a', 9));
    let status = answer.await.status;
    if status != 200 {
        assert_eq!(status, 403, "refused is as good");
        world.put(key, &upload, 1, b'a', 9).await;
    }
    let held = world.held(key, &upload).await;
    assert_eq!(world.complete(key, &upload, &held).await, Parted::Stored);
    let now = world.now;
    let download = world.downloads.sign_get(key, "f.csv", now, VALID_FOR).await;
    let download = download.expect("a key that can be signed");
    let whole = world.send("GET", &download.url, Bytes::new()).await;
    assert_eq!((whole.status, &whole.body), (200, &body(b'a', 9)));
    assert_eq!(whole.header("content-type"), Some("text/csv"));
}

async fn a_parts_url_ends_with_its_upload(world: &World<'_>) {
    let key = "contract/multipart/after.csv";
    let upload = world.begin(key).await;
    let signed = world.sign(key, &upload, 1, 9).await;
    let stored = world.send("PUT", &signed.url, body(b'a', 9)).await;
    assert_eq!(stored.status, 200);
    let held = world.held(key, &upload).await;
    assert_eq!(world.complete(key, &upload, &held).await, Parted::Stored);
    let head = world.objects.head(key).await.expect("head");
    // The URL lives on; what it was for does not.
    let again = world.send("PUT", &signed.url, body(b'b', 9)).await;
    assert_eq!(again.status, 404);
    assert_eq!(world.look(key, &upload).await, Parted::Stored);
    assert_eq!(world.objects.head(key).await.expect("head"), head);
    assert_eq!(world.range(key, 0..9).await, b"aaaaaaaaa");
}

async fn an_expired_part_is_refused(world: &World<'_>) {
    let key = "contract/multipart/expired.csv";
    let upload = world.begin(key).await;
    let hour_ago = world.now.plus_us(-HOUR_US);
    let signed = world.sign_at(key, &upload, 1, 9, hour_ago).await;
    assert_eq!(
        world.send("PUT", &signed.url, body(b'a', 9)).await.status,
        403
    );
    assert_eq!(world.look(key, &upload).await, Parted::Open(Vec::new()));
    world.multipart.abort(key, &upload).await.expect("an abort");
}
