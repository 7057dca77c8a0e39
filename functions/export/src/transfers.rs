//! `transfers.csv`: a line per transfer, on the row that sent it.

use domain::read_rows::TransactionRow;
use ports::PortError;

use crate::cells::Lines;
use crate::names::Names;

/// The columns.
pub(crate) const COLUMNS: [&str; 2] = ["withdrawal_id", "deposit_id"];

/// Writes the line of a withdrawal that has its deposit; nothing for every other row.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn write(
    row: &TransactionRow,
    names: Names<'_>,
    lines: &mut Lines,
) -> Result<(), PortError> {
    let (Some(partner), Some(_)) = (&row.partner, &row.sent) else {
        return Ok(());
    };
    lines.text(&names.name(&row.name)?)?;
    lines.text(&names.name(&partner.name)?)?;
    lines.end()
}
