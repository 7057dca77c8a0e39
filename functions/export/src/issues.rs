//! `issues.csv`: a line per issue.

use domain::read_rows::TransactionRow;
use ports::PortError;

use crate::cells::Lines;
use crate::names::Names;

/// The columns.
pub(crate) const COLUMNS: [&str; 9] = [
    "date", "account", "id", "code", "asset", "quantity", "detail", "file", "line",
];

/// Writes the issues of a row.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn write(
    row: &TransactionRow,
    names: Names<'_>,
    lines: &mut Lines,
) -> Result<(), PortError> {
    for issue in &row.issues {
        lines.text(&row.at.to_string())?;
        lines.text(row.account.as_str())?;
        lines.text(&names.name(&row.name)?)?;
        lines.text(issue.code.name())?;
        lines.optional(issue.asset.as_ref().map(domain::asset::Asset::as_str))?;
        lines.number(issue.quantity.as_ref())?;
        lines.text(&issue.detail)?;
        names.place(row.name.row, lines)?;
        lines.end()?;
    }
    Ok(())
}
