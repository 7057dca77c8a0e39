//! One group of price requests. The first source is the user's own prices; providers come behind it.

use domain::asset::Asset;
use domain::ids::{Generation, LedgerRef, Stage, TurnId};
use domain::keys;
use domain::revision::Snapshot;
use domain::state::{BatchOutcome, DoneSet, Recorded, Turn, TurnPhase, Versioned};
use domain::time::Instant;
use ports::objects::read_json;
use ports::state::load;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner};
use ports::transition::carry_out;
use ports::{DoneSets, Objects, PortError, Sender, StateStore};

use crate::own::Own;
use crate::plan::{Group, PricePlan};

/// Which group is done.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The turn.
    pub(crate) turn: TurnId,
    /// The group.
    pub(crate) batch: u32,
    /// The time.
    pub(crate) now: Instant,
}

/// Looks up the prices of a group, pins those found under the turn, and ends the stage with the
/// last group.
///
/// # Errors
/// What a port says; doing it again writes the same pins.
pub(crate) async fn fetch(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    sender: &dyn Sender,
    objects: &dyn Objects,
    prices: &dyn LedgerPrices,
    work: Work<'_>,
) -> Result<(), PortError> {
    let Some(turn) = load::<Turn>(state, &Turn::key_of(work.owner, work.turn)).await? else {
        return Ok(());
    };
    if turn.value.phase != TurnPhase::Pricing {
        return Ok(());
    }
    let snapshot: Snapshot = read_json(objects, &keys::snapshot(work.owner, work.turn)).await?;
    let plan: PricePlan = read_json(objects, &keys::price_plan(work.owner, work.turn)).await?;
    let found = match plan.groups.get(work.batch as usize) {
        Some(group) => {
            let own = Own::load(prices, &snapshot, &plan.quote, group).await?;
            settled(&own, &plan.quote, group)
        }
        None => Vec::new(),
    };
    prices
        .write(work.owner, PriceOwner::Turn(work.turn), &found)
        .await?;
    let key = DoneSet::turn_key(work.turn, work.owner, Stage::Price);
    let done = BatchOutcome::Done(domain::counts::RowCounts::default());
    let recorded = done_sets
        .record(&key, Generation::FIRST, work.batch, done)
        .await?;
    if let Recorded::Added(set) | Recorded::Already(set) = recorded {
        end_stage(state, sender, &set, work).await?;
    }
    Ok(())
}

/// What the user's own prices and rates say of a group.
fn settled(own: &Own, quote: &Asset, group: &Group) -> Vec<DayPrice> {
    let mut found = Vec::new();
    for (asset, day) in group.keys() {
        if let Some((price, source)) = own.price(asset, day) {
            found.push(DayPrice {
                asset: asset.clone(),
                quote: quote.clone(),
                day,
                price: Some(price),
                source: source.to_owned(),
            });
        }
    }
    found
}

async fn end_stage(
    state: &dyn StateStore,
    sender: &dyn Sender,
    set: &DoneSet,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = Turn::key_of(work.owner, work.turn);
    carry_out(state, sender, &key, |turn: &Versioned<Turn>| {
        turn.priced(set, work.now)
    })
    .await
}
