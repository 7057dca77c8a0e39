//! Standard Webhooks 1.0: HMAC-SHA-256 over `id.timestamp.body`.

use domain::time::Instant;
use domain::webhook::WebhookSecret;
use ports::{PortError, SignedEvent};
use standardwebhooks::Webhook;

/// Signs a body for an attempt at `now`: the timestamp is the attempt's, since receivers refuse old
/// ones as replays.
///
/// # Errors
/// `Invalid` when what is stored is no secret.
pub(crate) fn sign(
    secret: &WebhookSecret,
    id: String,
    body: String,
    now: Instant,
) -> Result<SignedEvent, PortError> {
    let unusable = |_| PortError::invalid("notify.sign", "the stored secret signs nothing");
    let timestamp = now.0.div_euclid(1_000_000);
    let key = Webhook::new(secret.reveal()).map_err(unusable)?;
    let signature = key
        .sign(&id, timestamp, body.as_bytes())
        .map_err(unusable)?;
    Ok(SignedEvent {
        id,
        timestamp,
        signature,
        body,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_signature_is_what_another_implementation_computes() {
        let bytes: Vec<u8> = (0..32).collect();
        let secret = WebhookSecret::of(&bytes.try_into().unwrap());
        let now = Instant(1_614_265_330_999_999);
        let body = r#"{"test": 2432232314}"#.to_owned();
        let signed = sign(&secret, "msg_1".to_owned(), body, now).unwrap();
        assert_eq!(signed.timestamp, 1_614_265_330);
        // Python: base64(hmac.new(bytes(range(32)), b'msg_1.1614265330.{"test": 2432232314}', sha256)).
        assert_eq!(
            signed.signature,
            "v1,GWvjEzx3AphU7wha3hNZPXJnymF9Fg+ZdvPQqWPOjZ0="
        );
    }

    #[test]
    fn a_damaged_secret_is_invalid_and_not_shown() {
        let damaged: WebhookSecret = serde_json::from_str("\"whsec_not base64!\"").unwrap();
        let error = sign(&damaged, "i".to_owned(), "b".to_owned(), Instant(0)).unwrap_err();
        assert_eq!(error.kind, ports::PortErrorKind::Invalid);
        assert!(!error.to_string().contains("not base64"), "{error}");
    }
}
