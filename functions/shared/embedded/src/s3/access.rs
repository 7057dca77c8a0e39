//! Who may do what: the holder of the key, exactly what it signed.

use axum::http::HeaderName;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};

/// The `x-amz-` headers that are looked at, by us or by s3s. Any other asks for something that is not
/// done here (a copy, metadata, encryption, an expected owner): to go on without it would be a lie.
const KNOWN: [&str; 14] = [
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-mode",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-mp-object-size",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// Refuses requests without a signature, and signed URLs to which a client added an `x-amz-` header
/// that nobody signed (S3 refuses them too): such a header can turn one request into another. Refuses
/// headers that ask for what is not done here.
pub(super) struct SignedOnly;

#[async_trait::async_trait]
impl S3Access for SignedOnly {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        }
        let signed = signed_headers(cx.uri().query().unwrap_or_default());
        let names = cx.headers().keys().map(HeaderName::as_str);
        for name in names.filter(|name| name.starts_with("x-amz-")) {
            if let Some(signed) = &signed
                && !signed.split(';').any(|s| s == name)
            {
                return Err(s3_error!(
                    AccessDenied,
                    "There were headers present in the request which were not signed"
                ));
            }
            if !KNOWN.contains(&name) {
                return Err(s3_error!(NotImplemented, "{name} is not looked at here"));
            }
        }
        Ok(())
    }
}

/// The names a signed URL lists; `None` when the signature is in a header.
fn signed_headers(query: &str) -> Option<String> {
    let mut pairs = query.split('&');
    let value = pairs.find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders="))?;
    Some(value.replace("%3B", ";").replace("%3b", ";"))
}
