//! S3's answers, made up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use bytes::Bytes;
use domain::time::Instant;
use ports::{DownloadSigner, Objects, PortErrorKind, PutMode, PutTerms, UploadSigner};

use super::*;
use crate::script::{Answer, Script, http};

const STORED: Answer = Answer::Http(200, Vec::new(), String::new());

fn stored(version: &'static str) -> Answer {
    let headers = vec![("x-amz-version-id", version), ("etag", "\"e\"")];
    Answer::Http(200, headers, String::new())
}

fn error(status: u16, code: &str) -> Answer {
    http(
        status,
        &format!("<Error><Code>{code}</Code><Message>as it says</Message></Error>"),
    )
}

fn begun() -> Answer {
    http(
        200,
        "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
    )
}

fn objects(script: &Script) -> S3Objects {
    S3Objects::new(&script.config(), "bucket")
}

/// The methods and the part of each query that tells the operations apart.
fn calls(script: &Script) -> Vec<String> {
    let name = |uri: String| {
        let query = uri
            .split_once('?')
            .map_or("", |(_, query)| query)
            .to_owned();
        query
            .split('&')
            .filter(|pair| !pair.starts_with("x-id"))
            .collect::<Vec<_>>()
            .join("&")
    };
    let sent = script.sent().into_iter();
    sent.map(|one| format!("{} {}", one.method, name(one.uri)))
        .collect()
}

#[tokio::test]
async fn a_condition_is_sent_and_its_failure_is_a_conflict() {
    for (status, code) in [
        (412, "PreconditionFailed"),
        (409, "ConditionalRequestConflict"),
    ] {
        let script = Script::new([error(status, code)]);
        let put = objects(&script)
            .put("k", Bytes::new(), PutMode::IfAbsent)
            .await;
        assert_eq!(put.unwrap_err().kind, PortErrorKind::Conflict);
        assert_eq!(script.sent()[0].header("if-none-match"), Some("*"));
    }
}

#[tokio::test]
async fn a_bucket_without_versions_is_a_bug_of_the_deployment() {
    for answer in [STORED, stored("null")] {
        let script = Script::new([answer]);
        let put = objects(&script)
            .put("k", Bytes::new(), PutMode::Overwrite)
            .await;
        let error = put.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Bug, "{error}");
    }
}

#[tokio::test]
async fn a_throttled_put_is_repeated_by_the_sdk_and_then_left_to_the_caller() {
    let slow = || error(503, "SlowDown");
    let script = Script::new([slow(), stored("v1")]);
    let put = objects(&script)
        .put("k", Bytes::new(), PutMode::Overwrite)
        .await;
    assert_eq!(put.unwrap(), "v1");
    let script = Script::new([slow(), slow(), slow()]);
    let put = objects(&script)
        .put("k", Bytes::new(), PutMode::Overwrite)
        .await;
    let error = put.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Retry);
    assert_eq!(error.to_string(), "objects.put: SlowDown: as it says");
}

#[tokio::test]
async fn a_server_that_passes_over_a_range_is_cut_and_one_that_answers_another_is_refused() {
    let script = Script::new([
        http(200, "0123456789"),
        http(200, "0123456789"),
        http(200, "0"),
    ]);
    let store = objects(&script);
    let got = store.get("k", Some("v"), Some(3..7)).await.unwrap();
    assert_eq!(got.as_deref(), Some(&b"3456"[..]));
    let got = store.get("k", None, Some(8..50)).await.unwrap();
    assert_eq!(got.as_deref(), Some(&b"89"[..]));
    let behind = store.get("k", None, Some(1..2)).await.unwrap_err();
    assert_eq!(behind.kind, PortErrorKind::Reject);
    assert_eq!(script.sent()[0].header("range"), Some("bytes=3-6"));

    let other = Answer::Http(206, vec![("content-range", "bytes 0-3/10")], "0123".into());
    let got = objects(&Script::new([other]))
        .get("k", None, Some(3..7))
        .await;
    assert_eq!(got.unwrap_err().kind, PortErrorKind::Invalid);
}

#[tokio::test]
async fn a_version_that_is_not_there_is_none_however_it_is_said() {
    let invalid = "<Error><Code>InvalidArgument</Code><Message>Invalid version id specified</Message></Error>";
    for answer in [
        error(404, "NoSuchVersion"),
        error(405, "MethodNotAllowed"),
        http(400, invalid),
    ] {
        let got = objects(&Script::new([answer]))
            .get("k", Some("v"), None)
            .await;
        assert_eq!(got.unwrap(), None);
    }
    let got = objects(&Script::new([error(404, "NoSuchBucket")]))
        .get("k", None, None)
        .await;
    assert_eq!(got.unwrap_err().kind, PortErrorKind::Reject);
}

async fn write(script: &Script, bytes: usize) -> Result<String, ports::PortError> {
    let mut writer = objects(script).create("k").await.unwrap();
    writer.write(Bytes::from(vec![b'x'; bytes])).await?;
    writer.finish().await
}

