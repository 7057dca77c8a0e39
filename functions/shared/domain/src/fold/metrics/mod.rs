//! The fold of `metrics`: lots, gains, income and balances of one segment, on top of the state the
//! segments before it left.
//!
//! Within an instant every acquisition comes before every disposal, both in the ledger's total
//! order; balances then follow the rows in that order. An instant is never divided between
//! segments, so where the segments are cut changes nothing.
//!
//! With section 104 rows only add to their tax day. A day becomes disposals in the segment that
//! brings the ledger past its 30 days, whichever assets its rows are of, so that the disposals of
//! all segments one after another are sorted by day and asset; those that are open at the ledger's
//! end are decided when a revision is published, on a copy: what is appended later goes on from a
//! state in which they still are.

mod asset_state;
mod by_day;
mod draft;
mod effects;
mod facts;
mod governed;
mod issues;
mod movements;
mod totals;
mod years;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::asset::Asset;
use crate::money::{ArithmeticError, Decimal};
use crate::order::{LedgerRow, place_rows};
use crate::overrides::Rulings;
use crate::prices::PriceBook;
use crate::read_rows::{Balance, Decision, TransactionRow};
use crate::revision::SegmentFacts;
use crate::rows::{Kind, Leg, RowRef};
use crate::section_104::{DayDisposal, sort_disposals};
use crate::settings::{Method, Settings};
use crate::time::{Day, Instant};

pub use asset_state::AssetState;
use asset_state::When;
pub(crate) use by_day::is_due;
use draft::Draft;
use facts::Gathered;
use movements::Moved;
use totals::{Slot, TotalKey};
pub(crate) use years::{TaxYear, Years};

/// What the fold of a segment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The state of the assets it was given or touched, behind the segment.
    pub assets: BTreeMap<Asset, AssetState>,
    /// The segment's rows in total order.
    pub rows: Vec<TransactionRow>,
    /// With section 104 what the segment decided, sorted by day, asset and place.
    pub disposals: Vec<DayDisposal>,
    /// The segment's directory.
    pub facts: SegmentFacts,
}

/// The settings name a time zone that the bundled database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tax time zone {zone:?} is unknown; set an IANA name such as Europe/London")]
pub struct UnknownTimezone {
    /// The name.
    pub zone: String,
}

/// The assets whose state a segment's rows can change.
#[must_use]
pub fn touched(rows: &[LedgerRow]) -> BTreeSet<Asset> {
    let mut assets = HashSet::new();
    for LedgerRow { row, .. } in rows {
        let legs = [&row.sent, &row.received, &row.fee].into_iter().flatten();
        assets.extend(legs.map(|leg| &leg.asset));
    }
    assets.into_iter().cloned().collect()
}

/// The last tax day of a segment's rows; absent without rows. It says which assets that are not
/// touched have days to decide: `Manifest::due`.
///
/// # Errors
/// When the settings' time zone is unknown.
pub fn last_day(rows: &[LedgerRow], settings: &Settings) -> Result<Option<Day>, UnknownTimezone> {
    let zone = tax_zone(settings)?;
    Ok(rows.iter().map(|row| tax_day(&zone, row.row.at)).max())
}

/// Folds the rows of one segment: all rows of every instant among them, in any order. `assets` holds
/// the state before it of every asset of `touched` that has one, and of those that are due;
/// `decisions` are those on its rows, `rulings` what the user says of them; `prices` are in the base
/// currency of `settings`.
///
/// # Errors
/// When the settings' time zone is unknown. A row whose results do not fit is an issue of that row.
pub fn metrics(
    assets: BTreeMap<Asset, AssetState>,
    rows: Vec<LedgerRow>,
    decisions: &[Decision],
    rulings: &Rulings<'_>,
    prices: &PriceBook,
    settings: &Settings,
) -> Result<Measured, UnknownTimezone> {
    let zone = tax_zone(settings)?;
    let placed = place_rows(rows);
    let decisions = decisions
        .iter()
        .map(|decision| (decision.row, decision))
        .collect();
    let written = Vec::with_capacity(placed.len());
    let mut fold = Fold {
        assets: assets.into_iter().collect(),
        decisions,
        rulings,
        prices,
        settings,
        zone,
        written,
        decided: Vec::new(),
        gathered: Gathered::of(rulings),
    };
    let mut drafts: Vec<Draft> = Vec::new();
    for placed in placed {
        let at = placed.row.row.at;
        if drafts.first().is_some_and(|first| first.out.at != at) {
            fold.instant(&mut drafts);
        }
        drafts.push(fold.draft(placed));
    }
    fold.instant(&mut drafts);
    Ok(fold.end())
}

