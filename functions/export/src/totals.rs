//! `holdings.csv` and `summary.json`: small, whatever the size of the ledger.

use bytes::Bytes;
use domain::read_rows::{BalanceRow, Holding, SummaryRow};
use domain::report::SummaryReport;
use domain::revision::Revision;
use ports::PortError;
use serde::Serialize;

use crate::cells::Lines;

/// The columns of the holdings.
const COLUMNS: [&str; 5] = [
    "asset",
    "quantity",
    "cost_basis",
    "average_cost",
    "balances",
];

/// The file `holdings.csv`.
///
/// # Errors
/// `Bug`: memory does not refuse bytes.
pub(crate) fn holdings(holdings: &[Holding]) -> Result<Bytes, PortError> {
    let mut lines = Lines::new(b',');
    lines.header(&COLUMNS)?;
    for holding in holdings {
        lines.text(holding.asset.as_str())?;
        lines.number(Some(&holding.quantity))?;
        lines.number(Some(&holding.cost_basis))?;
        lines.number(holding.average_cost.as_ref())?;
        let balances: Vec<String> = holding
            .balances
            .iter()
            .map(|(account, amount)| format!("{account}={amount}"))
            .collect();
        lines.text(&balances.join(";"))?;
        lines.end()?;
    }
    lines.take()
}

/// What `summary.json` holds.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    report: SummaryReport,
    /// By asset and account the tax years in which it moved, and behind them, without a year, the
    /// whole ledger.
    balances: &'a [BalanceRow],
}

/// The file `summary.json`.
///
/// # Errors
/// `Bug` when the report has no JSON form.
pub(crate) fn summary(
    revision: &Revision,
    totals: &[SummaryRow],
    balances: &[BalanceRow],
) -> Result<Bytes, PortError> {
    let report = SummaryReport::new(revision, totals);
    let mut bytes = serde_json::to_vec_pretty(&Summary { report, balances })
        .map_err(|error| PortError::bug("export.summary", error))?;
    bytes.push(b'\n');
    Ok(bytes.into())
}