#[tokio::test]
async fn less_than_a_part_is_one_put_and_more_is_an_upload_in_parts() {
    let script = Script::new([stored("v1")]);
    assert_eq!(write(&script, writer::PART_BYTES - 1).await.unwrap(), "v1");
    assert_eq!(calls(&script), ["PUT "]);

    let body = "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>";
    let whole = Answer::Http(200, vec![("x-amz-version-id", "v2")], body.to_owned());
    let script = Script::new([begun(), stored(""), stored(""), whole]);
    assert_eq!(write(&script, writer::PART_BYTES + 1).await.unwrap(), "v2");
    let parts = [
        "PUT partNumber=1&uploadId=u1",
        "PUT partNumber=2&uploadId=u1",
    ];
    assert_eq!(
        calls(&script),
        ["POST uploads", parts[0], parts[1], "POST uploadId=u1"]
    );
    let size = (writer::PART_BYTES + 1).to_string();
    assert_eq!(
        script.sent()[3].header("x-amz-mp-object-size"),
        Some(size.as_str())
    );
}

#[tokio::test]
async fn a_completion_that_answers_200_with_an_error_is_an_error_and_ends_the_upload() {
    let failed = || error(200, "InternalError");
    let script = Script::new([begun(), stored(""), failed(), failed(), failed(), STORED]);
    let error = write(&script, writer::PART_BYTES).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
    let called = calls(&script);
    assert_eq!(called.last().unwrap(), "DELETE uploadId=u1");
}

#[tokio::test]
async fn a_part_that_is_refused_ends_the_upload_and_the_writer() {
    let script = Script::new([begun(), error(403, "AccessDenied"), STORED]);
    let mut writer = objects(&script).create("k").await.unwrap();
    let piece = Bytes::from(vec![b'x'; writer::PART_BYTES]);
    let refused = writer.write(piece.clone()).await.unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Reject);
    assert_eq!(calls(&script).last().unwrap(), "DELETE uploadId=u1");
    assert_eq!(
        writer.write(piece).await.unwrap_err().kind,
        PortErrorKind::Bug
    );
    assert_eq!(writer.finish().await.unwrap_err().kind, PortErrorKind::Bug);
}

fn terms(key: &str) -> PutTerms {
    PutTerms {
        key: key.to_owned(),
        content_length: 25,
        content_type: "text/csv".to_owned(),
        checksum_sha256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
    }
}

const NOW: Instant = Instant(1_767_225_600_999_999);

#[tokio::test]
async fn a_signed_put_names_every_header_a_client_could_get_wrong() {
    let signer = S3Signer::new(&Script::default().config(), "bucket");
    let minute = Duration::from_mins(1);
    let signed = signer
        .sign_put(&terms("uploads/a b/é"), NOW, minute)
        .await
        .unwrap();
    let (place, query) = signed.url.split_once('?').unwrap();
    assert_eq!(
        place,
        "https://bucket.s3.eu-west-1.amazonaws.com/uploads/a%20b/%C3%A9"
    );
    let names = "content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256";
    assert!(
        query.contains(&format!("X-Amz-SignedHeaders={names}&")),
        "{query}"
    );
    assert!(query.contains("X-Amz-Date=20260101T000000Z"), "{query}");
    assert!(query.contains("X-Amz-Expires=60"), "{query}");
    assert!(
        !query.contains("crc32"),
        "no checksum but the one in the terms: {query}"
    );
    let mut names: Vec<_> = signed.headers.iter().map(|(name, _)| &name[..]).collect();
    names.sort_unstable();
    let expected = [
        "content-length",
        "content-type",
        "if-none-match",
        "x-amz-checksum-sha256",
    ];
    assert_eq!(names, expected);
    assert_eq!(signed.expires_at, Instant(1_767_225_660_000_000));
}

#[tokio::test]
async fn what_no_client_could_use_is_not_signed() {
    let signer = S3Signer::new(&Script::default().config(), "bucket");
    let minute = Duration::from_mins(1);
    for (key, now, valid_for) in [
        ("a/../b", NOW, minute),
        ("", NOW, minute),
        ("k", NOW, Duration::from_hours(169)),
        ("k", Instant(-1), minute),
    ] {
        let put = signer.sign_put(&terms(key), now, valid_for).await;
        assert_eq!(put.unwrap_err().kind, PortErrorKind::Bug, "{key}");
        let get = signer.sign_get(key, "f", now, valid_for).await;
        assert_eq!(get.unwrap_err().kind, PortErrorKind::Bug, "{key}");
    }
    let mut header = terms("k");
    header.content_type = "a\nb".to_owned();
    let put = signer.sign_put(&header, NOW, minute).await;
    assert_eq!(put.unwrap_err().kind, PortErrorKind::Bug);
}

#[tokio::test]
async fn keys_that_cannot_be_had_now_are_trouble_and_not_a_mistake() {
    #[derive(Debug)]
    struct Away;
    impl aws_sdk_s3::config::ProvideCredentials for Away {
        fn provide_credentials<'a>(
            &'a self,
        ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let why = "http://169.254.170.2/v2/credentials does not answer";
            let error =
                aws_credential_types::provider::error::CredentialsError::provider_error(why);
            aws_credential_types::provider::future::ProvideCredentials::ready(Err(error))
        }
    }
    let provider = aws_sdk_s3::config::SharedCredentialsProvider::new(Away);
    let config = Script::default().config().into_builder();
    let config = config.credentials_provider(provider).build();
    let signer = S3Signer::new(&config, "bucket");
    let error = signer
        .sign_put(&terms("k"), NOW, Duration::from_mins(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Retry, "{error}");
    assert!(!error.to_string().contains("://"), "{error}");
}
