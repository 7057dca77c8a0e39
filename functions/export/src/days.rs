//! The lines of what section 104 decided: `disposals.csv` and `disposals.jsonl` have a line per day,
//! asset and matching rule, under the id `ASSET:DAY`, and `issues.csv` what is missing behind one.
//!
//! The days a line's cost comes from stand as its lots, by the same kind of id; the pool has none.
//! The file and line are those of the first row of the day; every row of it has the id in
//! `transactions.csv` (I12).

use domain::money::Decimal;
use domain::section_104::{DayDisposal, DayKey};
use ports::PortError;

use crate::cells::Lines;
use crate::disposals::Line;
use crate::names::Names;

/// The United Kingdom knows no long term.
static NO_GAIN: Decimal = Decimal::ZERO;

/// Writes the JSON line of a disposal.
///
/// # Errors
/// `Bug`: memory does not refuse bytes.
pub(crate) fn write_json(day: &DayDisposal, lines: &mut Vec<u8>) -> Result<(), PortError> {
    line_of(day).write_json(lines)
}

/// Writes the CSV line of a disposal.
///
/// # Errors
/// `Invalid` when a row's upload is not of this revision.
pub(crate) fn write_csv(
    day: &DayDisposal,
    names: Names<'_>,
    lines: &mut Lines,
) -> Result<(), PortError> {
    let acquired = day.acquired.map(|day| day.to_string());
    line_of(day).write_csv(&acquired.unwrap_or_default(), lines)?;
    place(day, names, lines)?;
    lines.end()
}

/// Writes the issues of a disposal: of the whole day, over all accounts.
///
/// # Errors
/// As `write_csv`.
pub(crate) fn write_issues(
    day: &DayDisposal,
    names: Names<'_>,
    lines: &mut Lines,
) -> Result<(), PortError> {
    for issue in &day.issues {
        lines.text(&day.key.day.to_string())?;
        lines.text("")?;
        lines.text(&day.key.to_string())?;
        lines.text(issue.code.name())?;
        lines.optional(issue.asset.as_ref().map(domain::asset::Asset::as_str))?;
        lines.number(issue.quantity.as_ref())?;
        lines.text(&issue.detail)?;
        place(day, names, lines)?;
        lines.end()?;
    }
    Ok(())
}

fn line_of(day: &DayDisposal) -> Line<'_> {
    let acquired = day.acquired.map(|acquired| DayKey {
        day: acquired,
        asset: day.key.asset.clone(),
    });
    let from = acquired.map(|key| key.to_string());
    Line {
        id: day.key.to_string(),
        asset: day.key.asset.as_str(),
        date: day.key.day.to_string(),
        kind: day.rule.name(),
        qty: &day.quantity,
        proceeds: day.proceeds.as_ref(),
        cost_basis: &day.cost_basis,
        gain: day.gain.as_ref(),
        gain_long: day.gain.as_ref().map(|_| &NO_GAIN),
        lots: vec![(from, &day.quantity, &day.cost_basis, "S")],
    }
}

fn place(day: &DayDisposal, names: Names<'_>, lines: &mut Lines) -> Result<(), PortError> {
    match day.rows.first() {
        Some(name) => names.place(name.row, lines),
        None => {
            lines.text("")?;
            lines.text("")
        }
    }
}
