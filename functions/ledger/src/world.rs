//! Rows and revisions for the tests of this function.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use domain::ids::{JobId, LedgerRef, TurnId};
use domain::plan::Segment;
use domain::read_rows::{Issue, IssueCode, RowName, Stated, TransactionRow};
use domain::revision::{Dirty, Revision, SegmentEntry, SegmentFacts, Snapshot, UploadEntry};
use domain::rows::{Kind, Leg, RowRef};
use domain::section_104::{DayDisposal, DayKey, DayShare, Rule};
use domain::settings::Settings;
use domain::time::{DAY_US, Day, Instant};

/// The revision every test world publishes.
pub(crate) const TURN: TurnId = TurnId(3);

pub(crate) fn owner() -> LedgerRef {
    LedgerRef {
        tenant: "local".parse().unwrap(),
        ledger: "main".parse().unwrap(),
    }
}

pub(crate) fn job(n: u8) -> JobId {
    JobId::new(1_700_000_000_000, &[n; 10])
}

/// A purchase of bitcoin at the start of a day of UTC.
pub(crate) fn row(of: u8, line: u64, day: i32) -> TransactionRow {
    let leg = |amount: &str, asset: &str| {
        Some(Leg {
            amount: amount.parse().unwrap(),
            asset: asset.parse().unwrap(),
        })
    };
    TransactionRow {
        name: RowName {
            row: RowRef { job: job(of), line },
            id: None,
        },
        at: Instant(i64::from(day) * DAY_US),
        date: Day(day),
        account: "Kraken".parse().unwrap(),
        kind: Kind::Buy,
        sent: leg("8000.50", "USD"),
        received: leg("1", "BTC"),
        fee: None,
        value: Some("8000.50".parse().unwrap()),
        value_source: Some("base_leg".to_owned()),
        fee_value: None,
        income: None,
        gain: None,
        duplicate_of: None,
        ignored: false,
        partner: None,
        disposals: Vec::new(),
        day_shares: Vec::new(),
        balances: Vec::new(),
        issues: Vec::new(),
        tx_hash: None,
        description: None,
        stated: Stated::default(),
    }
}

/// A part of what became of a tax day on which bitcoin was disposed of, one more than there was.
pub(crate) fn day(day: i32, n: u32) -> DayDisposal {
    let row = row(1, 4, day);
    let mut missing = issue(IssueCode::MissingCostBasis);
    missing.asset = Some("BTC".parse().unwrap());
    DayDisposal {
        key: DayKey {
            day: Day(day),
            asset: "BTC".parse().unwrap(),
        },
        rule: Rule::Section104,
        n,
        acquired: None,
        quantity: "3".parse().unwrap(),
        proceeds: Some("30".parse().unwrap()),
        cost_basis: "2".parse().unwrap(),
        gain: Some("28".parse().unwrap()),
        rows: vec![row.name],
        row_count: 2,
        issues: vec![missing],
    }
}

/// What a transaction adds to it.
pub(crate) fn share() -> DayShare {
    DayShare {
        asset: "BTC".parse().unwrap(),
        kind: Kind::Sell,
        quantity: "1".parse().unwrap(),
        proceeds: None,
    }
}

pub(crate) fn issue(code: IssueCode) -> Issue {
    Issue {
        code,
        asset: None,
        quantity: None,
        detail: "look at it".to_owned(),
    }
}

/// The entry of a segment with these rows, with its directory.
pub(crate) fn segment_of(index: u32, rows: &[TransactionRow]) -> SegmentEntry {
    let legs = |row: &TransactionRow| [row.sent.clone(), row.received.clone(), row.fee.clone()];
    let assets: BTreeSet<_> = rows
        .iter()
        .flat_map(legs)
        .flatten()
        .map(|leg| leg.asset)
        .collect();
    let accounts: BTreeSet<_> = rows.iter().map(|row| row.account.clone()).collect();
    let kinds: BTreeSet<_> = rows.iter().map(|row| row.kind).collect();
    let codes: BTreeSet<_> = rows
        .iter()
        .flat_map(|row| &row.issues)
        .map(|issue| issue.code)
        .collect();
    let facts = SegmentFacts {
        assets: assets.into_iter().collect(),
        accounts: accounts.into_iter().collect(),
        kinds: kinds.into_iter().collect(),
        months: Vec::new(),
        issues: codes.into_iter().map(|code| (code, 1)).collect(),
        ..SegmentFacts::default()
    };
    let from = rows.iter().map(|row| row.at).min().unwrap_or(Instant(0));
    let to = rows
        .iter()
        .map(|row| row.at.plus_us(1))
        .max()
        .unwrap_or(Instant(0));
    let rows = u32::try_from(rows.len()).unwrap();
    SegmentEntry {
        segment: Segment {
            turn: TURN,
            index,
            from,
            to,
            rows,
        },
        facts,
    }
}

pub(crate) fn revision_of(segments: Vec<SegmentEntry>) -> Revision {
    let upload = UploadEntry {
        job: job(1),
        filename: "a.csv".to_owned(),
        chunks: Vec::new(),
        earliest: None,
        rows: 0,
    };
    let snapshot = Snapshot {
        ledger: owner(),
        turn: TURN,
        settings: Settings::default(),
        uploads: vec![upload],
        prices: Vec::new(),
        overrides: None,
        pins: Vec::new(),
        dirty: Dirty::Everything,
    };
    Revision {
        snapshot,
        segments,
        closing: None,
        recomputed: 1,
    }
}
