//! The totals of a revision as `summary.json` and the API show them.
//!
//! Nothing here names a job, a file or a revision: the same rows give the same bytes however they
//! were uploaded (I11).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::asset::Asset;
use crate::money::Decimal;
use crate::read_rows::{IssueCode, SummaryRow};
use crate::revision::{Revision, SegmentFacts};
use crate::settings::{Method, TaxProfile};
use crate::switches::Switches;

/// The totals of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SummaryReport {
    /// The currency of every money amount here.
    pub base: Asset,
    /// The cost method.
    pub method: Method,
    /// The tax profile.
    pub profile: TaxProfile,
    /// What holds of the profile and what the user has set otherwise.
    pub switches: Switches,
    /// The zone of tax days.
    pub tax_timezone: String,
    /// Whether a value is missing somewhere: the totals then leave it out, they never guess.
    pub incomplete: bool,
    /// How many rows and issues there are.
    pub counts: ReportCounts,
    /// Over everything.
    pub overall: Totals,
    /// By tax year, under the calendar year it begins in.
    pub years: Vec<YearTotals>,
    /// By year, asset, account and kind, as they are stored.
    pub totals: Vec<SummaryRow>,
}

/// How many rows and issues a revision has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReportCounts {
    /// Rows, duplicates included.
    pub transactions: u64,
    /// Rows that repeat an earlier one.
    pub duplicates: u64,
    /// Issues by code.
    pub issues: BTreeMap<IssueCode, u64>,
}

/// Sums of money. A sum that has more digits than can be held exactly is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Exact proceeds.
    pub proceeds: Option<Decimal>,
    /// Exact cost basis.
    pub cost_basis: Option<Decimal>,
    /// Exact gain.
    pub gain: Option<Decimal>,
    /// Exact short-term part of it.
    pub gain_short: Option<Decimal>,
    /// Exact long-term part of it.
    pub gain_long: Option<Decimal>,
    /// Exact income.
    pub income: Option<Decimal>,
    /// Gains rounded half-even to 0.01 disposal by disposal, then summed: what a form shows.
    pub gain_reported: Option<Decimal>,
    /// The short-term part of `gain_reported`: short and long add up to it.
    pub gain_short_reported: Option<Decimal>,
    /// The long-term part of `gain_reported`.
    pub gain_long_reported: Option<Decimal>,
    /// Rows whose value is missing.
    pub unpriced: u64,
}

/// The totals of a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct YearTotals {
    /// The calendar year it begins in.
    pub year: i16,
    /// What it is called: `2024`, or `2024/25` when it ends in another calendar year.
    pub name: String,
    /// Its first day, as `2024-04-06`.
    pub from: String,
    /// Its last day.
    pub to: String,
    /// Its totals.
    #[serde(flatten)]
    pub totals: Totals,
}

impl SummaryReport {
    /// The report of a revision with these totals.
    #[must_use]
    pub fn new(revision: &Revision, totals: &[SummaryRow]) -> Self {
        let settings = &revision.snapshot.settings;
        let mut overall = Totals::zero();
        let mut years: BTreeMap<i16, Totals> = BTreeMap::new();
        for total in totals {
            let one = Totals::of(total);
            overall.add(&one);
            years
                .entry(total.year)
                .or_insert_with(Totals::zero)
                .add(&one);
        }
        let counts = ReportCounts::of(revision);
        let unpriced = overall.unpriced > 0 || counts.issues.contains_key(&IssueCode::Unpriced);
        Self {
            base: settings.base.clone(),
            method: settings.method,
            profile: settings.profile,
            switches: settings.switches,
            tax_timezone: settings.tax_timezone.clone(),
            incomplete: unpriced || counts.issues.contains_key(&IssueCode::Overflow),
            counts,
            overall,
            years: years
                .into_iter()
                .map(|(year, totals)| YearTotals::new(settings.profile, year, totals))
                .collect(),
            totals: totals.to_vec(),
        }
    }
}

impl YearTotals {
    fn new(profile: TaxProfile, year: i16, totals: Totals) -> Self {
        let (from, to) = profile.tax_year_days(year);
        let end = to.date().year();
        let name = if end == year {
            year.to_string()
        } else {
            format!("{year}/{:02}", end.rem_euclid(100))
        };
        Self {
            year,
            name,
            from: from.to_string(),
            to: to.to_string(),
            totals,
        }
    }
}

impl ReportCounts {
    fn of(revision: &Revision) -> Self {
        let mut counts = Self::default();
        for entry in revision.entries() {
            let SegmentFacts { issues, jobs, .. } = &entry.facts;
            counts.transactions += u64::from(entry.segment.rows);
            counts.duplicates += jobs
                .iter()
                .map(|(_, _, duplicates)| duplicates)
                .sum::<u64>();
            for (code, count) in issues {
                *counts.issues.entry(*code).or_default() += count;
            }
        }
        counts
    }
}

impl Totals {
    fn zero() -> Self {
        let zero = || Some(Decimal::ZERO);
        Self {
            proceeds: zero(),
            cost_basis: zero(),
            gain: zero(),
            gain_short: zero(),
            gain_long: zero(),
            income: zero(),
            gain_reported: zero(),
            gain_short_reported: zero(),
            gain_long_reported: zero(),
            unpriced: 0,
        }
    }

