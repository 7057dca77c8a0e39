//! The fold of one segment.

use std::collections::BTreeMap;

use domain::fold::reconcile::{self as fold_of, ReconcileState, Reconciled};
use domain::keys;
use domain::overrides::Rulings;
use domain::read_rows::Decision;
use ports::folding::{self, Fold, Folding};
use ports::objects::read_whole;
use ports::tables::{Decisions, Rows};
use ports::{DoneSets, Objects, PortError, PutMode, Sender, StateStore, segments};

/// Decides what can be decided with this segment, and stores it.
///
/// # Errors
/// What a port says; doing it again is doing it once.
pub(crate) async fn reconcile(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    objects: &dyn Objects,
    rows: &dyn Rows,
    decisions: &dyn Decisions,
    fold: Fold<'_>,
) -> Result<(), PortError> {
    let Some(folding) = folding::start(state, done_sets, sender, objects, fold).await? else {
        return Ok(());
    };
    let (segment, work) = folding.segment(fold.index)?;
    let before = checkpoint_before(objects, &folding, fold).await?;
    let loaded = segments::load(rows, &folding.snapshot, segment, work).await?;
    let closes = (!folding.is_last(fold.index)).then_some(segment.to);
    let settings = &folding.snapshot.settings;
    let (repeats, rulings) = (&work.repeats, Rulings::of(&work.overrides));
    let Reconciled {
        state: after,
        decisions: decided,
    } = fold_of::reconcile(
        before, loaded, repeats, &rulings, fold.index, closes, settings,
    );
    let key = keys::reconcile_checkpoint(fold.owner, fold.turn, fold.index + 1);
    objects
        .put(&key, after.encode().into(), PutMode::Overwrite)
        .await?;
    folding::advance(state, sender, fold).await?;
    write(decisions, decided, folding.plan.restart, fold).await?;
    folding::finish(state, done_sets, sender, fold).await
}

async fn checkpoint_before(
    objects: &dyn Objects,
    folding: &Folding,
    fold: Fold<'_>,
) -> Result<ReconcileState, PortError> {
    let Some((turn, index)) = folding.checkpoint_before(fold.index) else {
        return Ok(ReconcileState::default());
    };
    let key = keys::reconcile_checkpoint(fold.owner, turn, index);
    let bytes = read_whole(objects, &key).await?;
    ReconcileState::decode(&bytes)
        .map_err(|error| PortError::invalid("reconcile.checkpoint", format!("{key}: {error}")))
}

/// Decisions on rows before the restart checkpoint are left out: nothing that changed can reach
/// them, so they are those of the base revision, which stand under its turn.
async fn write(
    table: &dyn Decisions,
    decided: BTreeMap<u32, Vec<Decision>>,
    restart: u32,
    fold: Fold<'_>,
) -> Result<(), PortError> {
    for (segment, decisions) in decided.range(restart..) {
        table
            .write(fold.owner, fold.turn, *segment, decisions)
            .await?;
    }
    Ok(())
}
