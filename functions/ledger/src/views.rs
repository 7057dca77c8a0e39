//! What readers see, as JSON. Every amount is a decimal string.

use domain::asset::Asset;
use domain::identity::RowIdentity;
use domain::ids::{Account, JobId};
use domain::money::Decimal;
use domain::read_rows::{
    Disposal, Holding, Issue, IssueCode, LotPart, Partner, RowName, TransactionRow,
};
use domain::report::SummaryReport;
use domain::revision::Snapshot;
use domain::rows::Leg;
use domain::section_104::{DayDisposal, DayKey};
use ports::PortError;
use serde::Serialize;

/// Lots of one disposal that are listed; the export lists all.
const MAX_LOTS: usize = 100;

/// A list of a revision, or a part of one.
#[derive(Serialize)]
pub(crate) struct List<T> {
    /// The revision.
    pub(crate) revision: u64,
    /// The currency of values, costs and gains.
    pub(crate) base: Asset,
    /// The items.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; null at the end. A page may be short and still have one.
    pub(crate) next_cursor: Option<String>,
}

/// What a revision holds at its end.
#[derive(Serialize)]
pub(crate) struct Holdings<'a> {
    /// The revision.
    pub(crate) revision: u64,
    /// The currency of costs.
    pub(crate) base: Asset,
    /// The holdings, sorted by asset.
    pub(crate) holdings: Vec<HoldingView<'a>>,
}

/// The totals of a revision.
#[derive(Serialize)]
pub(crate) struct SummaryView {
    /// The revision.
    pub(crate) revision: u64,
    /// Its segments.
    pub(crate) segments: usize,
    /// Those that its turn computed; the rest is shared with the revision before.
    pub(crate) segments_recomputed: u32,
    /// The totals.
    #[serde(flatten)]
    pub(crate) report: SummaryReport,
}

#[derive(Serialize)]
struct AmountView<'a> {
    amount: &'a Decimal,
    currency: &'a Asset,
}

/// Where a row comes from (I12).
#[derive(Serialize)]
struct SourceView<'a> {
    job_id: JobId,
    file: &'a str,
    line: u64,
}

#[derive(Serialize)]
struct MatchView<'a> {
    id: String,
    account: &'a Account,
    time: String,
    amount: &'a Decimal,
}

#[derive(Serialize)]
struct LotView<'a> {
    id: Option<String>,
    acquired: Option<String>,
    quantity: &'a Decimal,
    cost: &'a Decimal,
    term: &'static str,
}

#[derive(Serialize)]
struct DisposalView<'a> {
    asset: &'a Asset,
    date: String,
    kind: &'static str,
    quantity: &'a Decimal,
    proceeds: Option<&'a Decimal>,
    cost_basis: &'a Decimal,
    gain: Option<&'a Decimal>,
    gain_long: Option<&'a Decimal>,
    lot_count: usize,
    lots: Vec<LotView<'a>>,
}

/// A disposal by one transaction, as an item of a list.
#[derive(Serialize)]
struct RowDisposalView<'a> {
    id: String,
    time: String,
    account: &'a Account,
    #[serde(flatten)]
    disposal: DisposalView<'a>,
    source: SourceView<'a>,
}

/// What section 104 made of a tax day, by one rule; `rows` are the first of its transactions, all of
/// which `transactions?disposal=ID` lists.
#[derive(Serialize)]
struct DayDisposalView<'a> {
    id: String,
    asset: &'a Asset,
    date: String,
    kind: &'static str,
    acquired: Option<String>,
    quantity: &'a Decimal,
    proceeds: Option<&'a Decimal>,
    cost_basis: &'a Decimal,
    gain: Option<&'a Decimal>,
    issues: Vec<IssueView<'a>>,
    row_count: u64,
    rows: Vec<NamedView<'a>>,
}

#[derive(Serialize)]
struct NamedView<'a> {
    id: String,
    source: SourceView<'a>,
}

/// What a transaction adds to the disposals of its tax day.
#[derive(Serialize)]
struct ShareView<'a> {
    id: String,
    kind: &'static str,
    quantity: &'a Decimal,
    proceeds: Option<&'a Decimal>,
}

#[derive(Serialize)]
struct DayIssueView<'a> {
    date: String,
    id: String,
    #[serde(flatten)]
    issue: IssueView<'a>,
    source: Option<SourceView<'a>>,
}

#[derive(Serialize)]
struct IssueView<'a> {
    code: IssueCode,
    asset: Option<&'a Asset>,
    quantity: Option<&'a Decimal>,
    detail: &'a str,
}

#[derive(Serialize)]
struct BalanceView<'a> {
    asset: &'a Asset,
    amount: &'a Decimal,
}

