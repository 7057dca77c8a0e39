//! The beginning of a turn: its jobs, its snapshot, its price requests.

use domain::asset::Asset;
use domain::ids::{LedgerRef, Stage, TurnId};
use domain::keys;
use domain::limits::MAX_OVERRIDES;
use domain::overrides::OverrideBook;
use domain::revision::{Revision, Snapshot, UploadEntry};
use domain::settings::Settings;
use domain::state::{DoneSet, ErrorClass, Job, JobError, JobKind, Turn, TurnPhase, Versioned};
use domain::time::{Day, Instant};
use futures::TryStreamExt;
use ports::digests::{chunks_of, of_chunks};
use ports::objects::{read_json, write_json};
use ports::state::load;
use ports::tables::{LedgerPrices, PriceOwner};
use ports::transition::apply;
use ports::turns::{fail_turn, joined, point_jobs};
use ports::{DoneSets, Objects, PortError, Sender, StateStore};

use crate::plan::{PricePlan, Wanted};
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
    let Some(mut turn) = load::<Turn>(state, &Turn::key_of(work.owner, work.turn)).await? else {
        return Ok(());
    };
    if turn.value.phase != TurnPhase::Beginning {
        return Ok(());
    }
    point_jobs(state, sender, &turn.value, work.now).await?;
    let base = base_revision(objects, &turn).await?;
    let jobs = joined(state, &turn.value).await?;
    if jobs.is_empty() {
        let (owner, error) = (work.owner, all_cancelled());
        return fail_turn(state, sender, owner, work.turn, &error, work.now).await;
    }
    turn.value.jobs = jobs.iter().map(|job| job.id).collect();
    let mut wanted = Wanted::default();
    let currency = base_currency(base.as_ref(), &jobs);
    let uploads = Uploads {
        done_sets,
        objects,
        currency: &currency,
    };
    let mut admitted = Vec::with_capacity(jobs.len());
    for job in jobs {
        admitted.push(uploads.admit(job, &mut wanted).await?);
    }
    let overrides = base_overrides(objects, base.as_ref()).await?;
    let taken = take(work.owner, work.turn, base.as_ref(), overrides, admitted);
    if taken.overrides.len() > MAX_OVERRIDES {
        let (owner, error) = (work.owner, too_many_overrides(taken.overrides.len()));
        return fail_turn(state, sender, owner, work.turn, &error, work.now).await;
    }
    wanted.add(&taken.overrides.needs(), &currency);
    revisit(objects, base.as_ref(), &taken, &mut wanted).await?;
    if taken.repriced_from.is_none() {
        leave_out_pinned(prices, &taken.snapshot, &mut wanted).await?;
    }
    let plan = PricePlan::of(currency, &wanted);
    store(objects, work, &taken, &plan).await?;
    let groups =
        u32::try_from(plan.groups.len()).map_err(|error| PortError::bug("price.begin", error))?;
    tracing::info!(prices = wanted.len(), groups, "a turn begins");
    match turn.began(groups, work.now)? {
        Some(transition) => apply(state, sender, transition).await,
        None => Ok(()),
    }
}

/// Stores what the turn computes over, and what it looks up.
async fn store(
    objects: &dyn Objects,
    work: Work<'_>,
    taken: &Taken,
    plan: &PricePlan,
) -> Result<(), PortError> {
    let (owner, turn) = (work.owner, work.turn);
    if taken.changes_overrides {
        write_json(objects, &keys::overrides(owner, turn), &taken.overrides).await?;
    }
    write_json(objects, &keys::snapshot(owner, turn), &taken.snapshot).await?;
    write_json(objects, &keys::price_plan(owner, turn), plan).await
}

async fn base_overrides(
    objects: &dyn Objects,
    base: Option<&Revision>,
) -> Result<OverrideBook, PortError> {
    let stored = base.and_then(|base| Some((&base.snapshot.ledger, base.snapshot.overrides?)));
    match stored {
        Some((owner, turn)) => read_json(objects, &keys::overrides(owner, turn)).await,
        None => Ok(OverrideBook::default()),
    }
}

/// Requests made at the same time can each fit and together not.
fn too_many_overrides(count: usize) -> JobError {
    JobError {
        class: ErrorClass::Data,
        code: "too_many_overrides".to_owned(),
        message: format!(
            "overrides would stand on {count} rows of the ledger; at most {MAX_OVERRIDES} may. Clear some that are no longer needed, then ask again."
        ),
    }
}

