//! Who may do what: the holder of the key, exactly what it signed.

use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};

/// Refuses requests without a signature, and signed URLs to which a client added an `x-amz-` header
/// that nobody signed (S3 refuses them too): such a header can turn one request into another.
pub(super) struct SignedOnly;

#[async_trait::async_trait]
impl S3Access for SignedOnly {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        }
        let Some(signed) = signed_headers(cx.uri().query().unwrap_or_default()) else {
            return Ok(());
        };
        for name in cx.headers().keys() {
            let name = name.as_str();
            if name.starts_with("x-amz-") && !signed.split(';').any(|s| s == name) {
                return Err(s3_error!(
                    AccessDenied,
                    "There were headers present in the request which were not signed"
                ));
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
