//! A small revision for the tests of this function.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::identity::Unnamed;
use domain::ids::{JobId, LedgerRef, TurnId};
use domain::keys;
use domain::message::Task;
use domain::money::Decimal;
use domain::plan::Segment;
use domain::read_rows::{
    Balance, Disposal, Issue, IssueCode, LotPart, Partner, RowName, Stated, TransactionRow,
};
use domain::revision::{
    DayFacts, Dirty, Revision, SegmentEntry, SegmentFacts, Snapshot, UploadEntry,
};
use domain::rows::{Kind, Leg, RowRef};
use domain::section_104::DayDisposal;
use domain::settings::Settings;
use domain::time::{DAY_US, Day, Instant};
use ports::objects::{read_json, write_json};
use ports::orders;
use ports::tables::{Disposals, Transactions};
use ports::testing::{
    MemoryDisposals, MemoryObjects, MemoryState, MemorySummaries, MemoryTransactions, SentMessages,
};

use crate::export::{Reads, Work, export};

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

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn leg(amount: &str, asset: &str) -> Option<Leg> {
    Some(Leg {
        amount: number(amount),
        asset: asset.parse().unwrap(),
    })
}

pub(crate) fn name(of: u8, line: u64, id: Option<&str>) -> RowName {
    RowName {
        row: RowRef { job: job(of), line },
        id: id.map(Into::into),
    }
}

pub(crate) fn row(name: RowName, day: i32, kind: Kind) -> TransactionRow {
    let unnamed = name.id.is_none().then_some(Unnamed {
        fingerprint: [0xd5; 16],
        occurrence: 1,
    });
    TransactionRow {
        name,
        at: Instant(i64::from(day) * DAY_US),
        date: Day(day),
        account: "Kraken".parse().unwrap(),
        kind,
        sent: None,
        received: None,
        fee: None,
        value: None,
        value_source: None,
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
        stated: Stated {
            unnamed,
            ..Stated::default()
        },
    }
}

/// A purchase, a sale of a part of it, the withdrawal and the deposit of the rest, and the sale
/// again under the same ID. `files` says in which upload each row comes.
pub(crate) fn rows(files: [u8; 5]) -> Vec<TransactionRow> {
    let bought = name(files[0], 2, Some("b-1"));
    let sold = name(files[1], 3, Some("s-1"));
    let sent = name(files[2], 4, Some("w-1"));
    let arrived = name(files[3], 5, None);
    let again = name(files[4], 6, Some("s-1"));
    vec![
        purchase(&bought),
        sale(&sold, &bought),
        withdrawal(&sent, &arrived),
        deposit(&arrived, &sent),
        repeat(&again, &sold),
    ]
}

fn purchase(name: &RowName) -> TransactionRow {
    let balance = |asset: &str, amount: &str| Balance {
        asset: asset.parse().unwrap(),
        amount: number(amount),
    };
    let mut buy = row(name.clone(), 18_262, Kind::Buy);
    buy.sent = leg("8000", "USD");
    buy.received = leg("1", "BTC");
    buy.fee = leg("40", "USD");
    buy.value = Some(number("8000"));
    buy.value_source = Some("base_leg".to_owned());
    buy.balances = vec![balance("BTC", "1"), balance("USD", "-8040")];
    buy.issues = vec![Issue {
        code: IssueCode::NegativeBalance,
        asset: Some("USD".parse().unwrap()),
        quantity: Some(number("-8040")),
        detail: "the balance of USD is -8040".to_owned(),
    }];
    buy.description = Some("=HYPERLINK(\"x\")".into());
    buy
}

fn sale(name: &RowName, lot: &RowName) -> TransactionRow {
    let mut sell = row(name.clone(), 18_300, Kind::Sell);
    sell.sent = leg("0.5", "BTC");
    sell.received = leg("5000.125", "USD");
    sell.gain = Some(number("980.125"));
    sell.disposals = vec![Disposal {
        asset: "BTC".parse().unwrap(),
        date: Day(18_300),
        kind: Kind::Sell,
        quantity: number("0.5"),
        proceeds: Some(number("5000.125")),
        cost_basis: number("4020"),
        gain: Some(number("980.125")),
        gain_long: Some(Decimal::ZERO),
        lots: vec![LotPart {
            source: Some(lot.clone()),
            acquired: Some(Instant(18_262 * DAY_US)),
            quantity: number("0.5"),
            cost: number("4020"),
            long: false,
        }],
    }];
    sell
}

fn partner(name: &RowName, account: &str) -> Option<Partner> {
    Some(Partner {
        name: name.clone(),
        account: account.parse().unwrap(),
        at: Instant(18_301 * DAY_US),
        amount: number("0.5"),
    })
}

fn withdrawal(name: &RowName, deposit: &RowName) -> TransactionRow {
    let mut withdrawal = row(name.clone(), 18_301, Kind::Withdrawal);
    withdrawal.sent = leg("0.5", "BTC");
    withdrawal.partner = partner(deposit, "Ledger");
    withdrawal
}

