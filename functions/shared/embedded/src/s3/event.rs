//! "Object Created" as EventBridge delivers it, from the object alone: sending it twice sends the
//! same bytes.

use serde_json::json;

use super::Endpoint;
use crate::objects::Unannounced;

/// The account of a bucket that belongs to nobody.
pub(super) const ACCOUNT: &str = "000000000000";
const SOURCE_IP: &str = "127.0.0.1";

/// The body of the message that reaches the queue behind the EventBridge rule.
pub(super) fn object_created(endpoint: &Endpoint, object: &Unannounced) -> String {
    let Unannounced { key, info, at } = object;
    let identity = format!("{}/{}/{}", endpoint.bucket, key, info.version);
    let digest = hex::encode(blake3::hash(identity.as_bytes()).as_bytes());
    let event = json!({
        "version": "0",
        "id": uuid_text(&digest),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": seconds(*at),
        "region": endpoint.region,
        "resources": [format!("arn:aws:s3:::{}", endpoint.bucket)],
        "detail": {
            "version": "0",
            "bucket": { "name": endpoint.bucket },
            "object": {
                "key": key,
                "size": info.size,
                "etag": info.etag,
                "version-id": info.version,
                // Greater for a later write of the same key, as S3 promises.
                "sequencer": info.version.to_uppercase(),
            },
            "request-id": digest.get(..16).unwrap_or_default().to_uppercase(),
            "requester": ACCOUNT,
            "source-ip-address": SOURCE_IP,
            "reason": reason(&info.etag),
        },
    });
    event.to_string()
}

/// What made the object: only an upload in parts has their number in its tag.
fn reason(etag: &str) -> &'static str {
    if etag.contains('-') {
        "CompleteMultipartUpload"
    } else {
        "PutObject"
    }
}

/// 32 hexadecimal digits in the groups of a UUID.
fn uuid_text(hex: &str) -> String {
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups
        .map(|group| hex.get(group).unwrap_or_default())
        .join("-")
}

/// An event's time has whole seconds.
fn seconds(at: domain::time::Instant) -> String {
    domain::time::Instant(at.0.div_euclid(1_000_000).saturating_mul(1_000_000)).to_string()
}
