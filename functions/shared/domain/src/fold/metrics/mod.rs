//! The fold of `metrics`: lots, gains, income and balances of one segment, on top of the state the
//! segments before it left.
//!
//! Within an instant every acquisition comes before every disposal, both in the ledger's total
//! order; balances then follow the rows in that order. An instant is never divided between
//! segments, so where the segments are cut changes nothing.

mod asset_state;
mod effects;
mod facts;
mod issues;
mod totals;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::asset::Asset;
use crate::money::{ArithmeticError, Decimal};
use crate::order::{LedgerRow, sort_rows};
use crate::prices::PriceBook;
use crate::read_rows::{Balance, Decision, Issue, TransactionRow};
use crate::revision::SegmentFacts;
use crate::rows::{Kind, Row, RowRef};
use crate::settings::Settings;
use crate::time::{Day, Instant};
use crate::value::checks;

pub use asset_state::AssetState;
use asset_state::When;
use effects::{Effects, is_money};
use facts::Gathered;
pub(crate) use totals::Slot;

/// What the fold of a segment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The state of the assets it was given or touched, behind the segment.
    pub assets: BTreeMap<Asset, AssetState>,
    /// The segment's rows in total order.
    pub rows: Vec<TransactionRow>,
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
    let mut assets = BTreeSet::new();
    for LedgerRow { row, .. } in rows {
        for leg in [&row.sent, &row.received, &row.fee].into_iter().flatten() {
            if !assets.contains(&leg.asset) {
                assets.insert(leg.asset.clone());
            }
        }
    }
    assets
}

/// Folds the rows of one segment: all rows of every instant among them, in any order. `assets` holds
/// the state before it of every asset of `touched` that has one; `decisions` are those on its rows;
/// `prices` are in the base currency of `settings`.
///
/// # Errors
/// When the settings' time zone is unknown. A row whose results do not fit is an issue of that row.
pub fn metrics(
    assets: BTreeMap<Asset, AssetState>,
    mut rows: Vec<LedgerRow>,
    decisions: &[Decision],
    prices: &PriceBook,
    settings: &Settings,
) -> Result<Measured, UnknownTimezone> {
    let zone = tax_zone(settings)?;
    sort_rows(&mut rows);
    let decisions = decisions
        .iter()
        .map(|decision| (decision.row, decision))
        .collect();
    let written = Vec::with_capacity(rows.len());
    let mut fold = Fold {
        assets,
        decisions,
        prices,
        settings,
        zone,
        written,
        gathered: Gathered::default(),
    };
    let mut rows = rows.into_iter().peekable();
    while let Some(at) = rows.peek().map(|row| row.row.at) {
        let mut instant = Vec::new();
        while let Some(row) = rows.next_if(|row| row.row.at == at) {
            instant.push(row);
        }
        fold.instant(instant);
    }
    Ok(Measured {
        assets: fold.assets,
        rows: fold.written,
        facts: fold.gathered.facts(),
    })
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
    assets: BTreeMap<Asset, AssetState>,
    decisions: BTreeMap<RowRef, &'a Decision>,
    prices: &'a PriceBook,
    settings: &'a Settings,
    zone: TimeZone,
    written: Vec<TransactionRow>,
    gathered: Gathered,
}

/// A row on its way: what it does, and what is written of it so far.
struct Draft {
    out: TransactionRow,
    effects: Effects,
    /// Records of its file it is made of.
    records: u32,
}

