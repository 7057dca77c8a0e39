//! A PUT: the body streams into the store and becomes an object when length and checksum hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use s3s::dto::{ETagCondition, PutObjectInput, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};
use sha2::{Digest, Sha256};

use super::backend::refusal;
use super::{ANNOUNCED_PREFIX, Endpoint};
use crate::objects::{Condition, ObjectInfo, Terms, Unannounced, Writer};

/// Bytes of a single PUT: S3's limit.
const MAX_PUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Stores a PUT, and with it the event it owes; answers both. Whatever is wrong with the PUT,
/// nothing is stored.
pub(super) async fn receive(
    endpoint: &Endpoint,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<(ObjectInfo, Option<Unannounced>)> {
    refuse_unchecked(&request)?;
    let length = declared_length(request.input.content_length)?;
    let condition = condition(&request.input)?;
    let body = request.input.body.take();
    let input = request.input;
    let mut writer = endpoint.store.writer(&input.key).map_err(refusal)?;
    let checksum = copy(body, length, &mut writer).await?;
    verify(input.checksum_sha256.as_ref(), &checksum)?;
    let at = endpoint.clock.now();
    let announced = input.key.starts_with(ANNOUNCED_PREFIX);
    let terms = Terms {
        condition,
        content_type: input.content_type,
        checksum_sha256: input.checksum_sha256,
        announce_at: announced.then_some(at),
    };
    let info = writer.finish(terms).await.map_err(refusal)?;
    let event = announced.then(|| Unannounced {
        key: input.key,
        info: info.clone(),
        at,
    });
    Ok((info, event))
}

/// Copies exactly `length` bytes to the writer; answers their SHA-256 in base64.
pub(super) async fn copy(
    body: Option<StreamingBlob>,
    length: u64,
    writer: &mut Writer,
) -> S3Result<String> {
    let mut hash = Sha256::new();
    let mut received = 0;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|e| S3Error::with_source(S3ErrorCode::IncompleteBody, e))?;
            received += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if received > length {
                return Err(incomplete());
            }
            hash.update(&piece);
            writer.write(piece).await.map_err(refusal)?;
        }
    }
    if received != length {
        return Err(incomplete());
    }
    Ok(STANDARD.encode(hash.finalize()))
}

/// Holds a declared SHA-256 against the one that was calculated.
pub(super) fn verify(declared: Option<&String>, calculated: &str) -> S3Result<()> {
    if declared.is_some_and(|declared| declared != calculated) {
        return Err(s3_error!(
            BadDigest,
            "The SHA256 you specified did not match the calculated checksum"
        ));
    }
    Ok(())
}

/// A checksum we would not verify must not be accepted.
fn refuse_unchecked(request: &S3Request<PutObjectInput>) -> S3Result<()> {
    let input = &request.input;
    let unchecked = input.content_md5.is_some()
        || input.checksum_crc32.is_some()
        || input.checksum_crc32c.is_some()
        || input.checksum_crc64nvme.is_some()
        || input.checksum_sha1.is_some()
        || request.trailing_headers.is_some();
    if unchecked { Err(unverified()) } else { Ok(()) }
}

/// The answer to a checksum that is not looked at.
pub(super) fn unverified() -> S3Error {
    s3_error!(
        NotImplemented,
        "only the checksum x-amz-checksum-sha256 is verified here, sent as a header"
    )
}

pub(super) fn declared_length(length: Option<i64>) -> S3Result<u64> {
    let length = length.ok_or_else(|| {
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
