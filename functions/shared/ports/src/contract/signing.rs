//! What signed URLs must allow and refuse, asked over HTTP of a real endpoint.

#![allow(
    clippy::expect_used,
    reason = "a suite fails by panicking, like the test that calls it"
)]

use std::time::Duration;

use bytes::Bytes;
use domain::time::{HOUR_US, Instant};

pub use super::http::{HttpClient, HttpRequest, HttpResponse};
use super::{Part, all};
use crate::{DownloadSigner, Objects, PutTerms, SignedRequest, UploadSigner};

/// An endpoint under test.
pub struct World<'a> {
    /// Signs the uploads.
    pub uploads: &'a dyn UploadSigner,
    /// Signs the downloads.
    pub downloads: &'a dyn DownloadSigner,
    /// The same bucket from the inside. It holds nothing under `contract/`.
    pub objects: &'a dyn Objects,
    /// Reaches the endpoint.
    pub client: &'a dyn HttpClient,
    /// The time now; endpoints compare with their own clock.
    pub now: Instant,
}

const BODY: &[u8] = b"date,amount\n2026-01-01,1\n";
const BODY_SHA256: &str = "ihpF+FWdwSY57npbQpmYdVLeGJHFq2bA2LegvyhK5uY=";
/// As long as `BODY`.
const OTHER_BODY: &[u8] = b"date,amount\n2026-01-01,2\n";
const OTHER_SHA256: &str = "4257Fss3hZu6XoeaetvpGu9aWje0kjrE9ivFXzgP0TQ=";
const CONTENT_TYPE: &str = "text/csv";
const VALID_FOR: Duration = Duration::from_mins(5);

/// Runs the suite.
///
/// # Panics
/// When the endpoint or the signer breaks the contract.
pub async fn run(world: &World<'_>) {
    all(parts(world)).await;
}

/// The suite in parts, for a server that cannot show all of them.
#[must_use]
pub fn parts<'a>(world: &'a World<'_>) -> Vec<Part<'a>> {
    vec![
        (
            "a_signed_put_stores_once",
            Box::pin(a_signed_put_stores_once(world)),
        ),
        (
            "another_length_is_refused",
            Box::pin(another_length_is_refused(world)),
        ),
        (
            "another_type_is_refused",
            Box::pin(another_type_is_refused(world)),
        ),
        (
            "another_body_is_refused",
            Box::pin(another_body_is_refused(world)),
        ),
        (
            "another_checksum_is_refused",
            Box::pin(another_checksum_is_refused(world)),
        ),
        (
            "a_missing_header_is_refused",
            Box::pin(a_missing_header_is_refused(world)),
        ),
        (
            "a_wrong_signature_is_refused",
            Box::pin(a_wrong_signature_is_refused(world)),
        ),
        (
            "an_expired_url_is_refused",
            Box::pin(an_expired_url_is_refused(world)),
        ),
        (
            "a_url_is_good_for_one_key",
            Box::pin(a_url_is_good_for_one_key(world)),
        ),
        (
            "a_url_is_good_for_one_method",
            Box::pin(a_url_is_good_for_one_method(world)),
        ),
        (
            "a_signed_get_downloads",
            Box::pin(a_signed_get_downloads(world)),
        ),
        (
            "a_signed_get_answers_ranges_and_conditions",
            Box::pin(a_signed_get_answers_ranges_and_conditions(world)),
        ),
        (
            "an_expired_download_is_refused",
            Box::pin(an_expired_download_is_refused(world)),
        ),
        (
            "a_changed_download_is_refused",
            Box::pin(a_changed_download_is_refused(world)),
        ),
        (
            "an_unsigned_request_is_refused",
            Box::pin(an_unsigned_request_is_refused(world)),
        ),
    ]
}

