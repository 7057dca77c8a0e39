//! The one request.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::webhook::{Reach, WebhookUrl};
use ports::{PortError, PortErrorKind, SignedEvent, Webhooks};
use reqwest::dns::Resolve;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect;

use crate::names::{CheckedNames, NotPublic, SystemNames};

/// For the name and the connection: a receiver that is up takes milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For all of it, so that one slow receiver does not hold up the others of its queue.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);

const OP: &str = "webhooks.post";

/// Posts events over HTTPS.
pub struct HttpWebhooks {
    http: reqwest::Client,
    reach: Reach,
}

impl HttpWebhooks {
    /// A client that connects to nothing outside of `reach`. No connection is made.
    ///
    /// # Errors
    /// `Bug` when TLS cannot be set up on this machine.
    pub fn new(reach: Reach) -> Result<Self, PortError> {
        Self::with(reach, Arc::new(SystemNames), TOTAL_TIMEOUT)
    }

    pub(crate) fn with(
        reach: Reach,
        names: Arc<dyn Resolve>,
        total: Duration,
    ) -> Result<Self, PortError> {
        // Fails only when a provider was installed before, and any will do.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .dns_resolver(CheckedNames { names, reach })
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(total)
            .user_agent(concat!("millrace-webhook/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| PortError::bug("webhooks.new", error.without_url()))?;
        Ok(Self { http, reach })
    }
}

#[async_trait]
impl Webhooks for HttpWebhooks {
    async fn post(&self, url: &WebhookUrl, event: &SignedEvent) -> Result<u16, PortError> {
        // An address in the place of a name is asked of no resolver, so it is checked here.
        url.within(self.reach).map_err(|fault| {
            PortError::new(PortErrorKind::Reject, OP, format!("the URL {fault}"))
        })?;
        let sent = self
            .http
            .post(url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", event.timestamp)
            .header("webhook-signature", &event.signature)
            .body(event.body.clone())
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(trouble(&error)),
        }
    }
}

/// What to do about a request that got no answer. The URL stays out of the text: it may hold a key.
fn trouble(error: &reqwest::Error) -> PortError {
    let causes = || std::iter::successors(error.source(), |error| (*error).source());
    if causes().any(|cause| cause.is::<NotPublic>()) {
        return PortError::new(PortErrorKind::Reject, OP, NotPublic);
    }
    if error.is_timeout() {
        return PortError::retry(OP, "the receiver did not answer in time");
    }
    if error.is_builder() {
        return PortError::bug(OP, "the request could not be written");
    }
    let what = if error.is_connect() {
        "no connection to the receiver"
    } else {
        "the receiver broke off"
    };
    match causes().last() {
        Some(cause) => PortError::retry(OP, format!("{what}: {cause}")),
        None => PortError::retry(OP, what),
    }
}