    fn of(row: &SummaryRow) -> Self {
        Self {
            proceeds: Some(row.proceeds.clone()),
            cost_basis: Some(row.cost_basis.clone()),
            gain: Some(row.gain.clone()),
            gain_short: row.gain.minus(&row.gain_long).ok(),
            gain_long: Some(row.gain_long.clone()),
            income: Some(row.income.clone()),
            gain_reported: Some(row.gain_reported.clone()),
            gain_short_reported: row.gain_reported.minus(&row.gain_long_reported).ok(),
            gain_long_reported: Some(row.gain_long_reported.clone()),
            unpriced: row.unpriced,
        }
    }

    fn add(&mut self, other: &Self) {
        for (sum, part) in [
            (&mut self.proceeds, &other.proceeds),
            (&mut self.cost_basis, &other.cost_basis),
            (&mut self.gain, &other.gain),
            (&mut self.gain_short, &other.gain_short),
            (&mut self.gain_long, &other.gain_long),
            (&mut self.income, &other.income),
            (&mut self.gain_reported, &other.gain_reported),
            (&mut self.gain_short_reported, &other.gain_short_reported),
            (&mut self.gain_long_reported, &other.gain_long_reported),
        ] {
            *sum = match (&*sum, part) {
                (Some(sum), Some(part)) => sum.plus(part).ok(),
                _ => None,
            };
        }
        self.unpriced += other.unpriced;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::ids::{JobId, LedgerRef, TurnId};
    use crate::plan::Segment;
    use crate::revision::{Dirty, SegmentEntry, Snapshot};
    use crate::rows::Kind;
    use crate::settings::Settings;
    use crate::time::Instant;

    fn revision(issues: Vec<(IssueCode, u64)>) -> Revision {
        let owner = LedgerRef {
            tenant: "t".parse().unwrap(),
            ledger: "l".parse().unwrap(),
        };
        let segment = Segment {
            turn: TurnId(1),
            index: 0,
            from: Instant(0),
            to: Instant(1),
            rows: 5,
        };
        let facts = SegmentFacts {
            issues,
            jobs: vec![(JobId::new(1, &[1; 10]), 3, 2)],
            ..SegmentFacts::default()
        };
        let snapshot = Snapshot {
            ledger: owner,
            turn: TurnId(1),
            settings: Settings::default(),
            uploads: Vec::new(),
            prices: Vec::new(),
            overrides: None,
            pins: Vec::new(),
            dirty: Dirty::Everything,
        };
        Revision {
            snapshot,
            segments: vec![SegmentEntry { segment, facts }],
            closing: None,
            recomputed: 1,
        }
    }

    fn row(year: i16, gain: &str, gain_long: &str) -> SummaryRow {
        SummaryRow {
            year,
            asset: "BTC".parse().unwrap(),
            account: Some("Kraken".parse().unwrap()),
            kind: Some(Kind::Sell),
            count: 1,
            acquired: Decimal::ZERO,
            disposed: Decimal::ONE,
            proceeds: Decimal::ZERO,
            cost_basis: Decimal::ZERO,
            gain: gain.parse().unwrap(),
            gain_long: gain_long.parse().unwrap(),
            income: Decimal::ZERO,
            gain_reported: Decimal::ZERO,
            gain_long_reported: Decimal::ZERO,
            unpriced: 0,
        }
    }

    #[test]
    fn sums_are_by_year_and_over_everything() {
        let report = SummaryReport::new(
            &revision(Vec::new()),
            &[
                row(2023, "1.5", "1"),
                row(2024, "-2", "0"),
                row(2024, "4", "4"),
            ],
        );
        assert_eq!(report.overall.gain, Some("3.5".parse().unwrap()));
        assert_eq!(report.overall.gain_short, Some("-1.5".parse().unwrap()));
        let years: Vec<_> = report
            .years
            .iter()
            .map(|year| (year.year, year.totals.gain.clone().unwrap().to_string()))
            .collect();
        assert_eq!(years, [(2023, "1.5".to_owned()), (2024, "2".to_owned())]);
        assert!(!report.incomplete);
        assert_eq!(
            (report.counts.transactions, report.counts.duplicates),
            (5, 2)
        );
    }

    #[test]
    fn a_tax_year_of_the_united_kingdom_spans_two_calendar_years() {
        let mut revision = revision(Vec::new());
        for (profile, name, from, to) in [
            (TaxProfile::Us, "2099", "2099-01-01", "2099-12-31"),
            (TaxProfile::Uk, "2099/00", "2099-04-06", "2100-04-05"),
        ] {
            revision.snapshot.settings.profile = profile;
            let report = SummaryReport::new(&revision, &[row(2099, "1", "0")]);
            let year = &report.years[0];
            assert_eq!([&year.name, &year.from, &year.to], [name, from, to]);
        }
    }

    #[test]
    fn a_missing_price_makes_the_report_incomplete() {
        let report = SummaryReport::new(&revision(vec![(IssueCode::Unpriced, 3)]), &[]);
        assert!(report.incomplete);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["counts"]["issues"]["unpriced"], 3);
        assert_eq!(json["overall"]["gain"], "0");
    }
}