impl World<'_> {
    async fn put_url(&self, key: &str, now: Instant) -> SignedRequest {
        let terms = PutTerms {
            key: key.to_owned(),
            content_length: u64::try_from(BODY.len()).unwrap_or(u64::MAX),
            content_type: CONTENT_TYPE.to_owned(),
            checksum_sha256: BODY_SHA256.to_owned(),
        };
        let signed = self.uploads.sign_put(&terms, now, VALID_FOR).await;
        signed.expect("terms that can be signed")
    }

    async fn put(&self, signed: &SignedRequest, body: &'static [u8]) -> HttpResponse {
        let headers = signed.headers.iter().map(|(name, value)| {
            // Whatever was signed, a client sends the length of what it sends.
            if name.eq_ignore_ascii_case("content-length") {
                (name.clone(), body.len().to_string())
            } else {
                (name.clone(), value.clone())
            }
        });
        let request = HttpRequest {
            method: "PUT",
            url: signed.url.clone(),
            headers: headers.collect(),
            body: Bytes::from_static(body),
        };
        self.client.send(request).await.expect("an answer")
    }

    async fn get(&self, url: &str, headers: &[(&str, &str)]) -> HttpResponse {
        self.ask("GET", url, headers).await
    }

    async fn ask(&self, method: &'static str, url: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let headers = headers.iter();
        let request = HttpRequest {
            method,
            url: url.to_owned(),
            headers: headers.map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            body: Bytes::new(),
        };
        self.client.send(request).await.expect("an answer")
    }

    /// Stores an object and signs its download at `now`.
    async fn download_url(&self, key: &str, now: Instant) -> String {
        let upload = self.put_url(key, self.now).await;
        assert_eq!(self.put(&upload, BODY).await.status, 200);
        let signed = self.downloads.sign_get(key, "f.csv", now, VALID_FOR).await;
        signed.expect("a key that can be signed").url
    }

    async fn refuses_to_show(&self, url: &str) {
        let answer = self.get(url, &[]).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.body.windows(6).any(|w| w == b"amount"));
    }

    async fn holds(&self, key: &str) -> bool {
        self.objects.head(key).await.expect("head").is_some()
    }
}

/// The signed request with one header changed.
fn with_header(signed: &SignedRequest, name: &str, value: &str) -> SignedRequest {
    let mut changed = signed.clone();
    let header = changed.headers.iter_mut();
    let mut header = header.filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let (_, old) = header.next().expect("the header is among those to send");
    value.clone_into(old);
    changed
}

async fn a_signed_put_stores_once(world: &World<'_>) {
    let key = "contract/signing/once.csv";
    let signed = world.put_url(key, world.now).await;
    let before = world.now.plus_us(-1_000_000);
    let after = world.now.plus_us(5 * HOUR_US / 60);
    assert!(before < signed.expires_at && signed.expires_at <= after);

    let stored = world.put(&signed, BODY).await;
    assert_eq!(stored.status, 200);
    assert!(stored.header("etag").is_some(), "an upload gets an ETag");
    let version = stored.header("x-amz-version-id").expect("a version");
    let body = world.objects.get(key, Some(version), None).await;
    assert_eq!(body.expect("get").as_deref(), Some(BODY));

    // The URL lives on, but `If-None-Match: *` is signed with it.
    assert_eq!(world.put(&signed, BODY).await.status, 412);
    let head = world.objects.head(key).await.expect("head");
    assert_eq!(head.map(|head| head.version).as_deref(), Some(version));
}

async fn another_length_is_refused(world: &World<'_>) {
    let key = "contract/signing/length.csv";
    let signed = world.put_url(key, world.now).await;
    for body in [
        &BODY[..10],
        b"",
        b"date,amount\n2026-01-01,1\n2026-01-02,2\n",
    ] {
        assert_eq!(world.put(&signed, body).await.status, 403);
    }
    assert!(!world.holds(key).await);
}

async fn another_type_is_refused(world: &World<'_>) {
    let key = "contract/signing/type.csv";
    let signed = world.put_url(key, world.now).await;
    let changed = with_header(&signed, "content-type", "text/html");
    assert_eq!(world.put(&changed, BODY).await.status, 403);
    assert!(!world.holds(key).await);
}

