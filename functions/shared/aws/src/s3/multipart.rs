//! Uploads in parts that clients send.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_parts::ListPartsOutput;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Part};
use ports::{HeldPart, Multipart, Objects, Parted, PortError, PortErrorKind};

use super::objects::S3Objects;
use super::{Bucket, settings};
use crate::errors::port_error;

/// Pages of the list of parts: S3 lists 1,000 at once and takes 10,000 in all.
const MAX_PAGES: u32 = 10;

/// The uploads in parts of a bucket.
pub struct S3Multipart {
    bucket: Bucket,
    objects: S3Objects,
}

impl S3Multipart {
    /// The uploads of `bucket`.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        // Clients send parts without a checksum of S3's; the file's SHA-256 is verified when it is read.
        let without =
            settings(config).request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Self {
            bucket: Bucket::new(without, bucket),
            objects: S3Objects::new(config, bucket),
        }
    }

    /// What an upload that is not there any more has become.
    async fn ended(&self, key: &str) -> Result<Parted, PortError> {
        Ok(match self.objects.head(key).await? {
            Some(_) => Parted::Stored,
            None => Parted::Gone,
        })
    }
}

#[async_trait]
impl Multipart for S3Multipart {
    async fn begin(&self, key: &str, content_type: &str) -> Result<String, PortError> {
        const OP: &str = "multipart.begin";
        let create = self.bucket.client.create_multipart_upload();
        let create = create.bucket(&self.bucket.name).key(key);
        let created = create.content_type(content_type).send().await;
        let created = created.map_err(|error| port_error(OP, &error))?;
        let id = created.upload_id().map(ToOwned::to_owned);
        id.ok_or_else(|| PortError::invalid(OP, "an upload without an id"))
    }

    async fn look(&self, key: &str, upload: &str) -> Result<Parted, PortError> {
        const OP: &str = "multipart.look";
        let mut held = Vec::new();
        let mut marker = None;
        for _ in 0..MAX_PAGES {
            let list = self.bucket.client.list_parts();
            let list = list.bucket(&self.bucket.name).key(key).upload_id(upload);
            let page = match list.set_part_number_marker(marker).send().await {
                Ok(page) => page,
                Err(error) if is_gone(&error) => return self.ended(key).await,
                Err(error) => return Err(port_error(OP, &error)),
            };
            for part in page.parts() {
                held.push(held_part(OP, part)?);
            }
            marker = next(&page);
            if marker.is_none() {
                held.sort_by_key(|part| part.number);
                return Ok(Parted::Open(held));
            }
        }
        Err(PortError::invalid(OP, "the list of parts has no end"))
    }

    /// S3 may answer 200 and say in the body that it failed; the SDK reads that as the error it is.
    /// The total size goes along, so that a lost part is noticed.
    async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[HeldPart],
    ) -> Result<Parted, PortError> {
        const OP: &str = "multipart.complete";
        let size: u64 = parts.iter().map(|part| part.size).sum();
        let size = i64::try_from(size).map_err(|error| PortError::bug(OP, error))?;
        let complete = self.bucket.client.complete_multipart_upload();
        let complete = complete
            .bucket(&self.bucket.name)
            .key(key)
            .upload_id(upload);
        let complete = complete.multipart_upload(list(OP, parts)?);
        let complete = complete.mpu_object_size(size).if_none_match("*");
        let error = match complete.send().await {
            Ok(_) => return Ok(Parted::Stored),
            Err(error) => error,
        };
        // An earlier call did it: the upload has ended, or the key is taken.
        if is_gone(&error) || code(&error) == Some("PreconditionFailed") {
            return self.ended(key).await;
        }
        Err(match code(&error) {
            Some(code @ ("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall")) => {
                PortError::new(PortErrorKind::Conflict, OP, code.to_owned())
            }
            _ => port_error(OP, &error),
        })
    }

    async fn abort(&self, key: &str, upload: &str) -> Result<(), PortError> {
        let abort = self.bucket.client.abort_multipart_upload();
        let abort = abort.bucket(&self.bucket.name).key(key).upload_id(upload);
        match abort.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(port_error("multipart.abort", &error)),
        }
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    match error {
        SdkError::ServiceError(refused) => refused.err().code(),
        _ => None,
    }
}

fn is_gone<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    code(error) == Some("NoSuchUpload")
}

fn next(page: &ListPartsOutput) -> Option<String> {
    let marker = page.next_part_number_marker()?;
    (page.is_truncated() == Some(true)).then(|| marker.to_owned())
}

fn held_part(op: &'static str, part: &Part) -> Result<HeldPart, PortError> {
    let number = part.part_number().and_then(|n| u32::try_from(n).ok());
    let size = part.size().and_then(|n| u64::try_from(n).ok());
    let (Some(number), Some(size), Some(etag)) = (number, size, part.e_tag()) else {
        return Err(PortError::invalid(
            op,
            "a part without number, size or ETag",
        ));
    };
    let etag = etag.trim_matches('"').to_owned();
    Ok(HeldPart { number, size, etag })
}

fn list(op: &'static str, parts: &[HeldPart]) -> Result<CompletedMultipartUpload, PortError> {
    let mut list = CompletedMultipartUpload::builder();
    for part in parts {
        let number = i32::try_from(part.number).map_err(|error| PortError::bug(op, error))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .e_tag(format!("\"{}\"", part.etag));
        list = list.parts(part.build());
    }
    Ok(list.build())
}
