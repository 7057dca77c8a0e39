//! A PUT: the body streams into the store and becomes an object when length and checksum hold.

use futures::StreamExt;
use s3s::dto::{ETagCondition, PutObjectInput, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::backend::refusal;
use super::checks::Checks;
use super::{ANNOUNCED_PREFIX, Endpoint};
use crate::checksum::{Algorithm, Checksum};
use crate::objects::{Condition, ObjectInfo, Terms, Unannounced, Writer};

/// Bytes of a single PUT: S3's limit.
const MAX_PUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// A PUT that was stored.
pub(super) struct Received {
    pub(super) info: ObjectInfo,
    /// The event it owes.
    pub(super) event: Option<Unannounced>,
    /// The checksum it came with.
    pub(super) checksum: Option<Checksum>,
}

/// Stores a PUT, and with it the event it owes. Whatever is wrong with the PUT, nothing is stored.
pub(super) async fn receive(
    endpoint: &Endpoint,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<Received> {
    let checks = Checks::of(&request)?;
    let length = declared_length(&request, request.input.content_length)?;
    let condition = condition(&request.input)?;
    let body = request.input.body.take();
    let input = request.input;
    let mut writer = endpoint.store.writer(&input.key).map_err(refusal)?;
    let checksum = copy(body, length, &mut writer, checks).await?;
    let sha256 = checksum
        .clone()
        .filter(|checksum| checksum.algorithm == Algorithm::Sha256);
    let at = endpoint.clock.now();
    let announced = input.key.starts_with(ANNOUNCED_PREFIX);
    let terms = Terms {
        condition,
        content_type: input.content_type,
        checksum_sha256: sha256.map(|checksum| checksum.value),
        announce_at: announced.then_some(at),
    };
    let info = writer.finish(terms).await.map_err(refusal)?;
    let event = announced.then(|| Unannounced {
        key: input.key,
        info: info.clone(),
        at,
    });
    Ok(Received {
        info,
        event,
        checksum,
    })
}

/// Copies exactly `length` bytes to the writer and holds them against what was declared of them;
/// answers their checksum, if one was.
pub(super) async fn copy(
    body: Option<StreamingBlob>,
    length: u64,
    writer: &mut Writer,
    mut checks: Checks,
) -> S3Result<Option<Checksum>> {
    let mut received = 0;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| S3Error::with_source(S3ErrorCode::IncompleteBody, e))?;
            received += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if received > length {
                return Err(incomplete());
            }
            checks.update(&piece);
            writer.write(piece).await.map_err(refusal)?;
        }
    }
    if received != length {
        return Err(incomplete());
    }
    checks.verify()
}

/// Bytes of the body, without the frames that it may come in.
pub(super) fn declared_length<T>(request: &S3Request<T>, length: Option<i64>) -> S3Result<u64> {
    let decoded = request.headers.get("x-amz-decoded-content-length");
    let decoded = decoded.filter(|_| request.trailing_headers.is_some());
    let decoded = decoded.and_then(|length| length.to_str().ok()?.parse().ok());
    let length = decoded.or(length).ok_or_else(|| {
        s3_error!(
            MissingContentLength,
            "You must provide the Content-Length HTTP header"
        )
    })?;
    let length = u64::try_from(length).map_err(|_| incomplete())?;
    if length > MAX_PUT_BYTES {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size"
        ));
    }
    Ok(length)
}

fn condition(input: &PutObjectInput) -> S3Result<Condition> {
    match (&input.if_none_match, &input.if_match) {
        (None, None) => Ok(Condition::Always),
        (Some(ETagCondition::Any), None) => Ok(Condition::IfAbsent),
        (None, Some(ETagCondition::ETag(etag))) => Ok(Condition::IfMatch(etag.value().to_owned())),
        _ => Err(s3_error!(
            NotImplemented,
            "a PUT takes If-None-Match: * or If-Match with an entity tag"
        )),
    }
}

fn incomplete() -> S3Error {
    s3_error!(
        IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )
}