async fn another_body_is_refused(world: &World<'_>) {
    let key = "contract/signing/body.csv";
    let signed = world.put_url(key, world.now).await;
    // Other bytes under the signed checksum: the bytes are the mistake.
    assert_eq!(world.put(&signed, OTHER_BODY).await.status, 400);
    assert!(!world.holds(key).await);
}

async fn another_checksum_is_refused(world: &World<'_>) {
    let key = "contract/signing/checksum.csv";
    let signed = world.put_url(key, world.now).await;
    // Other bytes under their own checksum: nobody signed that.
    let changed = with_header(&signed, "x-amz-checksum-sha256", OTHER_SHA256);
    assert_eq!(world.put(&changed, OTHER_BODY).await.status, 403);
    assert!(!world.holds(key).await);
}

async fn a_missing_header_is_refused(world: &World<'_>) {
    let key = "contract/signing/missing.csv";
    let signed = world.put_url(key, world.now).await;
    for name in ["content-type", "if-none-match", "x-amz-checksum-sha256"] {
        let mut without = signed.clone();
        without
            .headers
            .retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        assert_eq!(without.headers.len() + 1, signed.headers.len(), "{name}");
        assert_eq!(world.put(&without, BODY).await.status, 403, "{name}");
    }
    assert!(!world.holds(key).await);
}

async fn a_wrong_signature_is_refused(world: &World<'_>) {
    let key = "contract/signing/forged.csv";
    let signed = world.put_url(key, world.now).await;
    let (begin, signature) = signed
        .url
        .split_once("X-Amz-Signature=")
        .expect("a signature");
    let (signature, rest) = signature.split_at(64);
    let other = if signature.starts_with('0') { "1" } else { "0" };
    let last = signature.get(1..).expect("63 more digits");
    for forged in [format!("{other}{last}"), "0".repeat(64)] {
        let mut changed = signed.clone();
        changed.url = format!("{begin}X-Amz-Signature={forged}{rest}");
        let status = world.put(&changed, BODY).await.status;
        assert!(matches!(status, 400 | 403), "{status}");
    }
    assert!(!world.holds(key).await);
    assert_eq!(world.put(&signed, BODY).await.status, 200);
}

async fn an_expired_url_is_refused(world: &World<'_>) {
    let key = "contract/signing/expired.csv";
    let signed = world.put_url(key, world.now.plus_us(-HOUR_US)).await;
    assert_eq!(world.put(&signed, BODY).await.status, 403);
    // Nor can its holder lengthen it.
    let mut longer = world.put_url(key, world.now.plus_us(-HOUR_US)).await;
    longer.url = replaced(&longer.url, "X-Amz-Expires=300", "X-Amz-Expires=86400");
    assert_eq!(world.put(&longer, BODY).await.status, 403);
    assert!(!world.holds(key).await);
}

async fn a_url_is_good_for_one_key(world: &World<'_>) {
    let mut signed = world.put_url("contract/signing/mine.csv", world.now).await;
    signed.url = replaced(&signed.url, "/mine.csv", "/yours.csv");
    assert_eq!(world.put(&signed, BODY).await.status, 403);
    assert!(!world.holds("contract/signing/mine.csv").await);
    assert!(!world.holds("contract/signing/yours.csv").await);
}

async fn a_url_is_good_for_one_method(world: &World<'_>) {
    let key = "contract/signing/method.csv";
    let signed = world.put_url(key, world.now).await;
    assert_eq!(world.put(&signed, BODY).await.status, 200);
    for method in ["GET", "DELETE", "POST"] {
        let status = world.ask(method, &signed.url, &[]).await.status;
        // There is no such POST: an endpoint may look at that first.
        let refused = status == 403 || (method == "POST" && status == 405);
        assert!(refused, "{method}: {status}");
    }
    let download = world
        .downloads
        .sign_get(key, "f", world.now, VALID_FOR)
        .await;
    let mut download = download.expect("a key that can be signed");
    download.headers = signed.headers;
    assert_eq!(world.put(&download, BODY).await.status, 403);
    assert!(world.holds(key).await);
}

