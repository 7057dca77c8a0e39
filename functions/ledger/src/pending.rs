//! The jobs of a ledger that are asked for and not yet published.

use domain::ids::{JobId, LedgerRef};
use domain::state::{LedgerItem, Turn, TurnRequest};
use ports::state::load;
use ports::{PortError, StateStore};

/// Requests that are listed at once.
const PAGE: u32 = 100;

/// Jobs that wait for a turn.
///
/// # Errors
/// What the store says.
pub(crate) async fn waiting(
    state: &dyn StateStore,
    owner: &LedgerRef,
) -> Result<Vec<JobId>, PortError> {
    let partition = TurnRequest::partition_of(owner);
    let mut jobs = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = state
            .list(&partition, TurnRequest::PREFIX, after.as_deref(), PAGE)
            .await?;
        for stored in &page {
            jobs.push(stored.decode::<TurnRequest>()?.value.job);
        }
        if page.len() < PAGE as usize {
            return Ok(jobs);
        }
        after = page.last().map(|stored| stored.key.sort.clone());
    }
}

/// Jobs of the turn that is running.
///
/// # Errors
/// What the store says.
pub(crate) async fn admitted(
    state: &dyn StateStore,
    owner: &LedgerRef,
    item: Option<&LedgerItem>,
) -> Result<Vec<JobId>, PortError> {
    let Some(turn) = item.and_then(|item| item.active) else {
        return Ok(Vec::new());
    };
    let turn = load::<Turn>(state, &Turn::key_of(owner, turn)).await?;
    Ok(turn.map(|turn| turn.value.jobs).unwrap_or_default())
}
