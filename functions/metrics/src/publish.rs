//! Publishing: totals, holdings, balances, the manifest, and the flip of the ledger's pointer.

use std::collections::BTreeMap;

use domain::ids::{JobId, LedgerRef, TurnId};
use domain::keys;
use domain::plan::SegmentPlan;
use domain::revision::{Revision, SegmentEntry, SegmentFacts, Snapshot};
use domain::state::{LedgerItem, Turn, TurnPhase};
use domain::time::Instant;
use ports::objects::{read_json, write_json};
use ports::state::load;
use ports::tables::{Disposals, Summaries};
use ports::transition::{apply, decide_again};
use ports::{Objects, PortError, Sender, StateStore};

use crate::ending;

/// Which turn is published.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The turn.
    pub(crate) turn: TurnId,
    /// The time.
    pub(crate) now: Instant,
}

/// The tables that publishing writes.
#[derive(Clone, Copy)]
pub(crate) struct Writes<'a> {
    /// Totals, holdings and balances.
    pub(crate) summaries: &'a dyn Summaries,
    /// What section 104 decides at the ledger's end.
    pub(crate) disposals: &'a dyn Disposals,
}

/// Writes what a revision shows besides its segments, then makes it the one readers see.
///
/// # Errors
/// What a port says; until the last commit nobody sees anything, and doing it again is right.
pub(crate) async fn publish(
    state: &dyn StateStore,
    sender: &dyn Sender,
    objects: &dyn Objects,
    writes: Writes<'_>,
    work: Work<'_>,
) -> Result<(), PortError> {
    let Some(turn) = load::<Turn>(state, &Turn::key_of(work.owner, work.turn)).await? else {
        return Ok(());
    };
    if turn.value.phase != TurnPhase::Publishing {
        return Ok(());
    }
    let snapshot: Snapshot = read_json(objects, &keys::snapshot(work.owner, work.turn)).await?;
    let plan: SegmentPlan = read_json(objects, &keys::segment_plan(work.owner, work.turn)).await?;
    let closing = ending::write(objects, writes, &snapshot, &plan, work).await?;
    let segments = entries(objects, turn.value.base, &plan, work).await?;
    let results = results(&segments, &turn.value.jobs);
    let recomputed = u32::try_from(plan.work.len()).unwrap_or(u32::MAX);
    let revision = Revision {
        snapshot,
        segments,
        closing,
        recomputed,
    };
    write_json(objects, &keys::revision(work.owner, work.turn), &revision).await?;
    tracing::info!(
        segments = revision.segments.len(),
        recomputed,
        "publishing a revision"
    );
    flip(state, sender, results, work).await
}

/// The directory of every segment: that of the base revision for those it shares.
async fn entries(
    objects: &dyn Objects,
    base: Option<TurnId>,
    plan: &SegmentPlan,
    work: Work<'_>,
) -> Result<Vec<SegmentEntry>, PortError> {
    let mut shared = match base {
        Some(base) if plan.restart > 0 => {
            read_json::<Revision>(objects, &keys::revision(work.owner, base))
                .await?
                .segments
        }
        _ => Vec::new(),
    };
    shared.truncate(plan.restart as usize);
    let mut entries = shared;
    for segment in plan.segments.iter().skip(plan.restart as usize) {
        let facts = read_json(
            objects,
            &keys::facts(work.owner, segment.turn, segment.index),
        )
        .await?;
        entries.push(SegmentEntry {
            segment: segment.clone(),
            facts,
        });
    }
    Ok(entries)
}

/// Accepted and duplicate rows of the jobs this turn admitted.
fn results(segments: &[SegmentEntry], admitted: &[JobId]) -> Vec<(JobId, u64, u64)> {
    let mut sums: BTreeMap<JobId, (u64, u64)> = BTreeMap::new();
    for SegmentFacts { jobs, .. } in segments.iter().map(|entry| &entry.facts) {
        for (job, accepted, duplicate) in jobs {
            let sum = sums.entry(*job).or_default();
            sum.0 += accepted;
            sum.1 += duplicate;
        }
    }
    let of_admitted = sums.into_iter().filter(|(job, _)| admitted.contains(job));
    of_admitted
        .map(|(job, (accepted, duplicate))| (job, accepted, duplicate))
        .collect()
}

async fn flip(
    state: &dyn StateStore,
    sender: &dyn Sender,
    results: Vec<(JobId, u64, u64)>,
    work: Work<'_>,
) -> Result<(), PortError> {
    for attempt in 0.. {
        let turn = load::<Turn>(state, &Turn::key_of(work.owner, work.turn)).await?;
        let ledger = load::<LedgerItem>(state, &LedgerItem::key_of(work.owner)).await?;
        let (Some(turn), Some(ledger)) = (turn, ledger) else {
            return Ok(());
        };
        let Some(transition) = turn.published(&ledger, results.clone(), work.now)? else {
            return Ok(());
        };
        match apply(state, sender, transition).await {
            Err(error) if decide_again(&error, attempt) => {}
            end => return end,
        }
    }
    Ok(())
}
