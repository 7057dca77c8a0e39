//! A tenant's webhook.

use serde::{Deserialize, Serialize};

use super::{Change, Document, DocumentError, Key, Transition, Versioned};
use crate::ids::TenantId;
use crate::time::Instant;
use crate::webhook::{WebhookSecret, WebhookUrl};

/// An event the receiver did not take, however often it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// When it was given up.
    pub at: Instant,
    /// Of which job, and what the last attempt died of.
    pub message: String,
}

/// Where a tenant is told of the ends of its jobs. The secret stands here as it is: signing needs
/// it, and the table is encrypted at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Whose.
    pub tenant: TenantId,
    /// Where to.
    pub url: WebhookUrl,
    /// What signs the events.
    pub secret: WebhookSecret,
    /// When it was set.
    pub set_at: Instant,
    /// When its receiver said that it is gone for good: nothing is sent until it is set anew.
    pub gone_at: Option<Instant>,
    /// The last event that was given up.
    pub undelivered: Option<Undelivered>,
}

impl Webhook {
    /// Where a tenant's webhook stands.
    #[must_use]
    pub fn key_of(tenant: &TenantId) -> Key {
        Key::new(format!("tenant#{tenant}"), "webhook")
    }

    /// A webhook as it is set: awake.
    #[must_use]
    pub fn new(tenant: TenantId, url: WebhookUrl, secret: WebhookSecret, now: Instant) -> Self {
        Self {
            tenant,
            url,
            secret,
            set_at: now,
            gone_at: None,
            undelivered: None,
        }
    }

    /// Sets it, over the one before. Setting it again, even to the same address, is taken for a new
    /// one with its new secret: whoever lost the answer never saw the secret and has to ask again.
    ///
    /// # Errors
    /// The document has no JSON form.
    pub fn set(&self, earlier: Option<&Versioned<Self>>) -> Result<Transition, DocumentError> {
        let mut transition = Transition::default();
        transition.change(match earlier {
            None => Change::insert(self)?,
            Some(earlier) => Change::replace(self, earlier.version)?,
        });
        Ok(transition)
    }
}

impl Document for Webhook {
    const KIND: &'static str = "webhook";

    fn key(&self) -> Key {
        Self::key_of(&self.tenant)
    }
}

/// The transitions, as with jobs: `None` means that there is nothing to change (I2).
impl Versioned<Webhook> {
    /// The receiver at `url` says that it is gone. A webhook that was set anew meanwhile stays.
    ///
    /// # Errors
    /// The document has no JSON form.
    pub fn gone(
        &self,
        url: &WebhookUrl,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        if self.value.gone_at.is_some() || self.value.url != *url {
            return Ok(None);
        }
        self.become_webhook(Webhook {
            gone_at: Some(now),
            ..self.value.clone()
        })
        .map(Some)
    }

    /// An event was given up: whoever set the webhook can read why.
    ///
    /// # Errors
    /// The document has no JSON form.
    pub fn gave_up(
        &self,
        message: &str,
        now: Instant,
    ) -> Result<Option<Transition>, DocumentError> {
        let undelivered = Undelivered {
            at: now,
            message: message.to_owned(),
        };
        self.become_webhook(Webhook {
            undelivered: Some(undelivered),
            ..self.value.clone()
        })
        .map(Some)
    }

    fn become_webhook(&self, webhook: Webhook) -> Result<Transition, DocumentError> {
        let mut transition = Transition::default();
        transition.change(Change::replace(&webhook, self.version)?);
        Ok(transition)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::Version;
    use super::*;

    const NOW: Instant = Instant(5);

    fn url(text: &str) -> WebhookUrl {
        text.parse().unwrap()
    }

    fn stored() -> Versioned<Webhook> {
        let tenant = "t".parse().unwrap();
        let secret = WebhookSecret::of(&[1; 32]);
        let value = Webhook::new(tenant, url("https://example.com/"), secret, Instant(1));
        Versioned {
            value,
            version: Version(3),
        }
    }

    fn written(transition: &Transition) -> Webhook {
        let [Change::Insert { body, .. } | Change::Replace { body, .. }] = &transition.changes[..]
        else {
            panic!("{transition:?}")
        };
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn a_webhook_set_anew_is_awake_with_its_new_secret() {
        let mut earlier = stored();
        earlier.value.gone_at = Some(Instant(2));
        let secret = WebhookSecret::of(&[2; 32]);
        let (tenant, at) = (earlier.value.tenant.clone(), earlier.value.url.clone());
        let webhook = Webhook::new(tenant, at, secret.clone(), NOW);
        let first = webhook.set(None).unwrap();
        assert!(matches!(first.changes[..], [Change::Insert { .. }]));
        let again = webhook.set(Some(&earlier)).unwrap();
        assert!(matches!(
            again.changes[..],
            [Change::Replace {
                version: Version(3),
                ..
            }]
        ));
        assert_eq!(written(&again), written(&first));
        assert_eq!(
            (written(&again).gone_at, written(&again).secret),
            (None, secret)
        );
    }

    #[test]
    fn only_the_receiver_that_was_asked_can_be_gone_and_only_once() {
        let mut webhook = stored();
        let asked = webhook.value.url.clone();
        assert_eq!(
            webhook.gone(&url("https://other.example/"), NOW).unwrap(),
            None
        );
        let gone = webhook.gone(&asked, NOW).unwrap().unwrap();
        assert_eq!(written(&gone).gone_at, Some(NOW));
        webhook.value.gone_at = Some(NOW);
        assert_eq!(webhook.gone(&asked, Instant(9)).unwrap(), None);
    }

    #[test]
    fn an_event_that_was_given_up_can_be_read_and_stops_nothing() {
        let given_up = stored().gave_up("answered 500", NOW).unwrap().unwrap();
        let webhook = written(&given_up);
        assert_eq!(webhook.undelivered.unwrap().message, "answered 500");
        assert_eq!(webhook.gone_at, None);
    }
}