#[derive(Serialize)]
struct TransactionView<'a> {
    identity: RowIdentity,
    time: String,
    tax_day: String,
    account: &'a Account,
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    sent: Option<AmountView<'a>>,
    received: Option<AmountView<'a>>,
    fee: Option<AmountView<'a>>,
    value: Option<&'a Decimal>,
    value_source: Option<&'a str>,
    fee_value: Option<&'a Decimal>,
    income: Option<&'a Decimal>,
    gain: Option<&'a Decimal>,
    duplicate: bool,
    duplicate_of: Option<SourceView<'a>>,
    ignored: bool,
    #[serde(rename = "match")]
    matched: Option<MatchView<'a>>,
    disposals: Vec<DisposalView<'a>>,
    day_disposals: Vec<ShareView<'a>>,
    balances: Vec<BalanceView<'a>>,
    issues: Vec<IssueView<'a>>,
    tx_hash: Option<&'a str>,
    description: Option<&'a str>,
    source: SourceView<'a>,
}

#[derive(Serialize)]
struct RowIssueView<'a> {
    identity: RowIdentity,
    time: String,
    account: &'a Account,
    id: String,
    #[serde(flatten)]
    issue: IssueView<'a>,
    source: SourceView<'a>,
}

#[derive(Serialize)]
struct HoldingBalanceView<'a> {
    account: &'a Account,
    amount: &'a Decimal,
}

/// A holding.
#[derive(Serialize)]
pub(crate) struct HoldingView<'a> {
    asset: &'a Asset,
    quantity: &'a Decimal,
    cost_basis: &'a Decimal,
    average_cost: Option<&'a Decimal>,
    balances: Vec<HoldingBalanceView<'a>>,
}

/// A row as JSON.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn transaction(
    snapshot: &Snapshot,
    row: &TransactionRow,
) -> Result<serde_json::Value, PortError> {
    let mut disposals = Vec::with_capacity(row.disposals.len());
    for disposal in &row.disposals {
        disposals.push(disposal_view(snapshot, disposal)?);
    }
    let duplicate_of = row.duplicate_of.map(|kept| RowName {
        row: kept,
        id: None,
    });
    let view = TransactionView {
        identity: row.identity(),
        time: row.at.to_string(),
        tax_day: row.date.to_string(),
        account: &row.account,
        id: name(snapshot, &row.name)?,
        kind: row.kind.name(),
        sent: amount(row.sent.as_ref()),
        received: amount(row.received.as_ref()),
        fee: amount(row.fee.as_ref()),
        value: row.value.as_ref(),
        value_source: row.value_source.as_deref(),
        fee_value: row.fee_value.as_ref(),
        income: row.income.as_ref(),
        gain: row.gain.as_ref(),
        duplicate: row.duplicate_of.is_some(),
        duplicate_of: duplicate_of
            .as_ref()
            .map(|kept| source(snapshot, kept))
            .transpose()?,
        ignored: row.ignored,
        matched: row
            .partner
            .as_ref()
            .map(|partner| match_view(snapshot, partner))
            .transpose()?,
        disposals,
        day_disposals: share_views(row),
        balances: row
            .balances
            .iter()
            .map(|balance| BalanceView {
                asset: &balance.asset,
                amount: &balance.amount,
            })
            .collect(),
        issues: row.issues.iter().map(issue_view).collect(),
        tx_hash: row.tx_hash.as_deref(),
        description: row.description.as_deref(),
        source: source(snapshot, &row.name)?,
    };
    json(&view)
}

/// A row's issues as JSON: all of them, or those of one code.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn issues(
    snapshot: &Snapshot,
    row: &TransactionRow,
    code: Option<IssueCode>,
) -> Result<Vec<serde_json::Value>, PortError> {
    let mut views = Vec::new();
    for issue in row
        .issues
        .iter()
        .filter(|issue| code.is_none_or(|code| issue.code == code))
    {
        views.push(json(&RowIssueView {
            identity: row.identity(),
            time: row.at.to_string(),
            account: &row.account,
            id: name(snapshot, &row.name)?,
            issue: issue_view(issue),
            source: source(snapshot, &row.name)?,
        })?);
    }
    Ok(views)
}

/// A row's disposals as JSON: all of them, or those of one asset.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn disposals(
    snapshot: &Snapshot,
    row: &TransactionRow,
    asset: Option<&Asset>,
) -> Result<Vec<serde_json::Value>, PortError> {
    let mut views = Vec::new();
    for disposal in &row.disposals {
        if asset.is_none_or(|asset| disposal.asset == *asset) {
            views.push(json(&RowDisposalView {
                id: name(snapshot, &row.name)?,
                time: row.at.to_string(),
                account: &row.account,
                disposal: disposal_view(snapshot, disposal)?,
                source: source(snapshot, &row.name)?,
            })?);
        }
    }
    Ok(views)
}

