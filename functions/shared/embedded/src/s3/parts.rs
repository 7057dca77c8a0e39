//! Uploads in parts, from s3s's types to the store and back.

use ports::{HeldPart, Parted};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ETagCondition, ListPartsInput, ListPartsOutput, Part,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::backend::refusal;
use super::checks::{Checks, shown};
use super::paging::page_size;
use super::upload::{copy, declared_length};
use super::{ANNOUNCED_PREFIX, Endpoint};
use crate::checksum::{Algorithm, Checksum};
use crate::objects::{
    Completed, Condition, KeptPart, ListedPart, MAX_PART_NUMBER, PartFault, Terms, Unannounced,
};

pub(super) async fn begin(
    endpoint: &Endpoint,
    input: CreateMultipartUploadInput,
) -> S3Result<CreateMultipartUploadOutput> {
    if input.checksum_algorithm.is_some() {
        return Err(s3_error!(
            NotImplemented,
            "an object in parts has no checksum here; each part's is verified without x-amz-checksum-algorithm"
        ));
    }
    let now = endpoint.clock.now();
    let begun = endpoint
        .store
        .begin_upload(&input.key, input.content_type.as_deref(), now)
        .await;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(begun.map_err(refusal)?),
        ..CreateMultipartUploadOutput::default()
    })
}

/// Streams a part to the disk. Whatever is wrong with it, nothing is kept.
pub(super) async fn receive(
    endpoint: &Endpoint,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let checks = Checks::of(&request)?;
    let length = declared_length(&request, request.input.content_length)?;
    let mut input = request.input;
    let number = number(input.part_number)?;
    // Before the bytes are read, so that nobody fills the disk for an upload that is not there.
    let looked = endpoint.store.look_at_upload(&input.key, &input.upload_id);
    if !matches!(looked.await.map_err(refusal)?, Parted::Open(_)) {
        return Err(no_such_upload());
    }
    let mut writer = endpoint.store.writer(&input.key).map_err(refusal)?;
    let checksum = copy(input.body.take(), length, &mut writer, checks).await?;
    let sums = shown(checksum.as_ref());
    let kept = writer.finish_part(&input.upload_id, number, checksum).await;
    let kept = kept.map_err(refusal)?.ok_or_else(no_such_upload)?;
    Ok(UploadPartOutput {
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        e_tag: Some(ETag::Strong(kept.etag)),
        ..UploadPartOutput::default()
    })
}

pub(super) async fn list(endpoint: &Endpoint, input: ListPartsInput) -> S3Result<ListPartsOutput> {
    let kept = endpoint.store.parts_of(&input.key, &input.upload_id);
    let kept = kept.await.map_err(refusal)?.ok_or_else(no_such_upload)?;
    let after = input.part_number_marker.unwrap_or(0);
    let behind = u32::try_from(after).unwrap_or(0);
    let most = page_size(input.max_parts, "max-parts")?;
    let mut rest = kept.into_iter().filter(|kept| kept.part.number > behind);
    let whole = usize::try_from(most).unwrap_or(usize::MAX);
    let page: Vec<Part> = rest.by_ref().take(whole).map(part).collect();
    let truncated = rest.next().is_some();
    let last = page.last().and_then(|part| part.part_number);
    // Some SDKs ask on for as long as there is a marker.
    let next = last.filter(|_| truncated);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(truncated),
        max_parts: i32::try_from(most).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: next,
        parts: Some(page),
        ..ListPartsOutput::default()
    })
}

