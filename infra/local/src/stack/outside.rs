//! The ports that functions are given: the embedded adapters, with faults in front of them when a
//! test asks for it.

use std::sync::Arc;

use domain::ids::TenantId;
use domain::webhook::Reach;
use embedded::faults::{FaultyRows, FaultySender, FaultyState, FaultyTransactions};
use embedded::objects::ObjectStore;
use embedded::s3::{Credentials, Endpoint};
use embedded::signing::Presigner;
use embedded::{Embedded, SqliteState};
use ports::tables::{Decisions, LedgerPrices, Rejects, Rows, Summaries, Transactions};
use ports::{
    Clock, DoneSets, DownloadSigner, Ids, Objects, Postponer, Secrets, Sender, StateStore,
    UploadSigner, Webhooks,
};
use tokio::net::TcpListener;
use webhook::HttpWebhooks;

use super::config::StackConfig;
use super::{StackError, server};

/// The one bucket: the first part of every object's path.
pub(super) const BUCKET: &str = "millrace";
/// The region named in signatures and events.
const REGION: &str = "us-east-1";
/// Whose everything is on a laptop.
const TENANT: &str = "local";

/// Every port. Cheap to clone.
#[derive(Clone)]
pub(super) struct Outside {
    pub(super) tenant: TenantId,
    pub(super) base_url: String,
    pub(super) endpoint: Endpoint,
    /// The state table once more, for what DynamoDB does by itself: forgetting.
    pub(super) documents: Arc<SqliteState>,
    pub(super) state: Arc<dyn StateStore>,
    pub(super) done_sets: Arc<dyn DoneSets>,
    pub(super) sender: Arc<dyn Sender>,
    pub(super) postponer: Arc<dyn Postponer>,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) upload_signer: Arc<dyn UploadSigner>,
    pub(super) download_signer: Arc<dyn DownloadSigner>,
    pub(super) rows: Arc<dyn Rows>,
    pub(super) rejects: Arc<dyn Rejects>,
    pub(super) decisions: Arc<dyn Decisions>,
    pub(super) transactions: Arc<dyn Transactions>,
    pub(super) summaries: Arc<dyn Summaries>,
    pub(super) prices: Arc<dyn LedgerPrices>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) webhooks: Arc<dyn Webhooks>,
    pub(super) webhook_reach: Reach,
}

impl Outside {
    /// The ports over the embedded stores.
    pub(super) fn new(
        embedded: &Embedded,
        config: &StackConfig,
        listener: &TcpListener,
    ) -> Result<Self, StackError> {
        let store = ObjectStore::at(&config.place)?;
        let base_url = server::base_url(listener)?;
        let entropy =
            crate::ambient::entropy().map_err(|error| StackError::Entropy(error.to_string()))?;
        let credentials = Credentials::from_entropy(&entropy);
        let signer = Arc::new(Presigner::new(&base_url, BUCKET, REGION, &credentials)?);
        let tenant = TENANT
            .parse()
            .map_err(|error| ports::PortError::bug("stack.tenant", error))?;
        let endpoint = Endpoint {
            store: store.clone(),
            bucket: BUCKET.to_owned(),
            region: REGION.to_owned(),
            credentials,
            events: embedded.queues.clone(),
            clock: Arc::clone(&embedded.clock),
        };
        let tables = &embedded.tables;
        let outside = Self {
            tenant,
            base_url,
            endpoint,
            documents: embedded.state.clone(),
            state: embedded.state.clone(),
            done_sets: embedded.state.clone(),
            sender: embedded.queues.clone(),
            postponer: embedded.queues.clone(),
            objects: Arc::new(store),
            upload_signer: signer.clone(),
            download_signer: signer,
            rows: tables.rows.clone(),
            rejects: tables.rejects.clone(),
            decisions: tables.decisions.clone(),
            transactions: tables.transactions.clone(),
            summaries: tables.summaries.clone(),
            prices: tables.ledger_prices.clone(),
            clock: Arc::clone(&embedded.clock),
            ids: Arc::clone(&embedded.ids),
            secrets: Arc::new(machine::SystemSecrets),
            webhooks: Arc::new(HttpWebhooks::new(config.webhook_reach)?),
            webhook_reach: config.webhook_reach,
        };
        Ok(outside.with_faults(config))
    }

    /// The same, with faults in front of what can be made to fail.
    fn with_faults(self, config: &StackConfig) -> Self {
        let Some(faults) = &config.faults else {
            return self;
        };
        let faults = || Arc::clone(faults);
        let state = Arc::new(FaultyState {
            documents: self.state,
            done_sets: self.done_sets,
            faults: faults(),
        });
        let (inner, faulty) = (self.sender, faults());
        let sender = Arc::new(FaultySender {
            inner,
            faults: faulty,
        });
        let (inner, faulty) = (self.rows, faults());
        let rows = Arc::new(FaultyRows {
            inner,
            faults: faulty,
        });
        let (inner, faulty) = (self.transactions, faults());
        let transactions = Arc::new(FaultyTransactions {
            inner,
            faults: faulty,
        });
        Self {
            state: state.clone(),
            done_sets: state,
            sender,
            rows,
            transactions,
            ..self
        }
    }
}
