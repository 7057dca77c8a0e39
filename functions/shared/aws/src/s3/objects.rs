//! The objects.

use std::ops::Range;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use ports::{ObjectHead, ObjectWriter, Objects, PortError, PortErrorKind, PutMode};

use super::writer::Writer;
use super::{Bucket, settings};
use crate::errors::port_error;

/// Bytes of a key: S3's limit.
const MAX_KEY_BYTES: usize = 1_024;
/// Bytes of an object: S3's limit. A range never has to name a later byte.
const MAX_OBJECT_BYTES: u64 = 5 * (1 << 40);

/// The objects of a bucket. It must have versions: without them nothing could be pinned (I9).
pub struct S3Objects {
    bucket: Bucket,
}

impl S3Objects {
    /// The objects of `bucket`.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        Self {
            bucket: Bucket::new(settings(config), bucket),
        }
    }
}

#[async_trait]
impl Objects for S3Objects {
    /// A put under `IfAbsent` that the SDK had to repeat may find its own first attempt, and answers
    /// `Conflict` then: the object is there, which is what the caller wanted to know.
    async fn put(&self, key: &str, body: Bytes, mode: PutMode) -> Result<String, PortError> {
        const OP: &str = "objects.put";
        check_key(OP, key)?;
        let put = self.bucket.client.put_object();
        let put = put.bucket(&self.bucket.name).key(key).body(body.into());
        let put = match mode {
            PutMode::Overwrite => put,
            PutMode::IfAbsent => put.if_none_match("*"),
        };
        let stored = put.send().await.map_err(|error| port_error(OP, &error))?;
        version(OP, stored.version_id())
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, PortError> {
        const OP: &str = "objects.get";
        check_key(OP, key)?;
        let header = range.as_ref().map(range_header).transpose()?;
        let get = self.bucket.client.get_object();
        let get = get.bucket(&self.bucket.name).key(key).set_range(header);
        let got = match get.set_version_id(version.map(Into::into)).send().await {
            Ok(got) => got,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(port_error(OP, &error)),
        };
        let Some(range) = range else {
            let body = got.body.collect().await.map_err(|_| broken_off())?;
            return Ok(Some(body.into_bytes()));
        };
        match got.content_range().map(starts_at) {
            // HTTP lets a server pass over a range and answer with everything; S3 never does.
            None => Ok(Some(cut(got.body, range).await?)),
            Some(Some(start)) if start == range.start => {
                let body = got.body.collect().await.map_err(|_| broken_off())?;
                Ok(Some(body.into_bytes()))
            }
            Some(start) => {
                let text = format!("asked for bytes from {}, got {start:?}", range.start);
                Err(PortError::invalid(OP, text))
            }
        }
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, PortError> {
        const OP: &str = "objects.head";
        check_key(OP, key)?;
        let head = self.bucket.client.head_object();
        let head = match head.bucket(&self.bucket.name).key(key).send().await {
            Ok(head) => head,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(port_error(OP, &error)),
        };
        let size = head.content_length().and_then(|n| u64::try_from(n).ok());
        Ok(Some(ObjectHead {
            size: size.ok_or_else(|| PortError::invalid(OP, "an object without a size"))?,
            version: self::version(OP, head.version_id())?,
        }))
    }

    /// A writer that is dropped leaves the parts it has sent behind, invisible; the bucket's
    /// lifecycle rule ends such uploads after a day.
    async fn create(&self, key: &str) -> Result<Box<dyn ObjectWriter>, PortError> {
        check_key("objects.create", key)?;
        Ok(Box::new(Writer::new(self.bucket.clone(), key)))
    }
}

/// The version S3 gave an object.
pub(super) fn version(op: &'static str, version: Option<&str>) -> Result<String, PortError> {
    match version {
        Some(version) if version != "null" => Ok(version.to_owned()),
        _ => {
            let reason = "the bucket keeps no versions: turn its versioning on";
            Err(PortError::bug(op, reason))
        }
    }
}

/// Keys S3 has no place for, refused before the SDK trips over them.
fn check_key(op: &'static str, key: &str) -> Result<(), PortError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let text = format!("a key has 1 to {MAX_KEY_BYTES} bytes, not {}", key.len());
        return Err(PortError::new(PortErrorKind::Reject, op, text));
    }
    Ok(())
}

/// The header for a range, whose end HTTP counts as part of it.
fn range_header(range: &Range<u64>) -> Result<String, PortError> {
    if range.is_empty() {
        return Err(PortError::bug("objects.get", "a range that holds no byte"));
    }
    let last = range.end.saturating_sub(1);
    let last = last.min(MAX_OBJECT_BYTES.max(range.start));
    Ok(format!("bytes={}-{last}", range.start))
}

/// The first byte of an answered range: `bytes 5-10/25`.
fn starts_at(header: &str) -> Option<u64> {
    let (start, _) = header.strip_prefix("bytes ")?.split_once('-')?;
    start.parse().ok()
}

fn broken_off() -> PortError {
    PortError::retry("objects.get", "the body broke off")
}

/// A range out of a whole body; no more of it is read, and none of the rest is held.
async fn cut(mut body: ByteStream, range: Range<u64>) -> Result<Bytes, PortError> {
    let (mut at, mut kept) = (0_u64, BytesMut::new());
    while at < range.end {
        let Some(piece) = body.next().await else {
            break;
        };
        let piece = piece.map_err(|_| broken_off())?;
        let place = |byte: u64| usize::try_from(byte.saturating_sub(at)).unwrap_or(usize::MAX);
        let (from, to) = (place(range.start), place(range.end).min(piece.len()));
        kept.extend_from_slice(piece.get(from..to).unwrap_or_default());
        at = at.saturating_add(piece.len() as u64);
    }
    if at <= range.start {
        let text = format!("the object has {at} bytes; byte {} is none", range.start);
        return Err(PortError::new(PortErrorKind::Reject, "objects.get", text));
    }
    Ok(kept.freeze())
}

/// Whether there is no such key or version. A version of another key is none of this one, in
/// whatever words the server says so; a delete marker's version holds nothing.
fn is_absent<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(refused) = error else {
        return false;
    };
    match refused.err().code() {
        Some("NoSuchKey" | "NoSuchVersion" | "NotFound" | "MethodNotAllowed") => true,
        Some("InvalidArgument") => {
            let message = refused.err().message().unwrap_or_default();
            message.to_ascii_lowercase().contains("version id")
        }
        Some(_) => false,
        None => refused.raw().status().as_u16() == 404,
    }
}
