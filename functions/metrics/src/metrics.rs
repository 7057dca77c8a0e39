//! The fold of one segment.

use domain::fold::metrics::{self as fold_of, Measured};
use domain::keys;
use domain::overrides::Rulings;
use ports::folding::{self, Fold};
use ports::objects::write_json;
use ports::tables::{Decisions, Disposals, LedgerPrices, Rows, Transactions};
use ports::{DoneSets, Objects, PortError, Sender, StateStore, segments};

use crate::kept::Kept;
use crate::{checkpoint, prices};

/// What a fold reads, besides objects.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'a> {
    /// The rows.
    pub(crate) rows: &'a dyn Rows,
    /// What was decided about them.
    pub(crate) decisions: &'a dyn Decisions,
    /// The prices that were pinned.
    pub(crate) prices: &'a dyn LedgerPrices,
    /// The states the last fold left.
    pub(crate) kept: &'a Kept,
}

/// The tables a fold writes.
#[derive(Clone, Copy)]
pub(crate) struct Writes<'a> {
    /// What readers see.
    pub(crate) transactions: &'a dyn Transactions,
    /// What section 104 decided.
    pub(crate) disposals: &'a dyn Disposals,
}

/// Computes one segment and stores what readers will see of it.
///
/// # Errors
/// What a port says; doing it again is doing it once.
pub(crate) async fn metrics(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    objects: &dyn Objects,
    reads: Reads<'_>,
    writes: Writes<'_>,
    fold: Fold<'_>,
) -> Result<(), PortError> {
    let Some(folding) = folding::start(state, done_sets, sender, objects, fold).await? else {
        return Ok(());
    };
    let (segment, work) = folding.segment(fold.index)?;
    let snapshot = &folding.snapshot;
    let rows = segments::load(reads.rows, snapshot, segment, work).await?;
    let decisions = reads
        .decisions
        .read(fold.owner, fold.turn, fold.index)
        .await?;
    let book = prices::load(reads.prices, snapshot, segment).await?;
    let manifest = checkpoint::before(objects, &folding, fold).await?;
    let unknown = |error| PortError::invalid("metrics.fold", error);
    let mut wanted = fold_of::touched(&rows);
    if let Some(today) = fold_of::last_day(&rows, &snapshot.settings).map_err(unknown)? {
        wanted.extend(manifest.due(today));
    }
    let assets =
        checkpoint::load_assets(objects, reads.kept, fold.owner, &manifest, &wanted).await?;
    let Measured {
        assets,
        rows,
        disposals,
        facts,
    } = fold_of::metrics(
        assets,
        rows,
        &decisions,
        &Rulings::of(&work.overrides),
        &book,
        &snapshot.settings,
    )
    .map_err(unknown)?;
    checkpoint::store(objects, reads.kept, fold, manifest, assets).await?;
    folding::advance(state, sender, fold).await?;
    let (owner, turn, index) = (fold.owner, fold.turn, fold.index);
    let Writes {
        transactions,
        disposals: table,
    } = writes;
    transactions.write(owner, turn, index, 0, &rows).await?;
    table.write(owner, turn, index, &disposals).await?;
    write_json(objects, &keys::facts(owner, turn, index), &facts).await?;
    folding::finish(state, done_sets, sender, fold).await
}
