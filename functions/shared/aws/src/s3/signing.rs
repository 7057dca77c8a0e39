//! Signed requests, by the SDK's own presigner: everything a client could get wrong is among the
//! signed headers.
//!
//! A URL is never good for longer than the session of the role that signed it.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use domain::time::Instant;
use ports::signing::{Lifetime, attachment, check_key};
use ports::{DownloadSigner, PartTerms, PortError, PutTerms, SignedRequest, UploadSigner};

use super::{Bucket, settings};
use crate::errors::port_error;

/// Signs requests to one bucket.
#[derive(Clone)]
pub struct S3Signer {
    bucket: Bucket,
}

impl S3Signer {
    /// A signer for `bucket`.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        // The checksum is the one in the terms; the SDK must not add another.
        let config =
            settings(config).request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Self {
            bucket: Bucket::new(config, bucket),
        }
    }
}

#[async_trait]
impl UploadSigner for S3Signer {
    async fn sign_put(
        &self,
        terms: &PutTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        const OP: &str = "signing.put";
        check_key(OP, &terms.key)?;
        let lifetime = Lifetime::of(OP, now, valid_for)?;
        let length = i64::try_from(terms.content_length).map_err(|e| PortError::bug(OP, e))?;
        let put = self.bucket.client.put_object();
        let put = put.bucket(&self.bucket.name).key(&terms.key);
        let put = put
            .content_length(length)
            .content_type(&terms.content_type)
            .if_none_match("*")
            .checksum_sha256(&terms.checksum_sha256);
        let signed = put.presigned(presigning(OP, lifetime, valid_for)?).await;
        let signed = signed.map_err(|error| port_error(OP, &error))?;
        Ok(request(&signed, lifetime))
    }

    async fn sign_part(
        &self,
        terms: &PartTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        const OP: &str = "signing.part";
        check_key(OP, &terms.key)?;
        let lifetime = Lifetime::of(OP, now, valid_for)?;
        let length = i64::try_from(terms.content_length).map_err(|e| PortError::bug(OP, e))?;
        let number = i32::try_from(terms.number).map_err(|e| PortError::bug(OP, e))?;
        let part = self.bucket.client.upload_part();
        let part = part.bucket(&self.bucket.name).key(&terms.key);
        let part = part.upload_id(&terms.upload).part_number(number);
        let part = part.content_length(length);
        let signed = part.presigned(presigning(OP, lifetime, valid_for)?).await;
        let signed = signed.map_err(|error| port_error(OP, &error))?;
        Ok(request(&signed, lifetime))
    }
}

#[async_trait]
impl DownloadSigner for S3Signer {
    async fn sign_get(
        &self,
        key: &str,
        filename: &str,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        const OP: &str = "signing.get";
        check_key(OP, key)?;
        let lifetime = Lifetime::of(OP, now, valid_for)?;
        let get = self.bucket.client.get_object();
        let get = get.bucket(&self.bucket.name).key(key);
        let get = get.response_content_disposition(attachment(filename));
        let signed = get.presigned(presigning(OP, lifetime, valid_for)?).await;
        let signed = signed.map_err(|error| port_error(OP, &error))?;
        Ok(request(&signed, lifetime))
    }
}

fn presigning(
    op: &'static str,
    lifetime: Lifetime,
    valid_for: Duration,
) -> Result<PresigningConfig, PortError> {
    PresigningConfig::builder()
        .start_time(lifetime.starts)
        .expires_in(valid_for)
        .build()
        .map_err(|error| PortError::bug(op, error))
}

fn request(signed: &PresignedRequest, lifetime: Lifetime) -> SignedRequest {
    let headers = signed.headers();
    SignedRequest {
        url: signed.uri().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        expires_at: lifetime.ends,
    }
}
