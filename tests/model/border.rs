//! The border to the code under test: rows on their way in, what is said of them on its way out.
//! Numbers cross it as text.

use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::fold::metrics::AssetState;
use domain::ids::JobId;
use domain::kinds::kind_of;
use domain::money::Decimal;
use domain::order::{LedgerRow, place_rows};
use domain::overrides::{Changes, Edit, OverrideBook, Subject, UnitPrice};
use domain::prices::PriceBook;
use domain::read_rows as read;
use domain::rows::{Leg as DomainLeg, Row, RowRef};
use domain::section_104::{DayDisposal, DayShare};
use domain::settings::{CheckBounds, MatchBounds, Method as DomainMethod, Settings, TaxProfile};
use domain::switches;
use domain::time::{Day, Instant};

use crate::answer::{
    Balance, BalanceSlot, DayPart, Disposal, Holding, Part, Partner, RowAnswer, Share, Slot, Total,
};
use crate::ledger::{Entry, Ledger, Leg, Method, Place, Rules, Switches};
use crate::number::Number;
use crate::said::Saying;

fn decimal(number: &Number) -> Decimal {
    number.to_string().parse().unwrap()
}

pub(crate) fn number(decimal: &Decimal) -> Number {
    Number::parse(&decimal.to_string())
}

pub(crate) fn asset(code: &str) -> Asset {
    code.parse().unwrap()
}

/// Uploads are numbered in the order they came, and so are their jobs.
fn job(upload: usize) -> JobId {
    JobId::new(upload as u64 + 1, &[0; 10])
}

pub(crate) fn place(row: RowRef) -> Place {
    let upload = (0..100).find(|upload| job(*upload) == row.job);
    (upload.unwrap(), row.line)
}

/// The row that a parser makes of an entry; none when its label does not fit.
pub(crate) fn row(entry: &Entry) -> Option<LedgerRow> {
    let leg = |leg: &Option<Leg>| {
        let leg = leg.as_ref().filter(|(amount, _)| !amount.is_zero());
        leg.map(|(amount, code)| DomainLeg {
            amount: decimal(amount),
            asset: asset(code),
        })
    };
    let (sent, received, fee) = (leg(&entry.sent), leg(&entry.received), leg(&entry.fee));
    let label = (!entry.label.is_empty()).then_some(entry.label.as_str());
    let kind = kind_of(label, sent.as_ref(), received.as_ref(), fee.as_ref()).ok()?;
    let boxed = |text: &Option<String>| text.as_deref().map(Into::into);
    let row = Row {
        at: Instant(entry.at),
        line: entry.place.1,
        chunk: 0,
        records: 1,
        kind,
        account: entry.account.parse().unwrap(),
        id: boxed(&entry.id),
        sent,
        received,
        fee,
        net_worth: leg(&entry.net_worth),
        fee_worth: leg(&entry.fee_worth),
        tx_hash: boxed(&entry.hash),
        description: boxed(&entry.description),
    };
    Some(LedgerRow {
        job: job(entry.place.0),
        row,
    })
}

/// The frozen fingerprint of a row: the one thing the model takes from the code under test, because
/// it is a hash that decides an order and nothing else.
pub(crate) fn content(entry: &Entry, kind: &str) -> [u8; 16] {
    let row = row(entry).unwrap().row;
    assert_eq!(row.kind.name(), kind, "{entry:?}");
    row.fingerprint()
}

/// The frozen hash of a row's account and ID, taken like the fingerprint.
pub(crate) fn named(entry: &Entry) -> Option<[u8; 16]> {
    row(entry).unwrap().row.identity_hash()
}

pub(crate) fn settings(rules: &Rules) -> Settings {
    Settings {
        method: match rules.method {
            Method::Fifo => DomainMethod::Fifo,
            Method::Lifo => DomainMethod::Lifo,
            Method::Hifo => DomainMethod::Hifo,
            Method::Lofo => DomainMethod::Lofo,
            Method::Average => DomainMethod::Average,
            Method::S104 => DomainMethod::S104,
        },
        profile: if rules.uk {
            TaxProfile::Uk
        } else {
            TaxProfile::Us
        },
        switches: switches(rules.switches),
        tax_timezone: rules.zone.to_owned(),
        long_term_days: rules.long_term_days,
        matching: MatchBounds {
            window_hours: rules.window_hours,
            max_loss_percent: rules.max_loss_percent,
            reason_hours: rules.reason_hours,
        },
        checks: CheckBounds {
            mismatch_percent: rules.mismatch_percent,
            outlier_percent: rules.outlier_percent,
        },
        ..Settings::new(asset(&rules.base))
    }
}

