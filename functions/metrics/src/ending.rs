//! What a revision shows besides its segments: totals, holdings and balances, from the state behind the
//! last segment; so does what section 104 decides because nothing follows. The checkpoint keeps those
//! days open.
//!
//! Totals are sorted by year and there may be many: as many as assets, accounts, kinds and years. So
//! they are not gathered; each year's are read on their own, a few assets at a time, and the lots only
//! where section 104 asks for them.

use std::collections::{BTreeMap, BTreeSet};

use domain::asset::Asset;
use domain::checkpoint::{AssetBlocks, Manifest};
use domain::fold::metrics::AssetState;
use domain::keys;
use domain::plan::{Segment, SegmentPlan};
use domain::read_rows::{Holding, SummaryRow};
use domain::revision::{DayFacts, SegmentEntry, SegmentFacts, Snapshot};
use domain::section_104::{DayDisposal, sort_disposals};
use domain::settings::{Method, TaxProfile};
use domain::time::Instant;
use ports::{Objects, PortError};

use crate::balances::Balances;
use crate::checkpoint;
use crate::publish::{Work, Writes};

/// Assets whose state is held at once.
const ASSETS_AT_ONCE: usize = 32;

/// Writes what a revision shows besides its segments; answers the entry of what section 104 decided at
/// the ledger's end.
///
/// # Errors
/// What a port says.
pub(crate) async fn write(
    objects: &dyn Objects,
    writes: Writes<'_>,
    snapshot: &Snapshot,
    plan: &SegmentPlan,
    work: Work<'_>,
) -> Result<Option<SegmentEntry>, PortError> {
    let manifest = match plan.segments.last() {
        Some(last) => {
            let key = keys::metrics_checkpoint(work.owner, last.turn, last.index + 1);
            checkpoint::read(objects, &key).await?
        }
        None => Manifest::new(snapshot.settings.digest()),
    };
    let states = States {
        objects,
        work,
        manifest: &manifest,
        with_lots: snapshot.settings.method == Method::S104,
        profile: snapshot.settings.profile,
    };
    let Gathered {
        holdings,
        decided,
        years,
    } = gather(&states, writes).await?;
    let (owner, turn) = (work.owner, work.turn);
    writes
        .summaries
        .write_holdings(owner, turn, &holdings)
        .await?;
    write_totals(&states, writes, years).await?;
    if snapshot.settings.method != Method::S104 {
        return Ok(None);
    }
    let closing = closing(plan, &decided, work)?;
    let index = closing.segment.index;
    writes.disposals.write(owner, turn, index, &decided).await?;
    Ok(Some(closing))
}

/// The states behind the last segment.
struct States<'a> {
    objects: &'a dyn Objects,
    work: Work<'a>,
    manifest: &'a Manifest,
    with_lots: bool,
    profile: TaxProfile,
}

/// The state of an asset at the ledger's end, and what was decided to come there.
struct Closed<'a> {
    asset: &'a Asset,
    state: AssetState,
    decided: Vec<DayDisposal>,
}

impl States<'_> {
    /// The assets in their order, in groups that may be held at once: all, or those that can have totals
    /// of a tax year.
    fn groups(&self, year: Option<i16>) -> Vec<Vec<(&Asset, &AssetBlocks)>> {
        let can_have = |blocks: &AssetBlocks, year| {
            blocks.years.contains_key(&year) || blocks.open_since.is_some()
        };
        let assets = self.manifest.assets.iter();
        let assets: Vec<_> = assets
            .filter(|(_, blocks)| year.is_none_or(|year| can_have(blocks, year)))
            .collect();
        assets.chunks(ASSETS_AT_ONCE).map(<[_]>::to_vec).collect()
    }

    /// The states of a group, with all their tax years or with one.
    async fn load<'a>(
        &self,
        group: Vec<(&'a Asset, &AssetBlocks)>,
        year: Option<i16>,
    ) -> Result<Vec<Closed<'a>>, PortError> {
        let needed = group.into_iter().map(|(asset, blocks)| {
            let mut blocks = blocks.clone();
            if let Some(year) = year {
                blocks = blocks.of_year(year);
            }
            if !self.with_lots {
                blocks = blocks.without_lots();
            }
            (asset, blocks)
        });
        let (objects, owner) = (self.objects, self.work.owner);
        let states = checkpoint::load(objects, owner, self.manifest, needed.collect()).await?;
        let closed = states.into_iter().map(|(asset, mut state)| {
            let decided = state.close(asset, self.profile);
            Closed {
                asset,
                state,
                decided,
            }
        });
        Ok(closed.collect())
    }
}

/// What one reading of all states gives.
struct Gathered {
    holdings: Vec<Holding>,
    /// Sorted.
    decided: Vec<DayDisposal>,
    /// The tax years that have totals.
    years: BTreeSet<i16>,
}

/// Writes balances on the way.
async fn gather(states: &States<'_>, writes: Writes<'_>) -> Result<Gathered, PortError> {
    let (mut holdings, mut decided, mut years) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut balances = Balances::new(writes.summaries, states.work);
    for group in states.groups(None) {
        for closed in states.load(group, None).await? {
            years.extend(closed.state.years());
            holdings.extend(closed.state.holding(closed.asset));
            decided.extend(closed.decided);
            let moved = closed.state.balance_rows(closed.asset);
            let moved = moved.map_err(|error| PortError::bug("metrics.balances", error))?;
            balances.add(moved).await?;
        }
    }
    balances.end().await?;
    sort_disposals(&mut decided);
    Ok(Gathered {
        holdings,
        decided,
        years,
    })
}

/// Totals sorted by year, asset, account and kind.
async fn write_totals(
    states: &States<'_>,
    writes: Writes<'_>,
    years: BTreeSet<i16>,
) -> Result<(), PortError> {
    let (owner, turn) = (states.work.owner, states.work.turn);
    let mut first = 0;
    for year in years {
        for group in states.groups(Some(year)) {
            let closed = states.load(group, Some(year)).await?;
            let totals = closed.iter().map(|it| it.state.totals_of(it.asset, year));
            let totals: Vec<SummaryRow> = totals.flatten().collect();
            let write = writes.summaries.write_totals(owner, turn, first, &totals);
            write.await?;
            let written = u32::try_from(totals.len()).unwrap_or(u32::MAX);
            first = first.saturating_add(written);
        }
    }
    Ok(())
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