fn deposit(name: &RowName, withdrawal: &RowName) -> TransactionRow {
    let mut deposit = row(name.clone(), 18_301, Kind::Deposit);
    deposit.account = "Ledger".parse().unwrap();
    deposit.received = leg("0.5", "BTC");
    deposit.partner = partner(withdrawal, "Kraken");
    deposit
}

fn repeat(name: &RowName, kept: &RowName) -> TransactionRow {
    let mut again = row(name.clone(), 18_302, Kind::Sell);
    again.sent = leg("0.5", "BTC");
    again.duplicate_of = Some(kept.row);
    again.issues = vec![Issue {
        code: IssueCode::Duplicate,
        asset: None,
        quantity: None,
        detail: "repeats an earlier row".to_owned(),
    }];
    again
}

/// A ledger with one revision, and everything `export` touches.
pub(crate) struct World {
    pub(crate) state: MemoryState,
    pub(crate) sent: SentMessages,
    pub(crate) objects: MemoryObjects,
    pub(crate) transactions: MemoryTransactions,
    pub(crate) disposals: MemoryDisposals,
    pub(crate) summaries: MemorySummaries,
}

impl World {
    /// A revision of two segments.
    pub(crate) async fn of(rows: &[TransactionRow], uploads: &[(u8, &str)]) -> Self {
        let world = Self {
            state: MemoryState::default(),
            sent: SentMessages::default(),
            objects: MemoryObjects::default(),
            transactions: MemoryTransactions::default(),
            disposals: MemoryDisposals::default(),
            summaries: MemorySummaries::default(),
        };
        let mut segments = Vec::new();
        for (index, part) in (0..).zip(rows.chunks(3)) {
            world
                .transactions
                .write(&owner(), TURN, index, 0, part)
                .await
                .unwrap();
            let rows = u32::try_from(part.len()).unwrap();
            let segment = Segment {
                turn: TURN,
                index,
                from: Instant(0),
                to: Instant(i64::MAX),
                rows,
            };
            let issues = part
                .iter()
                .flat_map(|row| &row.issues)
                .map(|issue| (issue.code, 1))
                .collect();
            segments.push(SegmentEntry {
                segment,
                facts: SegmentFacts {
                    issues,
                    ..SegmentFacts::default()
                },
            });
        }
        let upload = |(n, filename): &(u8, &str)| UploadEntry {
            job: job(*n),
            filename: (*filename).to_owned(),
            chunks: Vec::new(),
            earliest: None,
            rows: 0,
        };
        let snapshot = Snapshot {
            ledger: owner(),
            turn: TURN,
            settings: Settings::default(),
            uploads: uploads.iter().map(upload).collect(),
            prices: Vec::new(),
            overrides: None,
            pins: Vec::new(),
            dirty: Dirty::Everything,
        };
        let revision = Revision {
            snapshot,
            segments,
            closing: None,
            recomputed: 2,
        };
        write_json(&world.objects, &keys::revision(&owner(), TURN), &revision)
            .await
            .unwrap();
        world
    }

    pub(crate) async fn order(&self, name: &str) -> bool {
        let task = Task::Export {
            turn: TURN,
            name: name.to_owned(),
        };
        let key = keys::export(&owner(), TURN, name);
        orders::is_ready(&self.state, &self.sent, &owner(), &key, &task, Instant(0))
            .await
            .unwrap()
    }

    pub(crate) async fn write(&self, name: &str) -> Result<(), ports::PortError> {
        let owner = owner();
        let work = Work {
            owner: &owner,
            turn: TURN,
            name,
        };
        let reads = Reads {
            transactions: &self.transactions,
            disposals: &self.disposals,
            summaries: &self.summaries,
        };
        export(&self.state, &self.objects, reads, work).await
    }

    /// Stores what section 104 decided in the last segment, and at the end.
    pub(crate) async fn decide(&self, decided: &[DayDisposal], closing: &[DayDisposal]) {
        let key = keys::revision(&owner(), TURN);
        let mut revision: Revision = read_json(&self.objects, &key).await.unwrap();
        let last = revision.segments.last_mut().unwrap();
        last.facts.days = DayFacts::of(decided);
        let mut end = last.clone();
        end.segment.index += 1;
        end.segment.rows = 0;
        end.facts = SegmentFacts {
            days: DayFacts::of(closing),
            ..SegmentFacts::default()
        };
        for (entry, rows) in [(&*last, decided), (&end, closing)] {
            let index = entry.segment.index;
            let write = self.disposals.write(&owner(), TURN, index, rows).await;
            write.unwrap();
        }
        revision.closing = Some(end);
        write_json(&self.objects, &key, &revision).await.unwrap();
    }

    pub(crate) async fn file(&self, name: &str) -> String {
        assert!(!self.order(name).await);
        self.write(name).await.unwrap();
        assert!(self.order(name).await, "{name} is ready");
        self.objects.text(&keys::export(&owner(), TURN, name))
    }
}

pub(crate) async fn one_upload() -> World {
    World::of(&rows([1; 5]), &[(1, "all.csv")]).await
}
