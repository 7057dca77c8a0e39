//! Whether a tenant has room for another upload: a free slot, and a count of the day that is not full.

use std::collections::BTreeMap;

use domain::ids::{JobId, TenantId};
use domain::limits::{IN_FLIGHT_LONGEST_RETRY_SECONDS, IN_FLIGHT_RETRY_SECONDS};
use domain::state::{Change, Job, UploadDay, UploadSlot, quota_partition};
use domain::time::Instant;
use lambda::problem::Limit;
use ports::state::load;
use ports::{PortError, StateStore};

use crate::config::Bounds;

/// The name of the limit of uploads in flight.
pub const IN_FLIGHT: &str = "uploads_in_flight";
/// The name of the limit of uploads per day.
pub const PER_DAY: &str = "uploads_per_day";

/// Slots that are looked at, in one read from a place of the job's own. A tenant that holds nine of
/// ten finds none free among them one time in a thousand, and is refused a little before its limit; with
/// so few slots that all are looked at the limit is exact.
const WINDOW: u32 = 64;
/// Shards of a day's count: with as many uploads beginning at the same time one in a few meets
/// another, and decides again.
const SHARDS: u32 = 32;
/// Documents of a page of what is used.
const PAGE: u32 = 1_000;

/// Room for an upload.
#[derive(Debug)]
pub(crate) struct Room {
    /// The slot that it takes.
    pub(crate) slot: u32,
    /// What takes it, for the transaction that creates the job.
    pub(crate) changes: [Change; 2],
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// Which.
    pub limit: Limit,
    /// Seconds after which there may be room.
    pub retry_after_seconds: u32,
}

/// What a tenant uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Uploads in flight.
    pub in_flight: u64,
    /// Uploads begun today.
    pub today: u64,
}

/// Looks for room. Whoever takes the same at the same time makes the commit conflict, and the next
/// attempt, with another job id, looks elsewhere.
pub(crate) async fn find_room(
    state: &dyn StateStore,
    bounds: Bounds,
    job: &Job,
    now: Instant,
) -> Result<Result<Room, Full>, PortError> {
    let tenant = &job.owner.tenant;
    let seed = seed_of(job.id);
    let Some(count) = count(state, bounds.per_day, tenant, seed, now).await? else {
        let seconds = u32::try_from(UploadDay::seconds_left(now)).unwrap_or(u32::MAX);
        return Ok(Err(full(PER_DAY, bounds.per_day, seconds)));
    };
    let slot = match free_slot(state, bounds.in_flight, tenant, seed).await? {
        Slot::Free(slot) => slot,
        Slot::None { since } => {
            let seconds = until_one_is_free(&since, now);
            return Ok(Err(full(IN_FLIGHT, bounds.in_flight, seconds)));
        }
    };
    let taken = UploadSlot {
        tenant: tenant.clone(),
        slot,
        job: job.id,
        taken_at: now,
    };
    let changes = [Change::insert(&taken)?, count];
    Ok(Ok(Room { slot, changes }))
}

fn full(name: &'static str, value: u32, retry_after_seconds: u32) -> Full {
    Full {
        limit: Limit {
            name,
            value: value.into(),
        },
        retry_after_seconds,
    }
}

/// Where a job begins to look; ids of the same moment begin at different places.
fn seed_of(job: JobId) -> u32 {
    let bytes = job.as_bytes();
    bytes.iter().fold(2_166_136_261, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(16_777_619)
    })
}

/// What looking for a slot came to.
enum Slot {
    /// This one is free.
    Free(u32),
    /// None of those that were looked at, which were taken then.
    None { since: Vec<Instant> },
}

/// Seconds after which it is worth asking again. What is taken for so long on average is about as long
/// from being free: a thousand who wait for slow uploads are not told to ask every few seconds.
fn until_one_is_free(since: &[Instant], now: Instant) -> u32 {
    let held_us = since.iter().map(|taken| now.0.saturating_sub(taken.0));
    let sum: i128 = held_us.map(i128::from).sum();
    let mean = sum / 1_000_000 / i128::try_from(since.len().max(1)).unwrap_or(1);
    let seconds = u32::try_from(mean.max(0)).unwrap_or(u32::MAX);
    seconds.clamp(IN_FLIGHT_RETRY_SECONDS, IN_FLIGHT_LONGEST_RETRY_SECONDS)
}

