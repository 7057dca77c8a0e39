//! What the AWS SDKs send with a key of their own: signatures in headers, checksums in headers and in
//! trailers, lists. `tests/uploads` does it with the SDKs themselves; here each answer is looked at.

use aws_credential_types::Credentials as SigningKeys;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::{self, calculate_signature, generate_signing_key};

use super::*;

const BODY: &[u8] = b"date,amount\n2026-01-01,1\n";
const BUCKET: &str = "/millrace-local";
const FULL: usize = 5 * 1024 * 1024;

/// What a body in chunks is signed as.
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

/// The checksums of `BODY`, calculated by Python: zlib, hashlib, and bit by bit.
const SUMS: [(&str, &str); 5] = [
    ("x-amz-checksum-crc32", "5KGr1w=="),
    ("x-amz-checksum-crc32c", "322Heg=="),
    ("x-amz-checksum-crc64nvme", "ndSDSxbNyZk="),
    ("x-amz-checksum-sha1", "ICuPZFKt03Ls2/NcHE3w9YsZ6Yg="),
    (
        "x-amz-checksum-sha256",
        "ihpF+FWdwSY57npbQpmYdVLeGJHFq2bA2LegvyhK5uY=",
    ),
];

type Headers = Vec<(String, String)>;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let pairs = pairs.iter();
    pairs.map(|(n, v)| ((*n).into(), (*v).into())).collect()
}

fn text(answer: &HttpResponse) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The text of an element that is there once.
fn element(answer: &HttpResponse, name: &str) -> String {
    let text = text(answer);
    let (_, rest) = text.split_once(&format!("<{name}>")).expect(name);
    let (inner, _) = rest.split_once(&format!("</{name}>")).expect(name);
    inner.to_owned()
}

fn header<'a>(answer: &'a HttpResponse, name: &str) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(n, _)| n == name);
    found.map(|(_, value)| value.as_str())
}

/// A signature in headers, and what signatures of chunks go on from.
struct Signed {
    headers: Headers,
    signature: String,
    at: SystemTime,
}

