//! The operations, from s3s's types to the store and back.

use axum::http::Extensions;
use ports::{PortError, PortErrorKind};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use tracing::Dispatch;

use super::checks::shown;
use super::{Endpoint, download, open_uploads, parts, upload};
use crate::objects::{ObjectInfo, Unannounced};

pub(super) struct Backend {
    endpoint: Endpoint,
}

impl Backend {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.endpoint.bucket {
            return Ok(());
        }
        Err(s3_error!(
            NoSuchBucket,
            "The specified bucket does not exist"
        ))
    }

    /// The version a request names, or the current one.
    async fn find(&self, key: &str, version: Option<&str>) -> S3Result<ObjectInfo> {
        match self.endpoint.store.info(key, version).await {
            Ok(Some(info)) => Ok(info),
            Ok(None) if version.is_some() => Err(s3_error!(
                NoSuchVersion,
                "The specified version does not exist"
            )),
            Ok(None) => Err(s3_error!(NoSuchKey, "The specified key does not exist")),
            Err(error) => Err(refusal(error)),
        }
    }

    /// Sends an upload's event. When that fails now the upload is still good: its event is saved,
    /// and `Endpoint::announce` sends it later.
    async fn announce(&self, event: &Unannounced, log: Option<&Dispatch>) {
        let Err(error) = self.endpoint.announce_one(event).await else {
            return;
        };
        if let Some(log) = log {
            tracing::dispatcher::with_default(log, || {
                tracing::warn!(%error, "an upload's event waits to be sent again");
            });
        }
    }

    /// The answer of an operation, its failure noted in our log.
    fn told<T>(log: Option<&Dispatch>, answer: S3Result<T>) -> S3Result<S3Response<T>> {
        let answer = answer.inspect_err(|error| report(log, error));
        answer.map(S3Response::new)
    }
}

#[async_trait::async_trait]
impl S3 for Backend {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let log = log_of(&request.extensions);
        let upload::Received {
            info,
            event,
            checksum,
        } = upload::receive(&self.endpoint, request)
            .await
            .inspect_err(|error| report(log.as_ref(), error))?;
        if let Some(event) = event {
            self.announce(&event, log.as_ref()).await;
        }
        let checksum = shown(checksum.as_ref());
        Ok(S3Response::new(PutObjectOutput {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            e_tag: Some(ETag::Strong(info.etag)),
            version_id: Some(info.version),
            ..PutObjectOutput::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let begun = parts::begin(&self.endpoint, request.input).await;
        Self::told(log_of(&request.extensions).as_ref(), begun)
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let log = log_of(&request.extensions);
        let kept = parts::receive(&self.endpoint, request).await;
        Self::told(log.as_ref(), kept)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let listed = open_uploads::list(&self.endpoint, request.input).await;
        Self::told(log_of(&request.extensions).as_ref(), listed)
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let listed = parts::list(&self.endpoint, request.input).await;
        Self::told(log_of(&request.extensions).as_ref(), listed)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let log = log_of(&request.extensions);
        let (output, event) = parts::complete(&self.endpoint, request.input)
            .await
            .inspect_err(|error| report(log.as_ref(), error))?;
        if let Some(event) = event {
            self.announce(&event, log.as_ref()).await;
        }
        Ok(S3Response::new(output))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let aborted = parts::abort(&self.endpoint, &request.input).await;
        Self::told(log_of(&request.extensions).as_ref(), aborted)
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        self.check_bucket(&input.bucket)?;
        whole(input.part_number)?;
        let info = self
            .find(&input.key, input.version_id.as_deref())
            .await
            .inspect_err(|error| report(log_of(&request.extensions).as_ref(), error))?;
        download::check(&info, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let output = download::send(&self.endpoint.store, &input.key, info, input.range)?;
        Ok(S3Response::new(output))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        self.check_bucket(&input.bucket)?;
        whole(input.part_number)?;
        let info = self
            .find(&input.key, input.version_id.as_deref())
            .await
            .inspect_err(|error| report(log_of(&request.extensions).as_ref(), error))?;
        download::check(&info, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            checksum_sha256: info.checksum_sha256,
            content_length: Some(info.size.cast_signed()),
            content_type: info.content_type,
            e_tag: Some(ETag::Strong(info.etag)),
            version_id: Some(info.version),
            ..HeadObjectOutput::default()
        }))
    }
}

/// The one place where the store's errors become S3's.
pub(super) fn refusal(error: PortError) -> S3Error {
    let code = match error.kind {
        PortErrorKind::Conflict => S3ErrorCode::PreconditionFailed,
        PortErrorKind::Reject => S3ErrorCode::InvalidRequest,
        PortErrorKind::Retry => S3ErrorCode::ServiceUnavailable,
        PortErrorKind::Invalid | PortErrorKind::Bug => S3ErrorCode::InternalError,
    };
    S3Error::with_source(code, Box::new(error))
}

/// An object is read whole or by ranges: what was a part of it is not kept apart.
fn whole(part: Option<i32>) -> S3Result<()> {
    match part {
        None => Ok(()),
        Some(_) => Err(s3_error!(
            NotImplemented,
            "an object is not read by the numbers of its parts; ask for a range"
        )),
    }
}

fn log_of(extensions: &Extensions) -> Option<Dispatch> {
    extensions.get::<Dispatch>().cloned()
}

/// The client is told the code; we keep the cause. Refusals are the client's business.
fn report(log: Option<&Dispatch>, error: &S3Error) {
    let (Some(log), Some(cause)) = (log, error.source()) else {
        return;
    };
    if error
        .status_code()
        .is_some_and(|status| status.is_server_error())
    {
        tracing::dispatcher::with_default(log, || {
            tracing::error!(error = %cause, "the object endpoint failed");
        });
    }
}