/// Completes an upload; answers also the event the object owes.
pub(super) async fn complete(
    endpoint: &Endpoint,
    input: CompleteMultipartUploadInput,
) -> S3Result<(CompleteMultipartUploadOutput, Option<Unannounced>)> {
    let condition = match (&input.if_none_match, &input.if_match) {
        (None, None) => Condition::Always,
        (Some(ETagCondition::Any), None) => Condition::IfAbsent,
        _ => {
            return Err(s3_error!(
                NotImplemented,
                "completing an upload takes If-None-Match: * and no other condition"
            ));
        }
    };
    of_its_parts_alone(&input)?;
    let listed = input.multipart_upload.and_then(|list| list.parts);
    let listed = listed.unwrap_or_default();
    let listed: Vec<_> = listed.into_iter().map(entry).collect::<S3Result<_>>()?;
    let size = input
        .mpu_object_size
        .and_then(|size| u64::try_from(size).ok());
    let at = endpoint.clock.now();
    let announced = input.key.starts_with(ANNOUNCED_PREFIX);
    let terms = Terms {
        condition,
        announce_at: announced.then_some(at),
        ..Terms::default()
    };
    let completing =
        endpoint
            .store
            .complete_upload(&input.key, &input.upload_id, listed, size, terms);
    let info = match completing.await.map_err(refusal)? {
        Completed::Stored(info) => info,
        Completed::NoUpload => return Err(no_such_upload()),
        Completed::Refused(fault) => return Err(refused(fault)),
    };
    let event = announced.then(|| Unannounced {
        key: input.key.clone(),
        info: info.clone(),
        at,
    });
    let output = CompleteMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(info.etag)),
        version_id: Some(info.version),
        ..CompleteMultipartUploadOutput::default()
    };
    Ok((output, event))
}

pub(super) async fn abort(
    endpoint: &Endpoint,
    input: &AbortMultipartUploadInput,
) -> S3Result<AbortMultipartUploadOutput> {
    let aborted = endpoint.store.abort_upload(&input.key, &input.upload_id);
    if aborted.await.map_err(refusal)? {
        Ok(AbortMultipartUploadOutput::default())
    } else {
        Err(no_such_upload())
    }
}

fn part(kept: KeptPart) -> Part {
    let HeldPart { number, size, etag } = kept.part;
    let sums = shown(kept.checksum.as_ref());
    Part {
        part_number: i32::try_from(number).ok(),
        size: Some(size.cast_signed()),
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        ..Part::default()
    }
}

/// Refuses checksums of the whole object: only those of its parts are held against anything.
fn of_its_parts_alone(input: &CompleteMultipartUploadInput) -> S3Result<()> {
    let whole = [
        &input.checksum_crc32,
        &input.checksum_crc32c,
        &input.checksum_crc64nvme,
        &input.checksum_sha1,
        &input.checksum_sha256,
    ];
    if whole.into_iter().all(Option::is_none) {
        return Ok(());
    }
    Err(s3_error!(
        NotImplemented,
        "an upload is completed by its parts' checksums, not by one of the whole object"
    ))
}

fn entry(part: CompletedPart) -> S3Result<ListedPart> {
    let (Some(n), Some(etag)) = (part.part_number, part.e_tag) else {
        return Err(s3_error!(
            MalformedXML,
            "a part is listed with its number and its ETag"
        ));
    };
    let sums = [
        (Algorithm::Crc32, part.checksum_crc32),
        (Algorithm::Crc32c, part.checksum_crc32c),
        (Algorithm::Crc64Nvme, part.checksum_crc64nvme),
        (Algorithm::Sha1, part.checksum_sha1),
        (Algorithm::Sha256, part.checksum_sha256),
    ];
    let sums = sums.into_iter().filter_map(|(algorithm, value)| {
        let value = value?;
        Some(Checksum { algorithm, value })
    });
    Ok(ListedPart {
        number: number(n)?,
        etag: etag.value().to_owned(),
        checksums: sums.collect(),
    })
}

fn number(number: i32) -> S3Result<u32> {
    match u32::try_from(number) {
        Ok(number) if (1..=MAX_PART_NUMBER).contains(&number) => Ok(number),
        _ => Err(s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and 10000, inclusive"
        )),
    }
}

fn refused(fault: PartFault) -> S3Error {
    match fault {
        PartFault::Order => s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order"
        ),
        PartFault::Unknown => s3_error!(
            InvalidPart,
            "One or more of the specified parts could not be found, or its entity tag or checksum is another"
        ),
        PartFault::TooSmall => s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ),
        PartFault::Size => s3_error!(
            InvalidRequest,
            "The parts have another size together than x-amz-mp-object-size says"
        ),
    }
}

fn no_such_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. It may have been aborted or completed"
    )
}
