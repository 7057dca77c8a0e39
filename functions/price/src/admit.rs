//! Giving waiting jobs a turn.

use domain::ids::LedgerRef;
use domain::limits::MAX_TURN_JOBS;
use domain::state::{self, LedgerItem, TurnRequest};
use domain::time::Instant;
use ports::state::load;
use ports::transition::{apply, decide_again};
use ports::{PortError, Sender, StateStore};

/// Starts a turn if none is running and somebody waits.
///
/// No wake-up is lost: a job's request is stored in the transaction that sends `Admit`, and a turn
/// that ends sends `Admit` again. So whichever of "the turn ends" and "the job asks" comes second
/// finds the ledger free and the request stored.
///
/// # Errors
/// What the store says; doing it again is right.
pub(crate) async fn admit(
    store: &dyn StateStore,
    sender: &dyn Sender,
    owner: &LedgerRef,
    now: Instant,
) -> Result<(), PortError> {
    for attempt in 0.. {
        let ledger = load::<LedgerItem>(store, &LedgerItem::key_of(owner)).await?;
        let requests = waiting(store, owner).await?;
        let Some(transition) = state::admit(ledger.as_ref(), owner, &requests, now)? else {
            return Ok(());
        };
        match apply(store, sender, transition).await {
            Err(error) if decide_again(&error, attempt) => {}
            end => return end,
        }
    }
    Ok(())
}

async fn waiting(store: &dyn StateStore, owner: &LedgerRef) -> Result<Vec<TurnRequest>, PortError> {
    let partition = TurnRequest::partition_of(owner);
    let limit = u32::try_from(MAX_TURN_JOBS).unwrap_or(u32::MAX);
    let stored = store
        .list(&partition, TurnRequest::PREFIX, None, limit)
        .await?;
    stored
        .iter()
        .map(|request| Ok(request.decode::<TurnRequest>()?.value))
        .collect()
}