/// A slot that is free, any of those that are: who asks at the same time most likely takes another.
async fn free_slot(
    state: &dyn StateStore,
    limit: u32,
    tenant: &TenantId,
    seed: u32,
) -> Result<Slot, PortError> {
    let (width, first) = (WINDOW.min(limit), seed % limit);
    let ahead = width.min(limit - first);
    let mut held = held_slots(state, tenant, first, ahead).await?;
    if ahead < width {
        held.extend(held_slots(state, tenant, 0, width - ahead).await?);
    }
    let slots = (first..first + ahead).chain(0..width - ahead);
    let free: Vec<u32> = slots.filter(|slot| !held.contains_key(slot)).collect();
    let any = seed.rotate_right(16) as usize % free.len().max(1);
    Ok(match free.get(any) {
        Some(slot) => Slot::Free(*slot),
        None => Slot::None {
            since: held.into_values().collect(),
        },
    })
}

/// Those of `count` slots from `first` on that are held, with since when; of those behind, some too.
async fn held_slots(
    state: &dyn StateStore,
    tenant: &TenantId,
    first: u32,
    count: u32,
) -> Result<BTreeMap<u32, Instant>, PortError> {
    let partition = quota_partition(tenant);
    let before = first.checked_sub(1);
    let before = before.map(|slot| UploadSlot::key_of(tenant, slot).sort);
    let found = state.list(&partition, UploadSlot::PREFIX, before.as_deref(), count);
    let mut held = BTreeMap::new();
    for stored in found.await? {
        let slot = stored.decode::<UploadSlot>()?.value;
        held.insert(slot.slot, slot.taken_at);
    }
    Ok(held)
}

/// One more in a shard of the day that is not full; `None` when all are.
async fn count(
    state: &dyn StateStore,
    limit: u32,
    tenant: &TenantId,
    seed: u32,
    now: Instant,
) -> Result<Option<Change>, PortError> {
    let day = now.utc_day();
    let shards = SHARDS.min(limit);
    for probe in 0..shards {
        let shard = seed.wrapping_add(probe) % shards;
        let share = limit / shards + u32::from(shard < limit % shards);
        let key = UploadDay::key_of(tenant, day, shard);
        let Some(mut stored) = load::<UploadDay>(state, &key).await? else {
            let first = UploadDay {
                tenant: tenant.clone(),
                day,
                shard,
                uploads: 1,
            };
            return Ok(Some(Change::insert(&first)?));
        };
        if stored.value.uploads < share {
            stored.value.uploads += 1;
            return Ok(Some(Change::replace(&stored.value, stored.version)?));
        }
    }
    Ok(None)
}

/// What a tenant uses now.
///
/// # Errors
/// What the store says.
pub async fn used(
    state: &dyn StateStore,
    tenant: &TenantId,
    bounds: Bounds,
    now: Instant,
) -> Result<Used, PortError> {
    let partition = quota_partition(tenant);
    let prefix = UploadDay::prefix_of(now.utc_day());
    let mut today = 0;
    for stored in state.list(&partition, &prefix, None, SHARDS).await? {
        today += u64::from(stored.decode::<UploadDay>()?.value.uploads);
    }
    let mut in_flight = 0;
    let mut after: Option<String> = None;
    // A limit that was lowered may have left more slots taken than it has now.
    while in_flight <= u64::from(bounds.in_flight) {
        let page = state
            .list(&partition, UploadSlot::PREFIX, after.as_deref(), PAGE)
            .await?;
        in_flight += page.len() as u64;
        match page.last() {
            Some(last) if page.len() as u64 == u64::from(PAGE) => {
                after = Some(last.key.sort.clone());
            }
            _ => break,
        }
    }
    Ok(Used { in_flight, today })
}