/// The settings' zone, from the database compiled in: results never depend on the host.
fn tax_zone(settings: &Settings) -> Result<TimeZone, UnknownTimezone> {
    let unknown = |_| UnknownTimezone {
        zone: settings.tax_timezone.clone(),
    };
    TimeZoneDatabase::bundled()
        .get(&settings.tax_timezone)
        .map_err(unknown)
}

struct Fold<'a> {
    /// Looked up by every leg, and sorted at the end.
    assets: HashMap<Asset, AssetState>,
    decisions: HashMap<RowRef, &'a Decision>,
    rulings: &'a Rulings<'a>,
    prices: &'a PriceBook,
    settings: &'a Settings,
    zone: TimeZone,
    written: Vec<TransactionRow>,
    decided: Vec<DayDisposal>,
    gathered: Gathered,
}

impl Fold<'_> {
    /// Carries out all rows of an instant.
    fn instant(&mut self, drafts: &mut Vec<Draft>) {
        for draft in drafts.iter_mut() {
            self.acquire(draft);
        }
        for draft in drafts.iter_mut() {
            self.dispose(draft);
        }
        for mut draft in drafts.drain(..) {
            self.change_balances(&mut draft.out);
            self.gathered.add(&draft.out, draft.records);
            self.gathered.applied(draft.applied);
            self.written.push(draft.out);
        }
    }

    fn acquire(&mut self, draft: &mut Draft) {
        for leg in &draft.effects.moved {
            let slot = self.slot(&draft.out, draft.out.kind);
            if self.state(&leg.asset).count(slot, leg).is_err() {
                draft.out.issues.push(issues::overflow(Some(&leg.asset)));
            }
        }
        let Some(acquired) = &draft.effects.acquired else {
            return;
        };
        let slot = self.slot(&draft.out, draft.out.kind);
        let (name, at, date) = (&draft.out.name, draft.out.at, draft.out.date);
        let acquires = if self.settings.method == Method::S104 {
            self.decide(&acquired.asset, date);
            self.state(&acquired.asset).acquire_on(date, slot, acquired)
        } else {
            self.state(&acquired.asset)
                .acquire(slot, acquired, name, at)
        };
        if acquires.is_err() {
            draft
                .out
                .issues
                .push(issues::overflow(Some(&acquired.asset)));
            draft.out.income = None;
            draft.out.value = None;
            draft.out.value_source = None;
        }
    }

    fn dispose(&mut self, draft: &mut Draft) {
        if self.settings.method == Method::S104 {
            return self.dispose_on(draft);
        }
        let out = &mut draft.out;
        let when = When {
            at: out.at,
            date: out.date,
            long_term_days: self.settings.long_term_days,
        };
        out.disposals.reserve_exact(draft.effects.disposed.len());
        for disposed in &draft.effects.disposed {
            let slot = self.slot(out, disposed.kind);
            match self.state(&disposed.asset).dispose(slot, disposed, when) {
                Ok((disposal, missing)) => {
                    if !missing.is_zero() {
                        out.issues
                            .push(issues::missing_cost_basis(&disposed.asset, &missing));
                    }
                    out.disposals.push(disposal);
                }
                Err(_) => out.issues.push(issues::overflow(Some(&disposed.asset))),
            }
        }
        if out.disposals.len() == draft.effects.disposed.len() {
            out.gain = sum_of_gains(out).unwrap_or(None);
        }
    }

    /// Section 104: what the row disposes of becomes a part of its day's disposals.
    fn dispose_on(&mut self, draft: &mut Draft) {
        let out = &mut draft.out;
        for disposed in &draft.effects.disposed {
            let slot = self.slot(out, disposed.kind);
            self.decide(&disposed.asset, out.date);
            let state = self.state(&disposed.asset);
            match state.dispose_on(out.date, slot, disposed, &out.name) {
                Ok(share) => out.day_shares.push(share),
                Err(_) => out.issues.push(issues::overflow(Some(&disposed.asset))),
            }
        }
    }

    /// Section 104: decides the days of an asset that are over.
    fn decide(&mut self, asset: &Asset, today: Day) {
        let profile = self.settings.profile;
        let decided = self.state(asset).advance(asset, today, profile);
        self.decided.extend(decided);
    }

    /// What the segment comes to, and what is over at its end.
    fn end(mut self) -> Measured {
        let today = self.written.iter().map(|row| row.date).max();
        if let Some(today) = today.filter(|_| self.settings.method == Method::S104) {
            for asset in self.assets.keys().cloned().collect::<Vec<_>>() {
                self.decide(&asset, today);
            }
        }
        sort_disposals(&mut self.decided);
        self.gathered.decided(&self.decided);
        Measured {
            assets: self.assets.into_iter().collect(),
            rows: self.written,
            disposals: self.decided,
            facts: self.gathered.facts(),
        }
    }

    /// Balance change = received - sent - fee. A row whose own change leaves a balance under 0 says
    /// so, in crypto and in fiat alike.
    fn change_balances(&mut self, out: &mut TransactionRow) {
        if out.duplicate_of.is_some() || out.ignored {
            return;
        }
        let year = self.settings.profile.tax_year(out.date);
        let moves = moves(&out.received, &out.sent, &out.fee);
        out.balances.reserve_exact(moves.len());
        for (asset, moved) in moves {
            let state = self.state(asset);
            let Ok(after) = state.change_balance(&out.account, year, moved) else {
                out.issues.push(issues::overflow(Some(asset)));
                continue;
            };
            let lessens = moved.change().is_ok_and(|change| change.is_negative());
            if lessens && after.is_negative() {
                out.issues
                    .push(issues::negative_balance(asset, &out.account, &after));
            }
            out.balances.push(Balance {
                asset: asset.clone(),
                amount: after,
            });
        }
    }

    fn slot(&self, out: &TransactionRow, kind: Kind) -> Slot {
        Slot {
            year: self.settings.profile.tax_year(out.date),
            key: TotalKey {
                account: Some(out.account.clone()),
                kind: Some(kind),
            },
        }
    }

    fn state(&mut self, asset: &Asset) -> &mut AssetState {
        let method = self.settings.method;
        let states = self.assets.entry(asset.clone());
        states.or_insert_with(|| AssetState::new(method))
    }
}

