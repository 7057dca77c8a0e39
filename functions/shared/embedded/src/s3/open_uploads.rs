//! The list of uploads in parts that are open: how a client finds what it began and never ended.

use std::time::{Duration, SystemTime};

use domain::time::Instant;
use s3s::dto::{ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload, Timestamp};
use s3s::{S3Result, s3_error};

use super::Endpoint;
use super::backend::refusal;
use super::paging::page_size;
use crate::objects::{OpenUpload, UploadsAsked};

pub(super) async fn list(
    endpoint: &Endpoint,
    input: ListMultipartUploadsInput,
) -> S3Result<ListMultipartUploadsOutput> {
    let grouped = input
        .delimiter
        .as_ref()
        .is_some_and(|text| !text.is_empty());
    if grouped || input.encoding_type.is_some() {
        return Err(s3_error!(
            NotImplemented,
            "uploads are listed one by one and as they are: without delimiter and encoding-type"
        ));
    }
    let most = page_size(input.max_uploads, "max-uploads")?;
    let key_marker = input.key_marker.unwrap_or_default();
    // Without a key it says nothing.
    let id_marker = input.upload_id_marker.filter(|_| !key_marker.is_empty());
    let asked = UploadsAsked {
        prefix: input.prefix.clone().unwrap_or_default(),
        behind_key: key_marker.clone(),
        behind_id: id_marker.clone(),
        most: most.saturating_add(1),
    };
    let mut open = endpoint.store.open_uploads(asked).await.map_err(refusal)?;
    let whole = usize::try_from(most).unwrap_or(usize::MAX);
    let is_truncated = open.len() > whole;
    open.truncate(whole);
    let last = open.last().filter(|_| is_truncated).cloned();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        key_marker: Some(key_marker),
        upload_id_marker: id_marker,
        max_uploads: i32::try_from(most).ok(),
        is_truncated: Some(is_truncated),
        next_key_marker: last.as_ref().map(|last| last.key.clone()),
        next_upload_id_marker: last.map(|last| last.id),
        uploads: Some(open.into_iter().map(upload).collect()),
        ..ListMultipartUploadsOutput::default()
    })
}

fn upload(open: OpenUpload) -> MultipartUpload {
    MultipartUpload {
        key: Some(open.key),
        upload_id: Some(open.id),
        initiated: Some(timestamp(open.begun_at)),
        ..MultipartUpload::default()
    }
}

fn timestamp(at: Instant) -> Timestamp {
    let since = Duration::from_micros(u64::try_from(at.0).unwrap_or_default());
    (SystemTime::UNIX_EPOCH + since).into()
}