/// A disposal of section 104 as JSON.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn day_disposal(
    snapshot: &Snapshot,
    day: &DayDisposal,
) -> Result<serde_json::Value, PortError> {
    let mut rows = Vec::with_capacity(day.rows.len());
    for row in &day.rows {
        rows.push(NamedView {
            id: name(snapshot, row)?,
            source: source(snapshot, row)?,
        });
    }
    json(&DayDisposalView {
        id: day.key.to_string(),
        asset: &day.key.asset,
        date: day.key.day.to_string(),
        kind: day.rule.name(),
        acquired: day.acquired.map(|day| day.to_string()),
        quantity: &day.quantity,
        proceeds: day.proceeds.as_ref(),
        cost_basis: &day.cost_basis,
        gain: day.gain.as_ref(),
        issues: day.issues.iter().map(issue_view).collect(),
        row_count: day.row_count,
        rows,
    })
}

/// The issues of a disposal of section 104 as JSON: all of them, or those of one code. The source is
/// the first row of the day.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn day_issues(
    snapshot: &Snapshot,
    day: &DayDisposal,
    code: Option<IssueCode>,
) -> Result<Vec<serde_json::Value>, PortError> {
    let mut views = Vec::new();
    for issue in &day.issues {
        if code.is_none_or(|code| issue.code == code) {
            let first = day.rows.first();
            views.push(json(&DayIssueView {
                date: day.key.day.to_string(),
                id: day.key.to_string(),
                issue: issue_view(issue),
                source: first.map(|row| source(snapshot, row)).transpose()?,
            })?);
        }
    }
    Ok(views)
}

fn share_views(row: &TransactionRow) -> Vec<ShareView<'_>> {
    let key = |asset: &Asset| DayKey {
        day: row.date,
        asset: asset.clone(),
    };
    let shares = row.day_shares.iter().map(|share| ShareView {
        id: key(&share.asset).to_string(),
        kind: share.kind.name(),
        quantity: &share.quantity,
        proceeds: share.proceeds.as_ref(),
    });
    shares.collect()
}

/// A holding as JSON.
pub(crate) fn holding(holding: &Holding) -> HoldingView<'_> {
    HoldingView {
        asset: &holding.asset,
        quantity: &holding.quantity,
        cost_basis: &holding.cost_basis,
        average_cost: holding.average_cost.as_ref(),
        balances: holding
            .balances
            .iter()
            .map(|(account, amount)| HoldingBalanceView { account, amount })
            .collect(),
    }
}

fn json<T: Serialize>(view: &T) -> Result<serde_json::Value, PortError> {
    serde_json::to_value(view).map_err(|error| PortError::bug("ledger.view", error))
}

fn stranger(name: &RowName) -> PortError {
    PortError::invalid(
        "ledger.view",
        format!("upload {} is not of this revision", name.row.job),
    )
}

fn name(snapshot: &Snapshot, name: &RowName) -> Result<String, PortError> {
    snapshot.name_of(name).ok_or_else(|| stranger(name))
}

fn source<'a>(snapshot: &'a Snapshot, name: &RowName) -> Result<SourceView<'a>, PortError> {
    let file = snapshot
        .filename(name.row.job)
        .ok_or_else(|| stranger(name))?;
    Ok(SourceView {
        job_id: name.row.job,
        file,
        line: name.row.line,
    })
}

fn amount(leg: Option<&Leg>) -> Option<AmountView<'_>> {
    leg.map(|leg| AmountView {
        amount: &leg.amount,
        currency: &leg.asset,
    })
}

fn match_view<'a>(snapshot: &Snapshot, partner: &'a Partner) -> Result<MatchView<'a>, PortError> {
    let id = name(snapshot, &partner.name)?;
    Ok(MatchView {
        id,
        account: &partner.account,
        time: partner.at.to_string(),
        amount: &partner.amount,
    })
}

fn disposal_view<'a>(
    snapshot: &Snapshot,
    disposal: &'a Disposal,
) -> Result<DisposalView<'a>, PortError> {
    let mut lots = Vec::with_capacity(disposal.lots.len().min(MAX_LOTS));
    for lot in disposal.lots.iter().take(MAX_LOTS) {
        lots.push(lot_view(snapshot, lot)?);
    }
    Ok(DisposalView {
        asset: &disposal.asset,
        date: disposal.date.to_string(),
        kind: disposal.kind.name(),
        quantity: &disposal.quantity,
        proceeds: disposal.proceeds.as_ref(),
        cost_basis: &disposal.cost_basis,
        gain: disposal.gain.as_ref(),
        gain_long: disposal.gain_long.as_ref(),
        lot_count: disposal.lots.len(),
        lots,
    })
}

fn lot_view<'a>(snapshot: &Snapshot, lot: &'a LotPart) -> Result<LotView<'a>, PortError> {
    Ok(LotView {
        id: lot
            .source
            .as_ref()
            .map(|source| name(snapshot, source))
            .transpose()?,
        acquired: lot.acquired.map(|at| at.to_string()),
        quantity: &lot.quantity,
        cost: &lot.cost,
        term: if lot.long { "long" } else { "short" },
    })
}

fn issue_view(issue: &Issue) -> IssueView<'_> {
    IssueView {
        code: issue.code,
        asset: issue.asset.as_ref(),
        quantity: issue.quantity.as_ref(),
        detail: &issue.detail,
    }
}
