//! What signed URLs must allow and refuse, asked over HTTP of a real endpoint.

#![allow(
    clippy::expect_used,
    reason = "a suite fails by panicking, like the test that calls it"
)]

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::time::{HOUR_US, Instant};

use crate::{DownloadSigner, Objects, PortError, PutTerms, SignedRequest, UploadSigner};

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Headers beside `host`. `content-length` is there when it must be sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// Its answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl HttpResponse {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Sends requests; the suite's caller brings one, so that this crate needs no HTTP client.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request as it is and follows no redirect.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PortError>;
}

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
    a_signed_put_stores_once(world).await;
    another_length_is_refused(world).await;
    another_type_is_refused(world).await;
    another_checksum_is_refused(world).await;
    a_missing_header_is_refused(world).await;
    an_expired_url_is_refused(world).await;
    a_url_is_good_for_one_key(world).await;
    a_url_is_good_for_one_method(world).await;
    a_signed_get_downloads(world).await;
    a_changed_download_is_refused(world).await;
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

async fn another_checksum_is_refused(world: &World<'_>) {
    let key = "contract/signing/checksum.csv";
    let signed = world.put_url(key, world.now).await;
    // Other bytes under the signed checksum: the bytes are the mistake.
    assert_eq!(world.put(&signed, OTHER_BODY).await.status, 400);
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
        let answer = world.ask(method, &signed.url, &[]).await;
        assert_eq!(answer.status, 403, "{method}");
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

async fn a_changed_download_is_refused(world: &World<'_>) {
    let key = "contract/signing/private.csv";
    assert_eq!(
        world
            .put(&world.put_url(key, world.now).await, BODY)
            .await
            .status,
        200
    );
    let sign = |now| world.downloads.sign_get(key, "f.csv", now, VALID_FOR);
    let signed = sign(world.now).await.expect("a key that can be signed");
    let expired = sign(world.now.plus_us(-HOUR_US))
        .await
        .expect("a key that can be signed");
    let bare = signed.url.split('?').next().expect("a path");
    for url in [
        expired.url,
        replaced(&signed.url, "private.csv?", "once.csv?"),
        replaced(&signed.url, "f.csv", "f.exe"),
        format!("{}&versionId=1", signed.url),
        bare.to_owned(),
    ] {
        let answer = world.get(&url, &[]).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.body.windows(4).any(|w| w == b"2026"));
    }
}

fn replaced(url: &str, from: &str, to: &str) -> String {
    let changed = url.replace(from, to);
    assert_ne!(changed, url, "there is something to change");
    changed
}