impl Running {
    /// Signs as an SDK does; `payload` is what it says of the body, mostly its
    /// SHA-256.
    fn sign_headers(&self, method: &str, target: &str, extra: &Headers, payload: &str) -> Signed {
        let keys = &self.endpoint.credentials;
        let identity = SigningKeys::new(keys.access_key(), keys.secret_key(), None, None, "test");
        let identity = identity.into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let at = SystemTime::now();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("local-1")
            .name("s3")
            .time(at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = format!("{}{target}", self.base);
        let signed = extra.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let body = SignableBody::Precomputed(payload.to_owned());
        let request = SignableRequest::new(method, &url, signed, body).unwrap();
        let (instructions, signature) = sign(request, &parameters).unwrap().into_parts();
        let (added, _) = instructions.into_parts();
        let mut headers = extra.clone();
        headers.extend(added.iter().map(|h| (h.name().into(), h.value().into())));
        Signed {
            headers,
            signature,
            at,
        }
    }

    async fn ask(
        &self,
        method: &'static str,
        target: &str,
        extra: &[(&str, &str)],
        body: &[u8],
    ) -> HttpResponse {
        let hash = hex::encode(Sha256::digest(body));
        let signed = self.sign_headers(method, target, &headers(extra), &hash);
        let url = format!("{}{target}", self.base);
        self.send(method, url, signed.headers, body).await
    }

    /// A PUT whose checksum comes behind the body, whose signature covers only what comes before it.
    async fn put_in_chunks(&self, target: &str, named: &str, trailer: &str) -> HttpResponse {
        let extra = [
            ("x-amz-trailer", named),
            ("x-amz-decoded-content-length", "25"),
            ("content-encoding", "aws-chunked"),
        ];
        let signed = self.sign_headers("PUT", target, &headers(&extra), UNSIGNED_TRAILER);
        let (first, second) = BODY.split_at(10);
        let mut body = Vec::new();
        for chunk in [first, second, b""] {
            body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            if !chunk.is_empty() {
                body.extend_from_slice(b"\r\n");
            }
        }
        body.extend_from_slice(trailer.as_bytes());
        body.extend_from_slice(b"\r\n");
        let url = format!("{}{target}", self.base);
        self.send("PUT", url, signed.headers, &body).await
    }

    async fn begin(&self, key: &str) -> String {
        let target = format!("{BUCKET}/{key}?uploads=");
        let begun = self.ask("POST", &target, &[], b"").await;
        assert_eq!(begun.status, 200, "{}", text(&begun));
        element(&begun, "UploadId")
    }

    async fn holds(&self, key: &str) -> bool {
        let head = self.endpoint.store.head(key).await;
        head.unwrap().is_some()
    }
}

fn part(key: &str, upload: &str, number: u32) -> String {
    format!("{BUCKET}/{key}?partNumber={number}&uploadId={upload}")
}

async fn running() -> Running {
    Running::over(ObjectStore::in_memory().unwrap()).await
}

#[tokio::test]
async fn every_checksum_is_verified_and_answered() {
    let running = running().await;
    for (n, (name, sum)) in SUMS.into_iter().enumerate() {
        let key = format!("sums/{n}");
        let target = format!("{BUCKET}/{key}");
        let wrong = SUMS[(n + 1) % SUMS.len()].1;
        let refused = running.ask("PUT", &target, &[(name, wrong)], BODY).await;
        assert_eq!(refused.status, 400, "{name}");
        assert_eq!(element(&refused, "Code"), "BadDigest");
        assert!(!running.holds(&key).await, "{name}");
        let algorithm = name.trim_start_matches("x-amz-checksum-").to_uppercase();
        let sent = [(name, sum), ("x-amz-sdk-checksum-algorithm", &algorithm)];
        let stored = running.ask("PUT", &target, &sent, BODY).await;
        assert_eq!(stored.status, 200, "{name}: {}", text(&stored));
        assert_eq!(header(&stored, name), Some(sum));
    }
    for (md5, status) in [
        ("vq9YYb5FU8ksW4+b0rMgCg==", 200),
        ("AAAAAAAAAAAAAAAAAAAAAA==", 400),
    ] {
        let target = format!("{BUCKET}/sums/md5-{status}");
        let sent = [("content-md5", md5)];
        let answer = running.ask("PUT", &target, &sent, BODY).await;
        assert_eq!(answer.status, status);
    }
    assert!(!running.holds("sums/md5-400").await);
}

#[tokio::test]
async fn a_checksum_that_is_not_there_or_not_alone_is_refused() {
    let running = running().await;
    let target = format!("{BUCKET}/sums/odd");
    let (crc32, sha1) = (SUMS[0], SUMS[3]);
    let sdk = "x-amz-sdk-checksum-algorithm";
    for odd in [
        vec![crc32, sha1],
        vec![(sdk, "CRC32")],
        vec![sha1, (sdk, "CRC32")],
        vec![("x-amz-trailer", "x-amz-checksum-crc32")],
    ] {
        let refused = running.ask("PUT", &target, &odd, BODY).await;
        assert_eq!(refused.status, 400, "{odd:?}");
        assert_eq!(element(&refused, "Code"), "InvalidRequest", "{odd:?}");
    }
    assert!(!running.holds("sums/odd").await);
}

#[tokio::test]
async fn a_checksum_behind_the_body_is_verified() {
    let running = running().await;
    let (name, sum) = SUMS[0];
    for (trailer, status, code) in [
        (format!("{name}:{sum}\r\n"), 200, ""),
        (format!("{name}:AAAAAA==\r\n"), 400, "BadDigest"),
        (String::new(), 400, "InvalidRequest"),
        (
            format!("{}:{}\r\n", SUMS[3].0, SUMS[3].1),
            400,
            "InvalidRequest",
        ),
        (
            format!("{name}:{sum}\r\nx-other:1\r\n"),
            400,
            "InvalidRequest",
        ),
    ] {
        let target = format!("{BUCKET}/trailer/{status}");
        let answer = running.put_in_chunks(&target, name, &trailer).await;
        assert_eq!(answer.status, status, "{trailer:?}: {}", text(&answer));
        if status == 200 {
            assert_eq!(header(&answer, name), Some(sum));
        } else {
            assert_eq!(element(&answer, "Code"), code, "{trailer:?}");
        }
    }
    let target = format!("{BUCKET}/trailer/400");
    let unknown = running
        .put_in_chunks(&target, "x-note", "x-note:1\r\n")
        .await;
    assert_eq!(element(&unknown, "Code"), "NotImplemented");
    assert!(!running.holds("trailer/400").await);
    let stored = running.endpoint.store.get("trailer/200", None, None).await;
    assert_eq!(stored.unwrap().as_deref(), Some(BODY), "without its frames");
}

/// As the SDKs do over plain HTTP that sign every chunk and the trailer.
#[tokio::test]
async fn a_body_whose_chunks_and_trailer_are_signed_is_verified() {
    let running = running().await;
    let (name, sum) = SUMS[0];
    let target = format!("{BUCKET}/signed/chunks");
    let extra = headers(&[
        ("x-amz-trailer", name),
        ("x-amz-decoded-content-length", "25"),
    ]);
    for forged in [true, false] {
        let signed = running.sign_headers("PUT", &target, &extra, SIGNED_TRAILER);
        let date = signed.headers.iter().find(|(n, _)| n == "x-amz-date");
        let date = &date.unwrap().1;
        let secret = running.endpoint.credentials.secret_key();
        let key = generate_signing_key(secret, signed.at, "local-1", "s3");
        let scope = format!("{}/local-1/s3/aws4_request", &date[..8]);
        let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        let mut previous = signed.signature;
        let mut body = Vec::new();
        for chunk in [BODY, b""] {
            let said = format!(
                "AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{}\n{}",
                hash(b""),
                hash(chunk)
            );
            previous = calculate_signature(&key, said.as_bytes());
            let frame = format!("{:x};chunk-signature={previous}\r\n", chunk.len());
            body.extend_from_slice(frame.as_bytes());
            body.extend_from_slice(chunk);
            if !chunk.is_empty() {
                body.extend_from_slice(b"\r\n");
            }
        }
        let trailer = hash(format!("{name}:{sum}\n").as_bytes());
        let said = format!("AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{previous}\n{trailer}");
        let mut signature = calculate_signature(&key, said.as_bytes());
        if forged {
            signature = "0".repeat(64);
        }
        let trailer = format!("{name}:{sum}\r\nx-amz-trailer-signature:{signature}\r\n\r\n");
        body.extend_from_slice(trailer.as_bytes());
        let url = format!("{}{target}", running.base);
        let answer = running.send("PUT", url, signed.headers, &body).await;
        assert_eq!(answer.status == 200, !forged, "{}", text(&answer));
        assert_eq!(running.holds("signed/chunks").await, !forged);
    }
}

#[tokio::test]
async fn open_uploads_are_listed_by_key_page_by_page() {
    let running = running().await;
    let mut begun = Vec::new();
    for key in ["b/2", "a/1", "b/1", "b/2"] {
        begun.push((key, running.begin(key).await));
    }
    let inside: &dyn ports::Multipart = &running.endpoint;
    let ended = inside.begin("b/0", "text/csv").await.unwrap();
    inside.abort("b/0", &ended).await.unwrap();
    begun.sort();

    let whole = running
        .ask("GET", &format!("{BUCKET}?uploads="), &[], b"")
        .await;
    assert_eq!(whole.status, 200);
    let whole_text = text(&whole);
    assert!(
        whole_text.contains("<ListMultipartUploadsResult"),
        "{whole_text}"
    );
    assert_eq!(whole_text.matches("<Upload>").count(), 4);
    assert_eq!(element(&whole, "Bucket"), "millrace-local");
    assert_eq!(element(&whole, "IsTruncated"), "false");
    assert!(
        whole_text.contains("<Initiated>2026-01-01T00:00:00"),
        "{whole_text}"
    );

    let mut seen = Vec::new();
    let mut markers = String::new();
    loop {
        let target = format!("{BUCKET}/?uploads=&prefix=b%2F&max-uploads=1{markers}");
        let page = running.ask("GET", &target, &[], b"").await;
        assert_eq!(page.status, 200, "{}", text(&page));
        seen.push((element(&page, "Key"), element(&page, "UploadId")));
        if element(&page, "IsTruncated") == "false" {
            break;
        }
        let key = element(&page, "NextKeyMarker").replace('/', "%2F");
        let id = element(&page, "NextUploadIdMarker");
        markers = format!("&key-marker={key}&upload-id-marker={id}");
    }
    let expected = begun.iter().filter(|(key, _)| key.starts_with("b/"));
    let expected: Vec<_> = expected
        .map(|(k, id)| ((*k).to_owned(), id.clone()))
        .collect();
    assert_eq!(seen, expected);

    // A key alone leaves out all of its uploads.
    let behind = format!("{BUCKET}?uploads=&key-marker=b%2F1");
    let behind = running.ask("GET", &behind, &[], b"").await;
    assert_eq!(text(&behind).matches("<Upload>").count(), 2);
    for (odd, status) in [
        ("max-uploads=0", 400),
        ("delimiter=%2F", 501),
        ("encoding-type=url", 501),
    ] {
        let answer = running
            .ask("GET", &format!("{BUCKET}?uploads=&{odd}"), &[], b"")
            .await;
        assert_eq!(answer.status, status, "{odd}");
    }
}

#[tokio::test]
async fn parts_are_completed_by_the_checksums_they_came_with() {
    let running = running().await;
    let upload = running.begin(KEY).await;
    let first = vec![b'x'; FULL];
    let mut etags = Vec::new();
    for (n, body) in [(1, &first[..]), (2, BODY)] {
        let sent: &[_] = if n == 2 { &SUMS[..1] } else { &[] };
        let kept = running.ask("PUT", &part(KEY, &upload, n), sent, body).await;
        assert_eq!(kept.status, 200);
        etags.push(header(&kept, "etag").unwrap().to_owned());
    }
    let other = [(SUMS[0].0, "AAAAAA==")];
    let second = part(KEY, &upload, 2);
    let wrong = running.ask("PUT", &second, &other, BODY).await;
    assert_eq!(element(&wrong, "Code"), "BadDigest");

    let listed = format!("{BUCKET}/{KEY}?uploadId={upload}");
    let parts = running.ask("GET", &listed, &[], b"").await;
    assert_eq!(element(&parts, "ChecksumCRC32"), SUMS[0].1);
    assert_eq!(text(&parts).matches("<Part>").count(), 2);

    let document = |sum: &str| {
        let mut xml = "<CompleteMultipartUpload>".to_owned();
        for (n, etag) in etags.iter().enumerate() {
            let sum = if n == 1 { sum } else { "" };
            let number = n + 1;
            xml +=
                &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>{sum}</Part>");
        }
        xml + "</CompleteMultipartUpload>"
    };
    for (sum, extra, status) in [
        (
            "<ChecksumCRC32>AAAAAA==</ChecksumCRC32>".to_owned(),
            &[][..],
            400,
        ),
        (
            format!("<ChecksumSHA1>{}</ChecksumSHA1>", SUMS[3].1),
            &[],
            400,
        ),
        (String::new(), &SUMS[..1], 501),
        (
            format!("<ChecksumCRC32>{}</ChecksumCRC32>", SUMS[0].1),
            &[],
            200,
        ),
    ] {
        let body = document(&sum);
        let ended = running.ask("POST", &listed, extra, body.as_bytes()).await;
        assert_eq!(ended.status, status, "{sum}: {}", text(&ended));
        assert_eq!(running.holds(KEY).await, status == 200);
    }
    let gone = running
        .ask("GET", &format!("{BUCKET}?uploads="), &[], b"")
        .await;
    assert_eq!(text(&gone).matches("<Upload>").count(), 0);
}

#[tokio::test]
async fn what_is_not_done_here_is_said_and_nothing_happens() {
    let running = running().await;
    assert_eq!(running.put(KEY, b"kept").await.status, 200);
    let at = |query: &str| format!("{BUCKET}/{KEY}{query}");
    let new = format!("{BUCKET}/uploads/new");
    let copied = (
        "x-amz-copy-source",
        "/millrace-local/uploads/6c/main/job/file",
    );
    for (method, target, extra) in [
        ("DELETE", at(""), vec![]),
        ("GET", at("?acl="), vec![]),
        ("GET", at("?partNumber=1"), vec![]),
        ("GET", BUCKET.to_owned(), vec![]),
        ("GET", format!("{BUCKET}/?list-type=2"), vec![]),
        ("DELETE", BUCKET.to_owned(), vec![]),
        ("PUT", new.clone(), vec![copied]),
        ("PUT", new.clone(), vec![("x-amz-meta-note", "a")]),
        (
            "PUT",
            new.clone(),
            vec![("x-amz-server-side-encryption", "AES256")],
        ),
        (
            "PUT",
            new.clone(),
            vec![("x-amz-expected-bucket-owner", "1")],
        ),
        (
            "POST",
            format!("{new}?uploads="),
            vec![("x-amz-checksum-algorithm", "CRC32")],
        ),
    ] {
        let answer = running.ask(method, &target, &extra, b"").await;
        assert_eq!(answer.status, 501, "{method} {target}: {}", text(&answer));
        assert_eq!(element(&answer, "Code"), "NotImplemented");
    }
    assert!(running.holds(KEY).await);
    assert!(!running.holds("uploads/new").await);
}