fn switches(rules: Switches) -> switches::Switches {
    switches::Switches {
        airdrop: match rules.airdrop_is_income {
            true => switches::Airdrop::Income,
            false => switches::Airdrop::NoIncome,
        },
        fork: match rules.fork_is_income {
            true => switches::Fork::Income,
            false => switches::Fork::ZeroCost,
        },
        gift: match rules.gift_at_value {
            true => switches::Gift::AtValue,
            false => switches::Gift::NoGain,
        },
        lost: match rules.lost_for_nothing {
            true => switches::Lost::ZeroProceeds,
            false => switches::Lost::NoGain,
        },
    }
}

/// What is said of rows, as a ledger keeps it. Of a row that is not there nothing can be said.
pub(crate) fn overrides(ledger: &Ledger, rows: &[LedgerRow]) -> OverrideBook {
    let placed = place_rows(rows.to_vec());
    let edit = |saying: &Saying| match saying {
        Saying::Label(label) => Edit::Label(label.as_str().into()),
        Saying::Price((amount, currency)) => Edit::Price(UnitPrice {
            amount: decimal(amount),
            currency: asset(currency),
        }),
        Saying::Ignore => Edit::Ignore,
        Saying::Link(other) => Edit::Link(other.parse().unwrap()),
        Saying::Unlink(other) => Edit::Unlink(other.parse().unwrap()),
    };
    let edits = ledger.said.iter();
    let mut book = OverrideBook::default();
    book.apply(&Changes {
        rows: placed
            .iter()
            .map(|row| (row.identity(), subject(&row.row.row)))
            .collect(),
        edits: edits
            .map(|(row, saying)| (row.parse().unwrap(), edit(saying)))
            .collect(),
    });
    book
}

fn subject(row: &Row) -> Subject {
    Subject {
        kind: row.kind,
        account: row.account.clone(),
        id: row.id.clone(),
        sent: row.sent.clone(),
        received: row.received.clone(),
        fee: row.fee.clone(),
        net_worth: row.net_worth.clone(),
        fee_worth: row.fee_worth.clone(),
    }
}

/// The prices that some row asks for, as a turn pins them, and no other.
pub(crate) fn pinned(ledger: &Ledger, rows: &[LedgerRow], overrides: &OverrideBook) -> PriceBook {
    let base = asset(&ledger.rules.base);
    let mut needs: Vec<_> = rows
        .iter()
        .flat_map(|row| domain::value::needs(&row.row))
        .collect();
    needs.extend(overrides.needs());
    let mut book = PriceBook::new(base.clone());
    for (code, day) in domain::value::wanted(&needs, &base) {
        let key = (code.as_str().to_owned(), i64::from(day.0));
        if let Some(price) = ledger.prices.get(&key) {
            book.pin(code, Day(day.0), decimal(price), "own");
        }
    }
    book
}

/// What is said of a row by both folds. What it only copies must be what came in.
pub(crate) fn row_answer(
    out: &read::TransactionRow,
    decision: Option<&read::Decision>,
    row: &Row,
) -> RowAnswer {
    let copied = (&out.account, out.at, &out.sent, &out.received, &out.fee);
    assert_eq!(
        copied,
        (&row.account, row.at, &row.sent, &row.received, &row.fee)
    );
    assert_eq!(
        (&out.tx_hash, &out.description),
        (&row.tx_hash, &row.description)
    );
    let in_file = out.stated.kind.unwrap_or(out.kind);
    assert_eq!((&out.name.id, in_file), (&row.id, row.kind));
    let worths = (&out.stated.net_worth, &out.stated.fee_worth);
    assert_eq!(worths, (&row.net_worth, &row.fee_worth));
    let optional = |amount: &Option<Decimal>| amount.as_ref().map(number);
    let mut issues: Vec<_> = out.issues.iter().map(issue).collect();
    issues.sort();
    let balances: BTreeMap<_, _> = out
        .balances
        .iter()
        .map(|balance| (balance.asset.to_string(), number(&balance.amount)))
        .collect();
    assert_eq!(
        balances.len(),
        out.balances.len(),
        "a balance stands there twice"
    );
    let unmatched = decision.and_then(|decision| decision.unmatched);
    RowAnswer {
        place: place(out.name.row),
        identity: out.identity().to_string(),
        ignored: out.ignored,
        date: out.date.to_string(),
        kind: out.kind.name().to_owned(),
        value: optional(&out.value),
        value_source: out.value_source.clone(),
        fee_value: optional(&out.fee_value),
        income: optional(&out.income),
        gain: optional(&out.gain),
        duplicate_of: out.duplicate_of.map(place),
        same_content: decision.and_then(|said| Some(place(said.same_content.as_ref()?.row))),
        partner: out.partner.as_ref().map(partner),
        unmatched: unmatched.map(|why| {
            serde_json::to_value(why)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        }),
        disposals: out.disposals.iter().map(disposal).collect(),
        shares: out.day_shares.iter().map(share).collect(),
        balances,
        issues,
    }
}

