//! Rows to write: each with everything a row can hold, or with nothing that may be absent.

use domain::asset::Asset;
use domain::identity::Unnamed;
use domain::ids::JobId;
use domain::money::Decimal;
use domain::read_rows::{
    Balance, BalanceRow, Decision, Disposal, Holding, Issue, IssueCode, LotPart, Partner, RowName,
    Stated, SummaryRow, TransactionRow, UnmatchedReason,
};
use domain::rows::{Kind, Leg, Row, RowRef};
use domain::section_104::{DayDisposal, DayKey, DayShare, Rule};
use domain::time::{Day, Instant};

pub(super) fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

pub(super) fn asset(code: &str) -> Asset {
    code.parse().expect("an asset")
}

fn leg(amount: &str, code: &str) -> Option<Leg> {
    Some(Leg {
        amount: decimal(amount),
        asset: asset(code),
    })
}

/// A row with every field.
pub(super) fn full_row(at: i64, line: u64) -> Row {
    Row {
        at: Instant(at),
        line,
        chunk: 7,
        kind: Kind::Swap,
        account: "Kraken – spot".parse().expect("an account"),
        id: Some(format!("id-{line}").into()),
        sent: leg("0.00000000000000000000000000000000000001", "BTC"),
        received: leg("99999999999999999999999999999999999999", "1INCH"),
        fee: leg("0", "USD"),
        net_worth: leg("12.50", "USD"),
        fee_worth: leg("1", "EUR"),
        records: 1,
        tx_hash: Some("0xabc".into()),
        description: Some("a \"description\"\nof two lines".into()),
    }
}

/// A row with as little as a row can have.
pub(super) fn bare_row(at: i64, line: u64) -> Row {
    Row {
        id: None,
        sent: None,
        received: None,
        fee: None,
        net_worth: None,
        fee_worth: None,
        records: 1,
        tx_hash: None,
        description: None,
        ..full_row(at, line)
    }
}

fn name(job: JobId, line: u64) -> RowName {
    RowName {
        row: RowRef { job, line },
        id: Some("id".into()),
    }
}

fn partner(job: JobId) -> Partner {
    Partner {
        name: name(job, 9),
        account: "Ledger".parse().expect("an account"),
        at: Instant(-1),
        amount: decimal("0.1"),
    }
}

pub(super) fn decision(job: JobId, at: i64, line: u64) -> Decision {
    Decision {
        row: RowRef { job, line },
        at: Instant(at),
        duplicate_of: Some(RowRef { job, line: 1 }),
        partner: Some(partner(job)),
        unmatched: Some(UnmatchedReason::TooFarApart),
        same_content: Some(name(job, 3)),
    }
}

/// A transaction with every field; `mark` makes it one of its kind.
pub(super) fn transaction(job: JobId, mark: u64) -> TransactionRow {
    let row = full_row(1_000, mark);
    TransactionRow {
        name: name(job, mark),
        at: row.at,
        date: Day(0),
        account: row.account,
        kind: row.kind,
        sent: row.sent,
        received: row.received,
        fee: row.fee,
        value: Some(decimal("-0.000000000000000000000000000001")),
        value_source: Some("net_worth".to_owned()),
        fee_value: Some(decimal("1")),
        income: None,
        gain: Some(decimal("-12.345")),
        duplicate_of: None,
        ignored: true,
        partner: Some(partner(job)),
        disposals: vec![disposal(job)],
        day_shares: vec![DayShare {
            asset: asset("BTC"),
            kind: Kind::Gift,
            quantity: decimal("2"),
            proceeds: None,
        }],
        balances: vec![Balance {
            asset: asset("BTC"),
            amount: decimal("-3"),
        }],
        issues: vec![Issue {
            code: IssueCode::NegativeBalance,
            asset: Some(asset("BTC")),
            quantity: Some(decimal("-3")),
            detail: "below nothing".to_owned(),
        }],
        tx_hash: row.tx_hash,
        description: row.description,
        stated: Stated {
            unnamed: Some(Unnamed {
                fingerprint: [0xfe; 16],
                occurrence: u32::MAX,
            }),
            kind: Some(Kind::Reward),
            net_worth: row.net_worth,
            fee_worth: row.fee_worth,
        },
    }
}

