//! Publishing: totals, holdings, balances, the manifest, and the flip of the ledger's pointer.

use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::checkpoint::AssetBlocks;
use domain::ids::{JobId, LedgerRef, TurnId};
use domain::keys;
use domain::plan::{Segment, SegmentPlan};
use domain::read_rows::SummaryRow;
use domain::revision::{DayFacts, Revision, SegmentEntry, SegmentFacts, Snapshot};
use domain::section_104::DayDisposal;
use domain::settings::Method;
use domain::state::{LedgerItem, Turn, TurnPhase};
use domain::time::Instant;
use ports::objects::{read_json, write_json};
use ports::state::load;
use ports::tables::{Disposals, Summaries};
use ports::transition::{apply, decide_again};
use ports::{Objects, PortError, Sender, StateStore};

use crate::balances::Balances;
use crate::checkpoint;

/// Assets whose state is read at once.
const ASSETS_AT_ONCE: usize = 64;

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
    let closing = write_end(objects, writes, &snapshot, &plan, work).await?;
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

/// Totals and holdings come from the state behind the last segment; so does what section 104 decides
/// because nothing follows, for which alone lots are read. The checkpoint keeps those days open.
async fn write_end(
    objects: &dyn Objects,
    writes: Writes<'_>,
    snapshot: &Snapshot,
    plan: &SegmentPlan,
    work: Work<'_>,
) -> Result<Option<SegmentEntry>, PortError> {
    let (mut totals, mut holdings, mut decided) = (Vec::new(), Vec::new(), Vec::new());
    let days = snapshot.settings.method == Method::S104;
    if let Some(last) = plan.segments.last() {
        let key = keys::metrics_checkpoint(work.owner, last.turn, last.index + 1);
        let manifest = checkpoint::read(objects, &key).await?;
        let mut balances = Balances::new(writes.summaries, work);
        let assets: Vec<(&Asset, &AssetBlocks)> = manifest.assets.iter().collect();
        for some in assets.chunks(ASSETS_AT_ONCE) {
            let needed = some.iter().map(|(asset, blocks)| {
                let whole = (*blocks).clone();
                (*asset, if days { whole } else { whole.without_lots() })
            });
            let (owner, needed) = (work.owner, needed.collect());
            for (asset, mut state) in checkpoint::load(objects, owner, &manifest, needed).await? {
                decided.extend(state.close(&asset, snapshot.settings.profile));
                totals.extend(state.totals(&asset));
                holdings.extend(state.holding(&asset));
                let moved = state.balance_rows(&asset);
                let moved = moved.map_err(|error| PortError::bug("metrics.balances", error))?;
                balances.add(moved).await?;
            }
        }
        balances.end().await?;
    }
    let place = |row: &SummaryRow| (row.year, row.asset.clone(), row.account.clone(), row.kind);
    totals.sort_by_cached_key(place);
    decided.sort_unstable_by(|a, b| (&a.key, a.n).cmp(&(&b.key, b.n)));
    let (owner, turn) = (work.owner, work.turn);
    writes.summaries.write_totals(owner, turn, &totals).await?;
    writes
        .summaries
        .write_holdings(owner, turn, &holdings)
        .await?;
    if !days {
        return Ok(None);
    }
    let closing = closing(plan, &decided, work)?;
    let index = closing.segment.index;
    writes.disposals.write(owner, turn, index, &decided).await?;
    Ok(Some(closing))
}

/// The entry behind the segments: its disposals are stored under the number of the segment that
/// would follow.
fn closing(
    plan: &SegmentPlan,
    decided: &[DayDisposal],
    work: Work<'_>,
) -> Result<SegmentEntry, PortError> {
    let index = u32::try_from(plan.segments.len());
    let index = index.map_err(|error| PortError::bug("metrics.publish", error))?;
    let end = plan.segments.last().map_or(Instant(0), |last| last.to);
    let mut issues = BTreeMap::new();
    for issue in decided.iter().flat_map(|disposal| &disposal.issues) {
        *issues.entry(issue.code).or_default() += 1;
    }
    Ok(SegmentEntry {
        segment: Segment {
            turn: work.turn,
            index,
            from: end,
            to: end,
            rows: 0,
        },
        facts: SegmentFacts {
            issues: issues.into_iter().collect(),
            days: DayFacts::of(decided),
            ..SegmentFacts::default()
        },
    })
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
