//! `transactions.csv`: a line per row.

use domain::read_rows::TransactionRow;
use domain::rows::Leg;
use domain::section_104::DayKey;
use ports::PortError;

use crate::cells::Lines;
use crate::names::Names;

/// The columns. File and line stand last: only they differ when the same rows come in other files.
pub(crate) const COLUMNS: [&str; 27] = [
    "date",
    "tax_day",
    "account",
    "id",
    "type",
    "sent_amount",
    "sent_currency",
    "received_amount",
    "received_currency",
    "fee_amount",
    "fee_currency",
    "value",
    "value_source",
    "fee_value",
    "income",
    "gain",
    "day_disposals",
    "duplicate",
    "match_id",
    "issues",
    "balances",
    "tx_hash",
    "description",
    "ignored",
    "identity",
    "file",
    "line",
];

/// Writes the line of a row.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn write(
    row: &TransactionRow,
    names: Names<'_>,
    lines: &mut Lines,
) -> Result<(), PortError> {
    lines.text(&row.at.to_string())?;
    lines.text(&row.date.to_string())?;
    lines.text(row.account.as_str())?;
    lines.text(&names.name(&row.name)?)?;
    lines.text(row.kind.name())?;
    for leg in [&row.sent, &row.received, &row.fee] {
        write_leg(leg.as_ref(), lines)?;
    }
    lines.number(row.value.as_ref())?;
    lines.optional(row.value_source.as_deref())?;
    lines.number(row.fee_value.as_ref())?;
    lines.number(row.income.as_ref())?;
    lines.number(row.gain.as_ref())?;
    lines.text(&day_disposals(row))?;
    lines.text(flag(row.duplicate_of.is_some()))?;
    match &row.partner {
        Some(partner) => lines.text(&names.name(&partner.name)?)?,
        None => lines.text("")?,
    }
    let issues: Vec<&str> = row.issues.iter().map(|issue| issue.code.name()).collect();
    lines.text(&issues.join(";"))?;
    let balances: Vec<String> = row
        .balances
        .iter()
        .map(|balance| format!("{}={}", balance.asset, balance.amount))
        .collect();
    lines.text(&balances.join(";"))?;
    lines.optional(row.tx_hash.as_deref())?;
    lines.optional(row.description.as_deref())?;
    lines.text(flag(row.ignored))?;
    lines.text(&row.identity().to_string())?;
    names.place(row.name.row, lines)?;
    lines.end()
}

fn flag(set: bool) -> &'static str {
    if set { "true" } else { "" }
}

/// With section 104 the ids of the disposals the row is part of.
fn day_disposals(row: &TransactionRow) -> String {
    let mut ids: Vec<String> = Vec::new();
    for share in &row.day_shares {
        let (day, asset) = (row.date, share.asset.clone());
        let id = DayKey { day, asset }.to_string();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.join(";")
}

fn write_leg(leg: Option<&Leg>, lines: &mut Lines) -> Result<(), PortError> {
    lines.number(leg.map(|leg| &leg.amount))?;
    lines.optional(leg.map(|leg| leg.asset.as_str()))
}