async fn a_signed_get_downloads(world: &World<'_>) {
    let key = "contract/signing/down load+é.csv";
    assert_eq!(
        world
            .put(&world.put_url(key, world.now).await, BODY)
            .await
            .status,
        200
    );
    let name = "my \"gains\"; 2026.csv";
    let signed = world
        .downloads
        .sign_get(key, name, world.now, VALID_FOR)
        .await;
    let signed = signed.expect("a key that can be signed");
    assert!(signed.headers.is_empty(), "a browser follows it as a link");

    let whole = world.get(&signed.url, &[]).await;
    assert_eq!((whole.status, &whole.body[..]), (200, BODY));
    assert_eq!(whole.header("content-type"), Some(CONTENT_TYPE));
    let disposition = whole.header("content-disposition").expect("a file name");
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert!(
        disposition.contains("filename*=UTF-8''my%20%22gains%22%3B%202026.csv"),
        "{disposition}"
    );
}

async fn a_signed_get_answers_ranges_and_conditions(world: &World<'_>) {
    let key = "contract/signing/ranges.csv";
    let upload = world.put_url(key, world.now).await;
    assert_eq!(world.put(&upload, BODY).await.status, 200);
    let signed = world.downloads.sign_get(key, "f", world.now, VALID_FOR);
    let signed = signed.await.expect("a key that can be signed");
    let whole = world.get(&signed.url, &[]).await;
    assert_eq!((whole.status, &whole.body[..]), (200, BODY));
    let part = world.get(&signed.url, &[("range", "bytes=5-10")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &BODY[5..11]));
    assert_eq!(part.header("content-range"), Some("bytes 5-10/25"));
    let behind = world.get(&signed.url, &[("range", "bytes=25-30")]).await;
    assert_eq!(behind.status, 416);

    let etag = whole.header("etag").expect("an entity tag");
    let same = world.get(&signed.url, &[("if-none-match", etag)]).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    let matching = world.get(&signed.url, &[("if-match", etag)]).await;
    assert_eq!(matching.status, 200);
    let other = world.get(&signed.url, &[("if-match", "\"other\"")]).await;
    assert_eq!(other.status, 412);
}

async fn an_expired_download_is_refused(world: &World<'_>) {
    let key = "contract/signing/late.csv";
    let before = world.now.plus_us(-HOUR_US);
    let url = world.download_url(key, before).await;
    world.refuses_to_show(&url).await;
}

async fn a_changed_download_is_refused(world: &World<'_>) {
    let key = "contract/signing/private.csv";
    let url = world.download_url(key, world.now).await;
    for changed in [
        replaced(&url, "private.csv?", "once.csv?"),
        replaced(&url, "f.csv", "f.exe"),
        format!("{url}&versionId=1"),
    ] {
        world.refuses_to_show(&changed).await;
    }
}

async fn an_unsigned_request_is_refused(world: &World<'_>) {
    let key = "contract/signing/unsigned.csv";
    let url = world.download_url(key, world.now).await;
    let bare = url.split('?').next().expect("a path");
    world.refuses_to_show(bare).await;
    let new = "contract/signing/unsigned-new.csv";
    let mut upload = world.put_url(new, world.now).await;
    let bare = upload.url.split('?').next().expect("a path").to_owned();
    upload.url = bare;
    assert_eq!(world.put(&upload, BODY).await.status, 403);
    assert!(!world.holds(new).await);
}

fn replaced(url: &str, from: &str, to: &str) -> String {
    let changed = url.replace(from, to);
    assert_ne!(changed, url, "there is something to change");
    changed
}