/// The day in the tax time zone. Outside of the calendar, which no parsed row is, that of UTC.
fn tax_day(zone: &TimeZone, at: Instant) -> Day {
    match Timestamp::from_microsecond(at.0) {
        Ok(timestamp) => Day::of(zone.to_datetime(timestamp).date()),
        Err(_) => at.utc_day(),
    }
}

/// Absent without a disposal, and while one of them is unpriced.
fn sum_of_gains(out: &TransactionRow) -> Result<Option<Decimal>, ArithmeticError> {
    let mut sum = None;
    for disposal in &out.disposals {
        let Some(gain) = &disposal.gain else {
            return Ok(None);
        };
        sum = Some(sum.unwrap_or(Decimal::ZERO).plus(gain)?);
    }
    Ok(sum)
}

/// What a row moves of each of its assets, in their order.
fn moves<'a>(
    received: &'a Option<Leg>,
    sent: &'a Option<Leg>,
    fee: &'a Option<Leg>,
) -> Vec<(&'a Asset, Moved<'a>)> {
    let of = |leg: &'a Option<Leg>, asset: &Asset| {
        let leg = leg.as_ref().filter(|leg| leg.asset == *asset);
        leg.map(|leg| &leg.amount)
    };
    let legs = [received, sent, fee].into_iter().flatten();
    let mut moves: Vec<_> = legs
        .map(|Leg { asset, .. }| {
            let moved = Moved {
                received: of(received, asset),
                sent: of(sent, asset),
                fee: of(fee, asset),
            };
            (asset, moved)
        })
        .collect();
    moves.sort_unstable_by_key(|(asset, _)| *asset);
    moves.dedup_by_key(|(asset, _)| *asset);
    moves
}

#[cfg(test)]
mod tests;