impl Fold<'_> {
    fn instant(&mut self, rows: Vec<LedgerRow>) {
        let mut drafts: Vec<Draft> = rows.into_iter().map(|row| self.draft(row)).collect();
        for draft in &mut drafts {
            self.acquire(draft);
        }
        for draft in &mut drafts {
            self.dispose(draft);
        }
        for mut draft in drafts {
            self.change_balances(&mut draft.out);
            self.gathered.add(&draft.out, draft.records);
            self.written.push(draft.out);
        }
    }

    fn draft(&self, row: LedgerRow) -> Draft {
        let name = row.name();
        let decision = self.decisions.get(&name.row).copied();
        let partner = decision.and_then(|decision| decision.partner.as_ref());
        let duplicate_of = decision.and_then(|decision| decision.duplicate_of);
        let (mut effects, mut issues) = (Effects::default(), Vec::new());
        if duplicate_of.is_some() {
            issues.push(issues::duplicate());
        } else {
            match effects::effects(&row.row, partner, self.settings.switches, self.prices) {
                Ok(found) => effects = found,
                Err(_) => issues.push(issues::overflow(None)),
            }
            self.note(&row.row, decision, &effects, &mut issues);
        }
        let out = TransactionRow {
            name,
            at: row.row.at,
            date: self.tax_day(row.row.at),
            account: row.row.account,
            kind: row.row.kind,
            sent: row.row.sent,
            received: row.row.received,
            fee: row.row.fee,
            value: effects.value.as_ref().map(|value| value.amount.clone()),
            value_source: effects
                .value
                .as_ref()
                .map(|value| value.source.name().to_owned()),
            fee_value: effects.fee_value.clone(),
            income: effects.income.clone(),
            gain: None,
            duplicate_of,
            partner: partner.cloned(),
            disposals: Vec::new(),
            balances: Vec::new(),
            issues,
            tx_hash: row.row.tx_hash,
            description: row.row.description,
        };
        Draft {
            out,
            effects,
            records: row.row.records,
        }
    }

    /// Issues that are plain before any lot is looked at.
    fn note(
        &self,
        row: &Row,
        decision: Option<&Decision>,
        effects: &Effects,
        issues: &mut Vec<Issue>,
    ) {
        if let Some(other) = decision.and_then(|decision| decision.same_content.as_ref()) {
            issues.push(issues::same_content(other));
        }
        let leg = match row.kind {
            Kind::Deposit => row.received.as_ref(),
            Kind::Withdrawal => row.sent.as_ref(),
            _ => None,
        };
        let matched = decision.is_some_and(|decision| decision.partner.is_some());
        let base = self.prices.base();
        if let Some(leg) = leg.filter(|leg| !matched && !is_money(&leg.asset, base)) {
            let reason = decision.and_then(|decision| decision.unmatched);
            issues.push(issues::unmatched(row.kind, leg, reason));
        }
        for asset in &effects.unpriced {
            issues.push(issues::unpriced(asset, base, row.at.utc_day()));
        }
        if !matched {
            self.check(row, issues);
        }
    }

    /// What the row says it is worth, beside what prices say. Amounts that are too long to be
    /// compared are found nothing about: their row says `overflow`.
    fn check(&self, row: &Row, issues: &mut Vec<Issue>) {
        let bounds = &self.settings.checks;
        let Ok(findings) = checks::check(row, self.prices, bounds) else {
            return;
        };
        let base = self.prices.base();
        let mismatch = findings.mismatch.as_ref();
        issues.extend(mismatch.map(|it| issues::value_mismatch(it, base, bounds.mismatch_percent)));
        let outlier = findings.outlier.as_ref();
        issues.extend(outlier.map(|it| issues::price_outlier(it, base, bounds.outlier_percent)));
    }

    fn acquire(&mut self, draft: &mut Draft) {
        for leg in &draft.effects.moved {
            let slot = slot(&draft.out, draft.out.kind);
            if self.state(&leg.asset).count(slot, leg).is_err() {
                draft.out.issues.push(issues::overflow(Some(&leg.asset)));
            }
        }
        let Some(acquired) = &draft.effects.acquired else {
            return;
        };
        let slot = slot(&draft.out, draft.out.kind);
        let state = self.state(&acquired.asset);
        if state
            .acquire(slot, acquired, &draft.out.name, draft.out.at)
            .is_err()
        {
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
        let out = &mut draft.out;
        let when = When {
            at: out.at,
            date: out.date,
            long_term_days: self.settings.long_term_days,
        };
        for disposed in &draft.effects.disposed {
            let slot = slot(out, disposed.kind);
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

    /// Balance change = received - sent - fee. A row whose own change leaves a balance under 0 says
    /// so, in crypto and in fiat alike.
    fn change_balances(&mut self, out: &mut TransactionRow) {
        if out.duplicate_of.is_some() {
            return;
        }
        let Ok(changes) = changes(out) else {
            out.issues.push(issues::overflow(None));
            return;
        };
        for (asset, change) in changes {
            let Ok(after) = self.state(&asset).change_balance(&out.account, &change) else {
                out.issues.push(issues::overflow(Some(&asset)));
                continue;
            };
            if change.is_negative() && after.is_negative() {
                out.issues
                    .push(issues::negative_balance(&asset, &out.account, &after));
            }
            out.balances.push(Balance {
                asset,
                amount: after,
            });
        }
    }

    fn state(&mut self, asset: &Asset) -> &mut AssetState {
        self.assets
            .entry(asset.clone())
            .or_insert_with(|| AssetState::new(self.settings.method))
    }

    /// The day in the tax time zone. Outside of the calendar, which no parsed row is, that of UTC.
    fn tax_day(&self, at: Instant) -> Day {
        match Timestamp::from_microsecond(at.0) {
            Ok(timestamp) => Day::of(self.zone.to_datetime(timestamp).date()),
            Err(_) => at.utc_day(),
        }
    }
}

fn slot(out: &TransactionRow, kind: Kind) -> Slot {
    Slot {
        year: out.date.date().year(),
        account: out.account.clone(),
        kind,
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

/// What a row changes its account's balances by, per asset.
fn changes(out: &TransactionRow) -> Result<BTreeMap<Asset, Decimal>, ArithmeticError> {
    let mut changes: BTreeMap<Asset, Decimal> = BTreeMap::new();
    for (leg, comes) in [(&out.received, true), (&out.sent, false), (&out.fee, false)] {
        let Some(leg) = leg else { continue };
        let before = changes.get(&leg.asset).cloned().unwrap_or(Decimal::ZERO);
        let after = if comes {
            before.plus(&leg.amount)?
        } else {
            before.minus(&leg.amount)?
        };
        changes.insert(leg.asset.clone(), after);
    }
    Ok(changes)
}

#[cfg(test)]
mod tests;
