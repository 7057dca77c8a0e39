//! A GET: conditions, the range, and the body in pieces of the one version that was found.

use std::ops::Range;

use futures::stream;
use ports::PortError;
use s3s::dto::{self, ETag, ETagCondition, GetObjectOutput, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::objects::{ObjectInfo, ObjectStore};

/// Bytes read at once: few reads for a large object, little memory for many downloads.
const PIECE_BYTES: u64 = 1024 * 1024;

/// The conditions of a GET or HEAD (RFC 9110): 412 when `If-Match` fails, 304 when `If-None-Match`
/// names the body the client has.
pub(super) fn check(
    info: &ObjectInfo,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let names = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == info.etag,
    };
    if if_match.is_some_and(|condition| !names(condition)) {
        return Err(s3_error!(
            PreconditionFailed,
            "At least one of the pre-conditions you specified did not hold"
        ));
    }
    if if_none_match.is_some_and(names) {
        return Err(S3Error::new(S3ErrorCode::NotModified));
    }
    Ok(())
}

/// The answer to a GET. The body is read from the version in `info`, piece by piece, so that a new
/// version written meanwhile cannot mix with it (I9).
pub(super) fn send(
    store: &ObjectStore,
    key: &str,
    info: ObjectInfo,
    range: Option<dto::Range>,
) -> S3Result<GetObjectOutput> {
    let part = match range {
        Some(range) => Some(range.check(info.size)?),
        None => None,
    };
    let content_range = part.as_ref().map(|part| {
        format!(
            "bytes {}-{}/{}",
            part.start,
            part.end.saturating_sub(1),
            info.size
        )
    });
    let part = part.unwrap_or(0..info.size);
    let length = part.end.saturating_sub(part.start);
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(pieces(
            store.clone(),
            key.to_owned(),
            info.version.clone(),
            part,
        )),
        // The stored checksum is that of the whole.
        checksum_sha256: info.checksum_sha256.filter(|_| content_range.is_none()),
        content_length: Some(length.cast_signed()),
        content_range,
        content_type: info.content_type,
        e_tag: Some(ETag::Strong(info.etag)),
        version_id: Some(info.version),
        ..GetObjectOutput::default()
    })
}

fn pieces(store: ObjectStore, key: String, version: String, part: Range<u64>) -> StreamingBlob {
    let from = part.start;
    StreamingBlob::wrap(stream::try_unfold(from, move |from| {
        let (store, key, version) = (store.clone(), key.clone(), version.clone());
        let to = part.end;
        async move {
            if from >= to {
                return Ok::<_, PortError>(None);
            }
            let next = to.min(from.saturating_add(PIECE_BYTES));
            let piece = store.read(&key, Some(&version), Some(from..next)).await?;
            let piece = piece.ok_or_else(|| {
                PortError::invalid("objects.get", "the version went away while it was sent")
            })?;
            Ok(Some((piece, next)))
        }
    }))
}
