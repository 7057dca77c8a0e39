//! The steps behind `/v1/webhook`: where a tenant is told of the ends of its jobs.

use domain::ids::TenantId;
use domain::state::{Change, Document, Webhook};
use domain::time::Instant;
use domain::webhook::{Reach, WebhookSecret, WebhookUrl};
use lambda::fields::Fields;
use lambda::problem::Problem;
use ports::state::load;
use ports::transition::decide_again;
use ports::{PortError, Secrets, StateStore};
use serde::Serialize;

/// A webhook as the API shows it: never with its secret.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Where events go, in its normal form.
    pub url: String,
    /// `active`, or `gone` when its receiver answered 410; setting it anew wakes it.
    pub state: &'static str,
    /// When it was set, RFC 3339.
    pub set_at: String,
    /// When its receiver answered 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<String>,
    /// The last event that was given up, since it was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<Undelivered>,
}

/// An event its receiver did not take.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Undelivered {
    /// When it was given up, RFC 3339.
    pub at: String,
    /// Of which job, and what the last attempt died of.
    pub message: String,
}

/// The answer to setting a webhook: the one time its secret is shown.
#[derive(Serialize)]
pub struct Set {
    /// Whether there was none before.
    #[serde(skip)]
    pub created: bool,
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Shown,
    /// What its events are signed with: `whsec_` and base64, as Standard Webhooks 1.0 says.
    pub secret: String,
}

impl Shown {
    fn of(webhook: &Webhook) -> Self {
        Self {
            url: webhook.url.to_string(),
            state: if webhook.gone_at.is_some() {
                "gone"
            } else {
                "active"
            },
            set_at: webhook.set_at.to_string(),
            gone_at: webhook.gone_at.map(|at| at.to_string()),
            undelivered: webhook.undelivered.as_ref().map(|given_up| Undelivered {
                at: given_up.at.to_string(),
                message: given_up.message.clone(),
            }),
        }
    }
}

/// The tenant's webhook.
///
/// # Errors
/// 404 when it has none; what the store says.
pub async fn read(state: &dyn StateStore, tenant: &TenantId) -> Result<Shown, Problem> {
    let stored = load::<Webhook>(state, &Webhook::key_of(tenant)).await?;
    stored
        .map(|webhook| Shown::of(&webhook.value))
        .ok_or_else(|| Problem::not_found("no webhook is set; PUT one with its url"))
}

/// The address in a body.
///
/// # Errors
/// 400 with every fault of the body.
pub fn parse(body: &[u8], reach: Reach) -> Result<WebhookUrl, Problem> {
    let mut fields = Fields::parse(body)?;
    let mut url = None;
    if let Some(text) = fields.required_text("url") {
        let parsed = text.parse::<WebhookUrl>();
        match parsed.and_then(|parsed| parsed.within(reach).map(|()| parsed)) {
            Ok(parsed) => url = Some(parsed),
            Err(fault) => fields.fault("url", fault.to_string()),
        }
    }
    fields.finish()?;
    url.ok_or_else(Problem::internal)
}

/// Sets the tenant's webhook with a fresh secret, over the one before. Of two at the same time the
/// later stands, and each answer tells its own secret.
///
/// # Errors
/// What the store says; `Retry` when the machine has no randomness. Setting it again is right.
pub async fn set(
    state: &dyn StateStore,
    secrets: &dyn Secrets,
    tenant: &TenantId,
    url: WebhookUrl,
    now: Instant,
) -> Result<Set, PortError> {
    let secret = WebhookSecret::of(&secrets.secret()?);
    let webhook = Webhook::new(tenant.clone(), url, secret, now);
    let mut attempt = 0;
    loop {
        let earlier = load::<Webhook>(state, &webhook.key()).await?;
        let transition = webhook.set(earlier.as_ref())?;
        match state.commit(&transition.changes).await {
            Ok(()) => {
                return Ok(Set {
                    created: earlier.is_none(),
                    webhook: Shown::of(&webhook),
                    secret: webhook.secret.reveal().to_owned(),
                });
            }
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Forgets the tenant's webhook; without one nothing happens.
///
/// # Errors
/// What the store says; doing it again is right.
pub async fn remove(state: &dyn StateStore, tenant: &TenantId) -> Result<(), PortError> {
    let key = Webhook::key_of(tenant);
    state.commit(&[Change::Delete { key }]).await
}
