//! The directory of a segment, gathered row by row: what a reader with a filter may skip it by. It
//! names everything that is shown of a row, duplicates too.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::asset::Asset;
use crate::identity::RowIdentity;
use crate::ids::{Account, JobId};
use crate::overrides::Rulings;
use crate::read_rows::{IssueCode, TransactionRow};
use crate::revision::{DayFacts, SegmentFacts};
use crate::rows::Kind;
use crate::section_104::DayDisposal;
use crate::time::Month;

/// What has been seen so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    assets: HashSet<Asset>,
    accounts: HashSet<Account>,
    kinds: BTreeSet<Kind>,
    months: BTreeSet<Month>,
    issues: BTreeMap<IssueCode, u64>,
    jobs: BTreeMap<JobId, (u64, u64)>,
    days: DayFacts,
    unapplied: BTreeSet<RowIdentity>,
}

impl Gathered {
    /// Nothing has been seen of the rows that the user says something of.
    pub(super) fn of(rulings: &Rulings<'_>) -> Self {
        Self {
            unapplied: rulings.rows().copied().collect(),
            ..Self::default()
        }
    }

    /// What the user says of a row has come to something.
    pub(super) fn applied(&mut self, row: Option<RowIdentity>) {
        if let Some(row) = row {
            self.unapplied.remove(&row);
        }
    }

    /// Adds a row that is made of so many records: jobs count those (I3).
    pub(super) fn add(&mut self, row: &TransactionRow, records: u32) {
        for leg in [&row.sent, &row.received, &row.fee].into_iter().flatten() {
            if !self.assets.contains(&leg.asset) {
                self.assets.insert(leg.asset.clone());
            }
        }
        if !self.accounts.contains(&row.account) {
            self.accounts.insert(row.account.clone());
        }
        self.kinds.insert(row.kind);
        self.kinds
            .extend(row.disposals.iter().map(|disposal| disposal.kind));
        self.months.insert(row.at.utc_day().month());
        for issue in &row.issues {
            *self.issues.entry(issue.code).or_default() += 1;
        }
        let (accepted, duplicate) = self.jobs.entry(row.name.row.job).or_default();
        *(if row.duplicate_of.is_some() {
            duplicate
        } else {
            accepted
        }) += u64::from(records);
    }

    /// What section 104 decided, sorted by day.
    pub(super) fn decided(&mut self, disposals: &[DayDisposal]) {
        self.days = DayFacts::of(disposals);
        for issue in disposals.iter().flat_map(|disposal| &disposal.issues) {
            *self.issues.entry(issue.code).or_default() += 1;
        }
    }

    pub(super) fn facts(self) -> SegmentFacts {
        SegmentFacts {
            assets: sorted(self.assets),
            accounts: sorted(self.accounts),
            kinds: self.kinds.into_iter().collect(),
            months: self.months.into_iter().collect(),
            issues: self.issues.into_iter().collect(),
            jobs: self
                .jobs
                .into_iter()
                .map(|(job, (accepted, duplicate))| (job, accepted, duplicate))
                .collect(),
            days: self.days,
            unapplied: self.unapplied.into_iter().collect(),
        }
    }
}

fn sorted<T: Ord>(names: HashSet<T>) -> Vec<T> {
    let mut names: Vec<T> = names.into_iter().collect();
    names.sort_unstable();
    names
}
