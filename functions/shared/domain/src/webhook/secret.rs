//! What signs a webhook's events.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The key of a webhook in the form that Standard Webhooks 1.0 prescribes: `whsec_` and the base64 of
/// 24 to 64 bytes. It never shows itself in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// The secret of 32 bytes nobody can guess.
    #[must_use]
    pub fn of(bytes: &[u8; 32]) -> Self {
        Self(format!("whsec_{}", STANDARD.encode(bytes)))
    }

    /// The secret itself: for whoever signs with it, and once for whoever it was made for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_standards_form_and_hides_from_logs() {
        let secret = WebhookSecret::of(&[7; 32]);
        let coded = secret.reveal().strip_prefix("whsec_").unwrap();
        assert_eq!(STANDARD.decode(coded).unwrap(), [7; 32]);
        assert_eq!(format!("{secret:?}"), "WebhookSecret");
    }
}
