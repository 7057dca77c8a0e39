//! One group of price requests. The first source is the user's own prices; providers come behind it.

use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::ids::{Generation, LedgerRef, Stage, TurnId};
use domain::keys;
use domain::revision::Snapshot;
use domain::state::{BatchOutcome, DoneSet, Recorded, Turn, TurnPhase, Versioned};
use domain::time::{Day, Instant};
use ports::objects::read_json;
use ports::state::load;
use ports::tables::{DayPrice, LedgerPrices, PriceOwner};
use ports::transition::carry_out;
use ports::{DoneSets, Objects, PortError, Sender, StateStore};

use crate::plan::{AssetDays, PricePlan, span};

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
    let group = plan
        .groups
        .get(work.batch as usize)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let found = own_prices(prices, &snapshot, &plan.quote, group).await?;
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

/// The user's own prices for a group. A later file wins over an earlier one.
async fn own_prices(
    prices: &dyn LedgerPrices,
    snapshot: &Snapshot,
    quote: &Asset,
    group: &[AssetDays],
) -> Result<Vec<DayPrice>, PortError> {
    let Some((first, last)) = span(group) else {
        return Ok(Vec::new());
    };
    let mut found: BTreeMap<(Day, Asset), DayPrice> = BTreeMap::new();
    for &job in &snapshot.prices {
        for price in prices
            .read(&snapshot.ledger, PriceOwner::Job(job), quote, first, last)
            .await?
        {
            let wanted = group
                .binary_search_by(|asset| asset.asset.cmp(&price.asset))
                .is_ok_and(|place| group[place].days.binary_search(&price.day).is_ok());
            if wanted {
                found.insert((price.day, price.asset.clone()), price);
            }
        }
    }
    Ok(found.into_values().collect())
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
