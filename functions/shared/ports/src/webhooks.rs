//! The receivers of events, on other people's servers.

use async_trait::async_trait;
use domain::webhook::WebhookUrl;

use crate::PortError;

/// An event as Standard Webhooks 1.0 signs it: each field but the body becomes a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEvent {
    /// `webhook-id`: the same each time the event is sent, so a receiver can drop repeats.
    pub id: String,
    /// `webhook-timestamp`: of this attempt, in Unix seconds.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The JSON body.
    pub body: String,
}

/// Posts events.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Posts an event once and answers the receiver's HTTP status; what else it answers is not read,
    /// and a redirect is not followed. The adapter owns the deadline.
    ///
    /// `Ok` proves that the receiver answered. After `Retry` it is unknown whether it saw the event,
    /// and posting again is right: the receiver knows the event by its id. `Reject` when nothing
    /// under the URL may be connected to.
    async fn post(&self, url: &WebhookUrl, event: &SignedEvent) -> Result<u16, PortError>;
}
