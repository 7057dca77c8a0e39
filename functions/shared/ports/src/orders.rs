//! The protocol of ordering a file: `status` and `ledger` order, `export` writes.

use domain::ids::LedgerRef;
use domain::message::Task;
use domain::state::{ExportOrder, ExportState, Versioned};
use domain::time::Instant;

use crate::state::load;
use crate::transition::{apply, decide_again, rewrite};
use crate::{PortError, Sender, StateStore};

/// Orders a file unless it is ordered or there, and says whether it is there.
///
/// # Errors
/// What the store says; ordering again is right.
pub async fn is_ready(
    state: &dyn StateStore,
    sender: &dyn Sender,
    owner: &LedgerRef,
    object_key: &str,
    task: &Task,
    now: Instant,
) -> Result<bool, PortError> {
    let mut attempt = 0;
    loop {
        let earlier = load::<ExportOrder>(state, &ExportOrder::key_of(owner, object_key)).await?;
        let placed = ExportOrder::place(earlier.as_ref(), owner, object_key, task.clone(), now)?;
        let Some(transition) = placed else {
            return Ok(earlier.is_some_and(|order| order.value.state == ExportState::Ready));
        };
        match apply(state, sender, transition).await {
            Ok(()) => return Ok(false),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Whether an order still waits to be written: a message that comes twice finds nothing to do.
///
/// # Errors
/// What the store says.
pub async fn is_waiting(
    state: &dyn StateStore,
    owner: &LedgerRef,
    object_key: &str,
) -> Result<bool, PortError> {
    let order = load::<ExportOrder>(state, &ExportOrder::key_of(owner, object_key)).await?;
    Ok(order.is_some_and(|order| order.value.state != ExportState::Ready))
}

/// Says how an order ended: written, or given up with a cause. An order nobody placed stays unsaid.
///
/// # Errors
/// What the store says; doing it again is right.
pub async fn end(
    state: &dyn StateStore,
    owner: &LedgerRef,
    object_key: &str,
    given_up: Option<&str>,
) -> Result<(), PortError> {
    let key = ExportOrder::key_of(owner, object_key);
    rewrite(
        state,
        &key,
        |order: &Versioned<ExportOrder>| match given_up {
            None => order.written(),
            Some(cause) => order.given_up(cause.to_owned()),
        },
    )
    .await
}