/// A transaction with as little as a row can have.
pub(super) fn small_transaction(job: JobId, mark: u64) -> TransactionRow {
    TransactionRow {
        name: RowName {
            row: RowRef { job, line: mark },
            id: None,
        },
        sent: None,
        received: None,
        fee: None,
        value: None,
        value_source: None,
        fee_value: None,
        gain: None,
        partner: None,
        disposals: Vec::new(),
        day_shares: Vec::new(),
        balances: Vec::new(),
        issues: Vec::new(),
        tx_hash: None,
        description: None,
        ignored: false,
        stated: Stated::default(),
        ..transaction(job, mark)
    }
}

/// A sale out of so many lots.
pub(super) fn large_transaction(job: JobId, mark: u64, lots: u64) -> TransactionRow {
    let part = |line| LotPart {
        source: Some(name(job, line)),
        acquired: Some(Instant(0)),
        quantity: decimal("0.00000000000000000001"),
        cost: decimal("123456789.000000000000000000001"),
        long: line % 2 == 0,
    };
    let mut sale = disposal(job);
    sale.lots = (0..lots).map(part).collect();
    TransactionRow {
        disposals: vec![sale],
        ..transaction(job, mark)
    }
}

fn disposal(job: JobId) -> Disposal {
    Disposal {
        asset: asset("BTC"),
        date: Day(-1),
        kind: Kind::TransferFee,
        quantity: decimal("2"),
        proceeds: None,
        cost_basis: decimal("1.5"),
        gain: None,
        gain_long: Some(decimal("0")),
        lots: vec![LotPart {
            source: Some(name(job, 2)),
            acquired: Some(Instant(0)),
            quantity: decimal("2"),
            cost: decimal("1.5"),
            long: true,
        }],
    }
}

/// A part of a day's disposal; `mark` makes it one of its kind.
pub(super) fn day_disposal(job: JobId, mark: u32) -> DayDisposal {
    let pool = mark.is_multiple_of(2);
    DayDisposal {
        key: DayKey {
            day: Day(-1),
            asset: asset("BTC"),
        },
        rule: if pool {
            Rule::Section104
        } else {
            Rule::BedAndBreakfast
        },
        n: mark,
        acquired: (!pool).then_some(Day(9)),
        quantity: decimal("2"),
        proceeds: (!pool).then(|| decimal("-3.5")),
        cost_basis: decimal("0.000000000000000000000000000001"),
        gain: None,
        rows: vec![name(job, u64::from(mark)), name(job, 2)],
        row_count: 7,
        issues: vec![Issue {
            code: IssueCode::MissingCostBasis,
            asset: Some(asset("BTC")),
            quantity: Some(decimal("1")),
            detail: "more than there was".to_owned(),
        }],
    }
}

pub(super) fn total(year: i16) -> SummaryRow {
    SummaryRow {
        year,
        asset: asset("BTC"),
        account: Some("Kraken".parse().expect("an account")),
        kind: Some(Kind::Sell),
        count: 3,
        acquired: decimal("0"),
        disposed: decimal("1.25"),
        proceeds: decimal("100"),
        cost_basis: decimal("50"),
        gain: decimal("50"),
        gain_long: decimal("0"),
        income: decimal("0"),
        gain_reported: decimal("50"),
        gain_long_reported: decimal("0"),
        unpriced: 1,
    }
}

pub(super) fn holding(code: &str) -> Holding {
    Holding {
        asset: asset(code),
        quantity: decimal("3"),
        cost_basis: decimal("10"),
        average_cost: Some(decimal("3.333333333333333333333333333333")),
        balances: vec![("Kraken".parse().expect("an account"), decimal("3"))],
    }
}

/// A balance that came about in `year`.
pub(super) fn balance(year: i16) -> BalanceRow {
    BalanceRow {
        asset: asset("BTC"),
        account: "Kraken".parse().expect("an account"),
        year: (year != 0).then_some(year),
        opening: decimal("1"),
        received: decimal("2.5"),
        sent: decimal("0.25"),
        fee: decimal("0.01"),
        closing: decimal("3.24"),
    }
}
