//! Which revision a reader reads: one, whole (I7).

use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use domain::revision::Revision;
use domain::state::{LedgerItem, Turn, TurnPhase};
use lambda::problem::Problem;
use ports::objects::read_json;
use ports::state::load;
use ports::{Objects, PortError, StateStore};

/// The revision readers see now; `None` when nothing was published yet.
///
/// # Errors
/// What the store says.
pub(crate) async fn current(
    state: &dyn StateStore,
    owner: &LedgerRef,
) -> Result<Option<TurnId>, PortError> {
    let item = load::<LedgerItem>(state, &LedgerItem::key_of(owner)).await?;
    Ok(item.and_then(|item| item.value.published))
}

/// An unknown ledger and one that was never computed are alike: nothing can be read of it yet.
pub(crate) fn nothing_yet() -> Problem {
    Problem::not_found(
        "nothing is published of this ledger yet; upload a file and wait for its job to complete",
    )
}

/// Whether a turn is, or was, a revision of this ledger. A turn that failed has a number too, and
/// may have left rows: nobody reads those.
///
/// # Errors
/// What the store says.
pub(crate) async fn is_revision(
    state: &dyn StateStore,
    owner: &LedgerRef,
    turn: TurnId,
) -> Result<bool, PortError> {
    let turn = load::<Turn>(state, &Turn::key_of(owner, turn)).await?;
    Ok(turn.is_some_and(|turn| turn.value.phase == TurnPhase::Completed))
}

/// The manifest of a revision.
///
/// # Errors
/// What the store says.
pub(crate) async fn manifest(
    objects: &dyn Objects,
    owner: &LedgerRef,
    revision: TurnId,
) -> Result<Revision, PortError> {
    read_json(objects, &keys::revision(owner, revision)).await
}