/// Nobody is told: no job points to such a turn.
fn all_cancelled() -> JobError {
    JobError {
        class: ErrorClass::Data,
        code: "all_cancelled".to_owned(),
        message: "every job of the turn was cancelled before it began".to_owned(),
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

/// The currency the turn computes in: known before any digest is read, so that of each no more is
/// kept than what it wants priced.
fn base_currency(base: Option<&Revision>, jobs: &[Job]) -> Asset {
    let set = jobs.iter().rev().find_map(|job| match &job.kind {
        JobKind::Settings { settings } => Some(settings),
        _ => None,
    });
    let settings = set.or(base.map(|revision| &revision.snapshot.settings));
    settings.map_or_else(
        || Settings::default().base,
        |settings| settings.base.clone(),
    )
}

/// Where uploads are read.
#[derive(Clone, Copy)]
struct Uploads<'a> {
    done_sets: &'a dyn DoneSets,
    objects: &'a dyn Objects,
    currency: &'a Asset,
}

impl Uploads<'_> {
    /// A job as the snapshot needs it; what a file wants priced is added to `wanted`.
    async fn admit(self, job: Job, wanted: &mut Wanted) -> Result<Admitted, PortError> {
        let upload = match &job.kind {
            JobKind::Upload(upload) => upload,
            JobKind::Override { .. } => {
                let key = keys::override_changes(&job.owner, job.id);
                return read_json(self.objects, &key).await.map(Admitted::Overrides);
            }
            _ => return Ok(Admitted::Other(job.id, job.kind)),
        };
        let key = DoneSet::job_key(job.id, &job.owner, Stage::Ingest);
        let missing = || PortError::invalid("price.begin", format!("job {} has no chunks", job.id));
        let set = self.done_sets.read(&key).await?.ok_or_else(missing)?;
        let mut entry = UploadEntry {
            job: job.id,
            filename: upload.filename.clone(),
            chunks: set.done.into_values().collect(),
            earliest: None,
            rows: 0,
        };
        let mut digests = of_chunks(self.objects, &job.owner, chunks_of(&entry).collect());
        let (mut earliest, mut rows) = (None::<Instant>, 0);
        while let Some((_, digest)) = digests.try_next().await? {
            let first = digest.times.first().map(|(at, _)| *at);
            earliest = earliest.into_iter().chain(first).min();
            rows += digest
                .times
                .iter()
                .map(|(_, count)| u64::from(*count))
                .sum::<u64>();
            wanted.add(&digest.needs, self.currency);
        }
        drop(digests);
        entry.earliest = earliest;
        entry.rows = rows;
        Ok(Admitted::Upload(entry))
    }
}

/// Adds what files of the base revision need looked up again: everything when the base currency
/// changed, and what lies behind a change of the user's own prices.
async fn revisit(
    objects: &dyn Objects,
    base: Option<&Revision>,
    taken: &Taken,
    wanted: &mut Wanted,
) -> Result<(), PortError> {
    let Some(base) = base else {
        return Ok(());
    };
    let currency = &taken.snapshot.settings.base;
    let from = if base.snapshot.settings.base == *currency {
        taken.repriced_from
    } else {
        Some(Day(i32::MIN))
    };
    let Some(from) = from else {
        return Ok(());
    };
    let chunks = base.snapshot.uploads.iter().flat_map(chunks_of).collect();
    let mut digests = of_chunks(objects, &taken.snapshot.ledger, chunks);
    while let Some((_, mut digest)) = digests.try_next().await? {
        digest.needs.retain(|need| need.day >= from);
        wanted.add(&digest.needs, currency);
    }
    Ok(())
}

/// Takes off what an earlier turn pinned: a pinned price is never looked up again. Not what this turn
/// did: a second copy of its message may still plan while the first one's requests are being done,
/// and its plan must be the same, because it takes the other's place.
async fn leave_out_pinned(
    prices: &dyn LedgerPrices,
    snapshot: &Snapshot,
    wanted: &mut Wanted,
) -> Result<(), PortError> {
    let quote = &snapshot.settings.base;
    let earlier = snapshot.pins.iter().filter(|turn| **turn != snapshot.turn);
    for &turn in earlier {
        let Some((first, last)) = wanted.span() else {
            return Ok(());
        };
        let owner = PriceOwner::Turn(turn);
        let pinned = prices
            .read(&snapshot.ledger, owner, quote, first, last)
            .await?;
        for price in pinned {
            wanted.remove(&price.asset, price.day);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use async_trait::async_trait;
    use domain::digest::PriceNeed;
    use domain::money::Decimal;
    use ports::tables::DayPrice;

    use super::*;

    /// One price under every turn: of the asset named as the turn is.
    struct Pinned;

    #[async_trait]
    impl LedgerPrices for Pinned {
        async fn write(
            &self,
            _: &LedgerRef,
            _: PriceOwner,
            _: &[DayPrice],
        ) -> Result<(), PortError> {
            Ok(())
        }

        async fn read(
            &self,
            _: &LedgerRef,
            owner: PriceOwner,
            quote: &Asset,
            _: Day,
            _: Day,
        ) -> Result<Vec<DayPrice>, PortError> {
            let PriceOwner::Turn(turn) = owner else {
                return Ok(Vec::new());
            };
            Ok(vec![DayPrice {
                asset: asset(turn.0),
                quote: quote.clone(),
                day: Day(1),
                price: Some(Decimal::ONE),
                source: "own".to_owned(),
            }])
        }
    }

    fn asset(number: u64) -> Asset {
        format!("T{number}").parse().unwrap()
    }

    #[tokio::test]
    async fn regression_a_second_copy_plans_what_the_first_did_while_its_prices_are_being_pinned() {
        let owner = LedgerRef {
            tenant: "local".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        };
        let mut snapshot =
            take(&owner, TurnId(2), None, OverrideBook::default(), Vec::new()).snapshot;
        snapshot.pins.insert(0, TurnId(1));
        let mut wanted = Wanted::default();
        for number in 1..=3 {
            let need = PriceNeed {
                day: Day(1),
                sources: vec![asset(number)],
            };
            wanted.add(&[need], &Settings::default().base);
        }
        leave_out_pinned(&Pinned, &snapshot, &mut wanted)
            .await
            .unwrap();
        let plan = PricePlan::of(Settings::default().base, &wanted);
        let asked: Vec<Asset> = plan.groups[0].assets().cloned().collect();
        assert_eq!(asked, [asset(2), asset(3)]);
    }
}
