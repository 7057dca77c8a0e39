//! The beginning of a turn: its jobs, its snapshot, its price requests.

use std::collections::BTreeSet;

use domain::asset::Asset;
use domain::digest::PriceNeed;
use domain::ids::{LedgerRef, Stage, TurnId};
use domain::revision::{Revision, Snapshot, UploadEntry};
use domain::state::{DoneSet, Job, JobKind, Turn, TurnPhase, Versioned};
use domain::time::{Day, Instant};
use domain::{keys, value};
use futures::TryStreamExt;
use ports::objects::{read_json, write_json};
use ports::state::load;
use ports::tables::{LedgerPrices, PriceOwner};
use ports::transition::apply;
use ports::turns::point_jobs;
use ports::{DoneSets, Objects, PortError, Sender, StateStore, digests};

use crate::plan::PricePlan;
use crate::snapshot::{Admitted, Taken, take};

/// Which turn begins.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The turn.
    pub(crate) turn: TurnId,
    /// The time.
    pub(crate) now: Instant,
}

/// Points the admitted jobs to the turn, stores snapshot and price plan, and sends the requests.
///
/// # Errors
/// What a port says; doing it again is right.
pub(crate) async fn begin(
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
    if turn.value.phase != TurnPhase::Beginning {
        return Ok(());
    }
    point_jobs(state, sender, &turn.value, work.now).await?;
    let base = base_revision(objects, &turn).await?;
    let (admitted, mut needs) = read_jobs(state, done_sets, objects, &turn.value).await?;
    let taken = take(work.owner, work.turn, base.as_ref(), admitted);
    needs.extend(needs_to_revisit(objects, base.as_ref(), &taken).await?);
    let mut wanted = value::wanted(&needs, &taken.snapshot.settings.base);
    if taken.repriced_from.is_none() {
        leave_out_pinned(prices, &taken.snapshot, &mut wanted).await?;
    }
    let plan = PricePlan::of(taken.snapshot.settings.base.clone(), &wanted);
    write_json(
        objects,
        &keys::snapshot(work.owner, work.turn),
        &taken.snapshot,
    )
    .await?;
    write_json(objects, &keys::price_plan(work.owner, work.turn), &plan).await?;
    let groups =
        u32::try_from(plan.groups.len()).map_err(|error| PortError::bug("price.begin", error))?;
    tracing::info!(prices = wanted.len(), groups, "a turn begins");
    match turn.began(groups, work.now)? {
        Some(transition) => apply(state, sender, transition).await,
        None => Ok(()),
    }
}

async fn base_revision(
    objects: &dyn Objects,
    turn: &Versioned<Turn>,
) -> Result<Option<Revision>, PortError> {
    match turn.value.base {
        Some(base) => read_json(objects, &keys::revision(&turn.value.owner, base))
            .await
            .map(Some),
        None => Ok(None),
    }
}

/// The admitted jobs in order of their ids, and what the new files need priced.
async fn read_jobs(
    state: &dyn StateStore,
    done_sets: &dyn DoneSets,
    objects: &dyn Objects,
    turn: &Turn,
) -> Result<(Vec<Admitted>, Vec<PriceNeed>), PortError> {
    let mut ids = turn.jobs.clone();
    ids.sort();
    let mut admitted = Vec::with_capacity(ids.len());
    let mut needs = Vec::new();
    for id in ids {
        let missing =
            || PortError::invalid("price.begin", format!("admitted job {id} is not there"));
        let job = load::<Job>(state, &Job::key_of(&turn.owner.tenant, id))
            .await?
            .ok_or_else(missing)?;
        if let JobKind::Upload(upload) = &job.value.kind {
            let filename = upload.filename.clone();
            let entry = read_upload(done_sets, objects, &job.value, filename, &mut needs).await?;
            admitted.push(Admitted::Upload(entry));
        } else {
            admitted.push(Admitted::Other(id, job.value.kind));
        }
    }
    Ok((admitted, needs))
}

async fn read_upload(
    done_sets: &dyn DoneSets,
    objects: &dyn Objects,
    job: &Job,
    filename: String,
    needs: &mut Vec<PriceNeed>,
) -> Result<UploadEntry, PortError> {
    let key = DoneSet::job_key(job.id, &job.owner, Stage::Ingest);
    let missing = || PortError::invalid("price.begin", format!("job {} has no chunks", job.id));
    let set = done_sets.read(&key).await?.ok_or_else(missing)?;
    let mut entry = UploadEntry {
        job: job.id,
        filename,
        chunks: set.done.into_values().collect(),
        earliest: None,
        rows: 0,
    };
    let mut digests = digests::of_upload(objects, &job.owner, &entry);
    let (mut earliest, mut rows) = (None::<Instant>, 0);
    while let Some((_, digest)) = digests.try_next().await? {
        let first = digest.times.first().map(|(at, _)| *at);
        earliest = earliest.into_iter().chain(first).min();
        rows += digest
            .times
            .iter()
            .map(|(_, count)| u64::from(*count))
            .sum::<u64>();
        needs.extend(digest.needs);
    }
    drop(digests);
    entry.earliest = earliest;
    entry.rows = rows;
    Ok(entry)
}

/// What files of the base revision need looked up again: everything when the base currency changed,
/// and what lies behind a change of the user's own prices.
async fn needs_to_revisit(
    objects: &dyn Objects,
    base: Option<&Revision>,
    taken: &Taken,
) -> Result<Vec<PriceNeed>, PortError> {
    let Some(base) = base else {
        return Ok(Vec::new());
    };
    let rebased = base.snapshot.settings.base != taken.snapshot.settings.base;
    let from = if rebased {
        Some(Day(i32::MIN))
    } else {
        taken.repriced_from
    };
    let Some(from) = from else {
        return Ok(Vec::new());
    };
    let mut needs = Vec::new();
    for entry in &base.snapshot.uploads {
        let mut digests = digests::of_upload(objects, &taken.snapshot.ledger, entry);
        while let Some((_, digest)) = digests.try_next().await? {
            needs.extend(digest.needs.into_iter().filter(|need| need.day >= from));
        }
    }
    Ok(needs)
}

/// Takes off what an earlier turn pinned: a pinned price is never looked up again.
async fn leave_out_pinned(
    prices: &dyn LedgerPrices,
    snapshot: &Snapshot,
    wanted: &mut BTreeSet<(Asset, Day)>,
) -> Result<(), PortError> {
    let first = wanted.iter().map(|(_, day)| *day).min();
    let last = wanted.iter().map(|(_, day)| *day).max();
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(());
    };
    for &turn in &snapshot.pins {
        let owner = PriceOwner::Turn(turn);
        let pinned = prices
            .read(
                &snapshot.ledger,
                owner,
                &snapshot.settings.base,
                first,
                last,
            )
            .await?;
        for price in pinned {
            wanted.remove(&(price.asset, price.day));
        }
    }
    Ok(())
}
