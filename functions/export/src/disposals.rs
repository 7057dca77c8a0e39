//! `disposals.csv` and `disposals.jsonl`: a line per disposal.

use domain::money::Decimal;
use domain::read_rows::{Disposal, LotPart, TransactionRow};
use ports::PortError;
use serde::Serialize;

use crate::cells::Lines;
use crate::names::Names;

/// The columns of the CSV. `..._reported` are rounded half-even to 0.01 disposal by disposal: a
/// form's total is their sum. The exact numbers stand beside them.
pub(crate) const COLUMNS: [&str; 17] = [
    "id",
    "asset",
    "date",
    "kind",
    "qty",
    "proceeds",
    "cost_basis",
    "gain",
    "gain_long",
    "proceeds_reported",
    "cost_basis_reported",
    "gain_reported",
    "gain_long_reported",
    "acquired",
    "lots",
    "file",
    "line",
];

/// A lot's name, quantity, cost, and whether it was held short or long. The name is absent where a
/// pool, or nothing, stands behind the quantity.
pub(crate) type LotLine<'a> = (Option<String>, &'a Decimal, &'a Decimal, &'static str);

/// A line of the JSON file. Numbers are decimal strings; what is unpriced is left out.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) id: String,
    pub(crate) asset: &'a str,
    pub(crate) date: String,
    pub(crate) kind: &'static str,
    pub(crate) qty: &'a Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proceeds: Option<&'a Decimal>,
    pub(crate) cost_basis: &'a Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gain: Option<&'a Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gain_long: Option<&'a Decimal>,
    pub(crate) lots: Vec<LotLine<'a>>,
}

/// Writes the JSON lines of a row.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn write_json(
    row: &TransactionRow,
    names: Names<'_>,
    lines: &mut Vec<u8>,
) -> Result<(), PortError> {
    for disposal in &row.disposals {
        line_of(row, disposal, names)?.write_json(lines)?;
    }
    Ok(())
}

/// Writes the CSV lines of a row.
///
/// # Errors
/// `Invalid` when a name cannot be resolved.
pub(crate) fn write_csv(
    row: &TransactionRow,
    names: Names<'_>,
    lines: &mut Lines,
) -> Result<(), PortError> {
    for disposal in &row.disposals {
        line_of(row, disposal, names)?.write_csv(&acquired(disposal), lines)?;
        names.place(row.name.row, lines)?;
        lines.end()?;
    }
    Ok(())
}

fn line_of<'a>(
    row: &TransactionRow,
    disposal: &'a Disposal,
    names: Names<'_>,
) -> Result<Line<'a>, PortError> {
    Ok(Line {
        id: names.name(&row.name)?,
        asset: disposal.asset.as_str(),
        date: disposal.date.to_string(),
        kind: disposal.kind.name(),
        qty: &disposal.quantity,
        proceeds: disposal.proceeds.as_ref(),
        cost_basis: &disposal.cost_basis,
        gain: disposal.gain.as_ref(),
        gain_long: disposal.gain_long.as_ref(),
        lots: lot_lines(&disposal.lots, names)?,
    })
}

impl Line<'_> {
    /// Writes the line.
    ///
    /// # Errors
    /// `Bug`: memory does not refuse bytes.
    pub(crate) fn write_json(&self, lines: &mut Vec<u8>) -> Result<(), PortError> {
        serde_json::to_writer(&mut *lines, self)
            .map_err(|error| PortError::bug("export.disposals", error))?;
        lines.push(b'\n');
        Ok(())
    }

    /// Writes the cells up to the place, which stands last; `acquired` are the days its lots are of.
    ///
    /// # Errors
    /// As `write_json`.
    pub(crate) fn write_csv(&self, acquired: &str, lines: &mut Lines) -> Result<(), PortError> {
        lines.text(&self.id)?;
        lines.text(self.asset)?;
        lines.text(&self.date)?;
        lines.text(self.kind)?;
        lines.number(Some(self.qty))?;
        let sums = [
            self.proceeds,
            Some(self.cost_basis),
            self.gain,
            self.gain_long,
        ];
        for sum in sums {
            lines.number(sum)?;
        }
        for sum in sums {
            lines.money(sum)?;
        }
        lines.text(acquired)?;
        let lots = serde_json::to_string(&self.lots)
            .map_err(|error| PortError::bug("export.disposals", error))?;
        lines.text(&lots)
    }
}

fn lot_lines<'a>(lots: &'a [LotPart], names: Names<'_>) -> Result<Vec<LotLine<'a>>, PortError> {
    let mut parts = Vec::with_capacity(lots.len());
    for lot in lots {
        let name = lot
            .source
            .as_ref()
            .map(|source| names.name(source))
            .transpose()?;
        parts.push((
            name,
            &lot.quantity,
            &lot.cost,
            if lot.long { "L" } else { "S" },
        ));
    }
    Ok(parts)
}

/// The distinct UTC days its lots were acquired on, oldest first.
fn acquired(disposal: &Disposal) -> String {
    let mut days: Vec<_> = disposal
        .lots
        .iter()
        .filter_map(|lot| lot.acquired)
        .map(|at| at.utc_day())
        .collect();
    days.sort_unstable();
    days.dedup();
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    days.join(";")
}