fn issue(issue: &read::Issue) -> crate::answer::Issue {
    let asset = issue.asset.as_ref().map(ToString::to_string);
    (
        issue.code.name().to_owned(),
        asset,
        issue.quantity.as_ref().map(number),
    )
}

fn share(share: &DayShare) -> Share {
    Share {
        asset: share.asset.to_string(),
        kind: share.kind.name().to_owned(),
        quantity: number(&share.quantity),
        proceeds: share.proceeds.as_ref().map(number),
    }
}

/// A row of the table `disposals`. Its only issue is what the pool did not have.
pub(crate) fn day_part(part: &DayDisposal) -> DayPart {
    let missing = part.issues.iter().map(|issue| {
        assert_eq!(issue.code.name(), "missing_cost_basis");
        assert_eq!(issue.asset.as_ref(), Some(&part.key.asset));
        number(issue.quantity.as_ref().unwrap())
    });
    let missing: Vec<Number> = missing.collect();
    assert!(missing.len() < 2, "{part:?}");
    DayPart {
        day: part.key.day.to_string(),
        asset: part.key.asset.to_string(),
        n: part.n,
        rule: part.rule.name(),
        acquired: part.acquired.map(|day| day.to_string()),
        quantity: number(&part.quantity),
        proceeds: part.proceeds.as_ref().map(number),
        cost: number(&part.cost_basis),
        gain: part.gain.as_ref().map(number),
        rows: part.rows.iter().map(|name| place(name.row)).collect(),
        row_count: part.row_count,
        missing: missing.into_iter().next(),
    }
}

fn partner(partner: &read::Partner) -> Partner {
    Partner {
        place: place(partner.name.row),
        account: partner.account.to_string(),
        at: partner.at.0,
        amount: number(&partner.amount),
    }
}

fn disposal(disposal: &read::Disposal) -> Disposal {
    let optional = |amount: &Option<Decimal>| amount.as_ref().map(number);
    let part = |part: &read::LotPart| Part {
        source: part.source.as_ref().map(|name| place(name.row)),
        acquired: part.acquired.map(|at| at.0),
        quantity: number(&part.quantity),
        cost: number(&part.cost),
        long: part.long,
    };
    Disposal {
        asset: disposal.asset.to_string(),
        date: disposal.date.to_string(),
        kind: disposal.kind.name().to_owned(),
        quantity: number(&disposal.quantity),
        proceeds: optional(&disposal.proceeds),
        cost: number(&disposal.cost_basis),
        gain: optional(&disposal.gain),
        gain_long: optional(&disposal.gain_long),
        parts: disposal.lots.iter().map(part).collect(),
    }
}

/// The totals of an asset's state.
pub(crate) fn totals(asset: &Asset, state: &AssetState) -> Vec<(Slot, Total)> {
    let one = |total: read::SummaryRow| {
        let slot = (
            total.year,
            total.asset.to_string(),
            total.account.map(|account| account.to_string()),
            total.kind.map(|kind| kind.name().to_owned()),
        );
        let total = Total {
            count: total.count,
            acquired: number(&total.acquired),
            disposed: number(&total.disposed),
            proceeds: number(&total.proceeds),
            cost: number(&total.cost_basis),
            gain: number(&total.gain),
            gain_long: number(&total.gain_long),
            income: number(&total.income),
            gain_reported: number(&total.gain_reported),
            gain_long_reported: number(&total.gain_long_reported),
            unpriced: total.unpriced,
        };
        (slot, total)
    };
    state.totals(asset).into_iter().map(one).collect()
}

/// What is held of an asset.
pub(crate) fn holding(asset: &Asset, state: &AssetState) -> Option<Holding> {
    let held = state.holding(asset)?;
    let balances = held.balances.iter();
    Some(Holding {
        quantity: number(&held.quantity),
        cost: number(&held.cost_basis),
        average_cost: held.average_cost.as_ref().map(number),
        balances: balances
            .map(|(account, amount)| (account.to_string(), number(amount)))
            .collect(),
    })
}

/// How the balances of an asset came about.
pub(crate) fn balances(asset: &Asset, state: &AssetState) -> Vec<(BalanceSlot, Balance)> {
    let one = |row: read::BalanceRow| {
        let slot = (row.asset.to_string(), row.account.to_string(), row.year);
        let balance = Balance {
            opening: number(&row.opening),
            received: number(&row.received),
            sent: number(&row.sent),
            fee: number(&row.fee),
            closing: number(&row.closing),
        };
        (slot, balance)
    };
    let rows = state.balance_rows(asset).unwrap();
    rows.into_iter().map(one).collect()
}
