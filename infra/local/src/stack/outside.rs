//! The ports that functions are given, whatever stands behind them.

use std::sync::Arc;

use domain::webhook::Reach;
use embedded::faults::{Faults, FaultyRows, FaultySender, FaultyState, FaultyTransactions};
use ports::tables::{Decisions, Disposals, LedgerPrices, Rejects, Rows, Summaries, Transactions};
use ports::{
    Clock, DoneSets, DownloadSigner, Ids, Multipart, Objects, Postponer, Secrets, Sender,
    StateStore, UploadSigner, Webhooks,
};

/// Every port. Cheap to clone.
#[derive(Clone)]
pub struct Outside {
    /// Jobs, turns and the rest of the state table.
    pub state: Arc<dyn StateStore>,
    /// Its done-sets.
    pub done_sets: Arc<dyn DoneSets>,
    /// The queues' entrance.
    pub sender: Arc<dyn Sender>,
    /// A received message's way back.
    pub postponer: Arc<dyn Postponer>,
    /// The objects.
    pub objects: Arc<dyn Objects>,
    /// Signed uploads to them.
    pub upload_signer: Arc<dyn UploadSigner>,
    /// Uploads in parts.
    pub multipart: Arc<dyn Multipart>,
    /// Signed downloads.
    pub download_signer: Arc<dyn DownloadSigner>,
    /// Normalised rows.
    pub rows: Arc<dyn Rows>,
    /// Refused records.
    pub rejects: Arc<dyn Rejects>,
    /// Decisions of `reconcile`.
    pub decisions: Arc<dyn Decisions>,
    /// What a user reads.
    pub transactions: Arc<dyn Transactions>,
    /// What section 104 decided.
    pub disposals: Arc<dyn Disposals>,
    /// Totals and holdings.
    pub summaries: Arc<dyn Summaries>,
    /// Prices of ledgers.
    pub prices: Arc<dyn LedgerPrices>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Names of jobs.
    pub ids: Arc<dyn Ids>,
    /// Secrets of webhooks.
    pub secrets: Arc<dyn Secrets>,
    /// Calls to webhooks.
    pub webhooks: Arc<dyn Webhooks>,
    /// Where those may lead.
    pub webhook_reach: Reach,
}

impl Outside {
    /// The same, with faults in front of what can be made to fail.
    pub(super) fn with_faults(self, faults: &Arc<Faults>) -> Self {
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
