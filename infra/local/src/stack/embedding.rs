//! The ports over the embedded stores, and what only those have.

use std::sync::Arc;

use axum::Router;
use axum::routing::any_service;
use domain::time::DAY_US;
use embedded::objects::ObjectStore;
use embedded::s3::{Credentials, Endpoint};
use embedded::signing::Presigner;
use embedded::{Embedded, SqliteState};
use ports::{Clock, PortError};
use webhook::HttpWebhooks;

use super::StackError;
use super::config::StackConfig;
use super::outside::Outside;

/// The one bucket: the first part of every object's path.
const BUCKET: &str = "millrace";
/// The region named in signatures and events.
const REGION: &str = "us-east-1";

/// How long the parts of an upload are kept that is not completed: the day that the bucket's rule gives
/// them in the cloud (`AbortIncompleteMultipartUpload` in template.yaml). A job waits 23 hours for them.
const PARTS_KEPT_US: i64 = DAY_US;

/// What real servers do by themselves and the embedded stores are asked to do.
#[derive(Clone)]
pub(super) struct Embedding {
    endpoint: Endpoint,
    /// The state table once more, for what DynamoDB does by itself: forgetting.
    documents: Arc<SqliteState>,
    clock: Arc<dyn Clock>,
}

impl Embedding {
    /// Opens the objects; their endpoint will answer at `base_url`.
    pub(super) fn new(
        embedded: &Embedded,
        config: &StackConfig,
        base_url: &str,
    ) -> Result<(Self, Outside), StackError> {
        let store = ObjectStore::at(&config.place)?;
        let credentials = match &config.s3_key {
            Some(chosen) => chosen.clone(),
            None => random_key()?,
        };
        let signer = Arc::new(Presigner::new(base_url, BUCKET, REGION, &credentials)?);
        let endpoint = Endpoint {
            store,
            bucket: BUCKET.to_owned(),
            region: REGION.to_owned(),
            credentials,
            events: embedded.queues.clone(),
            clock: Arc::clone(&embedded.clock),
        };
        let outside = outside(embedded, config, &endpoint, signer)?;
        let embedding = Self {
            endpoint,
            documents: embedded.state.clone(),
            clock: Arc::clone(&embedded.clock),
        };
        let outside = match &config.faults {
            Some(faults) => outside.with_faults(faults),
            None => outside,
        };
        Ok((embedding, outside))
    }

    /// The routes of the bucket: its own, as clients write it, and those of its keys.
    pub(super) fn bucket(&self) -> Router {
        let bucket = any_service(embedded::s3::service(self.endpoint.clone()));
        Router::new()
            .route(&format!("/{BUCKET}"), bucket.clone())
            .route(&format!("/{BUCKET}/"), bucket.clone())
            .route(&format!("/{BUCKET}/{{*key}}"), bucket)
    }

    /// Announces objects whose event was not sent.
    pub(super) async fn announce(&self) -> Result<(), PortError> {
        self.endpoint.announce().await.map(drop)
    }

    /// Announces, and forgets what has expired.
    pub(super) async fn tidy(&self) -> Result<(), PortError> {
        self.announce().await?;
        let now = self.clock.now();
        let store = &self.endpoint.store;
        let dropped = store.drop_uploads_before(now.plus_us(-PARTS_KEPT_US));
        let dropped = dropped.await?;
        if dropped > 0 {
            tracing::info!(
                dropped,
                "uploads in parts that nobody completed within a day"
            );
        }
        let forgotten = self.documents.forget_expired(now.0 / 1_000_000);
        forgotten.await.map(drop)
    }
}

/// A key that only this process knows.
fn random_key() -> Result<Credentials, StackError> {
    let entropy = crate::ambient::entropy();
    let entropy = entropy.map_err(|error| StackError::Entropy(error.to_string()))?;
    Ok(Credentials::from_entropy(&entropy))
}

fn outside(
    embedded: &Embedded,
    config: &StackConfig,
    endpoint: &Endpoint,
    signer: Arc<Presigner>,
) -> Result<Outside, StackError> {
    let tables = &embedded.tables;
    Ok(Outside {
        state: embedded.state.clone(),
        done_sets: embedded.state.clone(),
        sender: embedded.queues.clone(),
        postponer: embedded.queues.clone(),
        objects: Arc::new(endpoint.store.clone()),
        multipart: Arc::new(endpoint.clone()),
        upload_signer: signer.clone(),
        download_signer: signer,
        rows: tables.rows.clone(),
        rejects: tables.rejects.clone(),
        decisions: tables.decisions.clone(),
        transactions: tables.transactions.clone(),
        disposals: tables.disposals.clone(),
        summaries: tables.summaries.clone(),
        prices: tables.ledger_prices.clone(),
        clock: Arc::clone(&embedded.clock),
        ids: Arc::clone(&embedded.ids),
        secrets: Arc::new(machine::SystemSecrets),
        webhooks: Arc::new(HttpWebhooks::new(config.webhook_reach)?),
        webhook_reach: config.webhook_reach,
    })
}
