//! An object written in pieces: one PUT when it is small, a multipart upload when it is not.

use async_trait::async_trait;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use ports::{ObjectWriter, PortError};

use super::Bucket;
use super::objects::version;
use crate::errors::port_error;

/// Bytes of a part. S3 takes 5 MiB at least and 10,000 parts at most: objects of 78 GiB, far above
/// any of ours, at the price of 8 MiB of memory.
pub(super) const PART_BYTES: usize = 8 * 1024 * 1024;
const OP: &str = "objects.write";

/// A writer. After an error the upload is given up: every further call fails.
pub(super) struct Writer {
    bucket: Bucket,
    key: String,
    held: BytesMut,
    sent: u64,
    upload: Upload,
}

enum Upload {
    /// Less than a part was written.
    None,
    /// Some parts are there.
    Running {
        id: String,
        parts: Vec<CompletedPart>,
    },
    /// An attempt failed.
    GivenUp,
}

impl Writer {
    pub(super) fn new(bucket: Bucket, key: &str) -> Self {
        Self {
            bucket,
            key: key.to_owned(),
            held: BytesMut::new(),
            sent: 0,
            upload: Upload::None,
        }
    }

    /// Sends full parts, and what is left when `all`.
    async fn send_parts(&mut self, all: bool) -> Result<(), PortError> {
        while self.held.len() >= PART_BYTES || (all && !self.held.is_empty()) {
            let size = self.held.len().min(PART_BYTES);
            let part = self.held.split_to(size).freeze();
            self.send_part(part).await?;
            self.sent = self.sent.saturating_add(size as u64);
        }
        Ok(())
    }

    async fn send_part(&mut self, part: Bytes) -> Result<(), PortError> {
        if matches!(self.upload, Upload::None) {
            self.upload = Upload::Running {
                id: self.begin().await?,
                parts: Vec::new(),
            };
        }
        let Upload::Running { id, parts } = &mut self.upload else {
            return Err(given_up());
        };
        let number = i32::try_from(parts.len().saturating_add(1));
        let number = number.map_err(|error| PortError::bug(OP, error))?;
        let upload = self.bucket.client.upload_part();
        let upload = upload.bucket(&self.bucket.name).key(&self.key);
        let upload = upload.upload_id(&*id).part_number(number);
        let upload = upload.checksum_algorithm(ChecksumAlgorithm::Crc32);
        let sent = upload.body(part.into()).send().await;
        let sent = sent.map_err(|error| port_error(OP, &error))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag().map(Into::into))
            .set_checksum_crc32(sent.checksum_crc32().map(Into::into));
        parts.push(part.build());
        Ok(())
    }

    async fn begin(&self) -> Result<String, PortError> {
        let create = self.bucket.client.create_multipart_upload();
        let create = create.bucket(&self.bucket.name).key(&self.key);
        let create = create.checksum_algorithm(ChecksumAlgorithm::Crc32);
        let created = create
            .send()
            .await
            .map_err(|error| port_error(OP, &error))?;
        let id = created.upload_id().map(ToOwned::to_owned);
        id.ok_or_else(|| PortError::invalid(OP, "an upload without an id"))
    }

    /// Makes the parts one object. S3 may answer 200 and say in the body that it failed; the SDK
    /// reads that as the error it is. The total size goes along, so that a lost part is noticed.
    async fn complete(&mut self) -> Result<String, PortError> {
        self.send_parts(true).await?;
        let Upload::Running { id, parts } = &mut self.upload else {
            return Err(given_up());
        };
        let size = i64::try_from(self.sent).map_err(|error| PortError::bug(OP, error))?;
        let list = CompletedMultipartUpload::builder()
            .set_parts(Some(std::mem::take(parts)))
            .build();
        let complete = self.bucket.client.complete_multipart_upload();
        let complete = complete.bucket(&self.bucket.name).key(&self.key);
        let complete = complete.upload_id(&*id).multipart_upload(list);
        let complete = complete.mpu_object_size(size);
        let completed = complete.send().await;
        let completed = completed.map_err(|error| port_error(OP, &error))?;
        version(OP, completed.version_id())
    }

    async fn put_whole(&mut self) -> Result<String, PortError> {
        let body = self.held.split().freeze();
        let put = self.bucket.client.put_object();
        let put = put.bucket(&self.bucket.name).key(&self.key);
        let put = put.body(body.into()).send().await;
        let stored = put.map_err(|error| port_error(OP, &error))?;
        version(OP, stored.version_id())
    }

    /// Ends the upload, so that its parts cost nothing. When that fails too, the bucket's lifecycle
    /// rule does it a day later.
    async fn give_up(&mut self) {
        self.held.clear();
        let upload = std::mem::replace(&mut self.upload, Upload::GivenUp);
        let Upload::Running { id, .. } = upload else {
            return;
        };
        let abort = self.bucket.client.abort_multipart_upload();
        let abort = abort.bucket(&self.bucket.name).key(&self.key);
        if let Err(error) = abort.upload_id(id).send().await {
            let error = port_error(OP, &error);
            tracing::warn!(%error, "an upload in parts is left to the bucket's lifecycle rule");
        }
    }
}

fn given_up() -> PortError {
    PortError::bug(OP, "the upload was given up before: write the object anew")
}

#[async_trait]
impl ObjectWriter for Writer {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        if matches!(self.upload, Upload::GivenUp) {
            return Err(given_up());
        }
        self.held.extend_from_slice(&piece);
        let sent = self.send_parts(false).await;
        if sent.is_err() {
            self.give_up().await;
        }
        sent
    }

    async fn finish(mut self: Box<Self>) -> Result<String, PortError> {
        let finished = match self.upload {
            Upload::None => self.put_whole().await,
            Upload::Running { .. } => self.complete().await,
            Upload::GivenUp => Err(given_up()),
        };
        if finished.is_err() {
            self.give_up().await;
        }
        finished
    }
}
