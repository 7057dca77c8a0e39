//! The names of rows in a file: the user's ID where there is one, else file and line.

use domain::read_rows::RowName;
use domain::revision::Snapshot;
use domain::rows::RowRef;
use ports::PortError;

use crate::cells::Lines;

/// Names the rows of a revision.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a>(pub(crate) &'a Snapshot);

impl Names<'_> {
    /// A row's name.
    ///
    /// # Errors
    /// `Invalid` when the row's upload is not of this revision.
    pub(crate) fn name(&self, name: &RowName) -> Result<String, PortError> {
        self.0.name_of(name).ok_or_else(|| stranger(name.row))
    }

    /// The two cells that stand last in every line of a row: where it comes from (I12).
    ///
    /// # Errors
    /// As `name`.
    pub(crate) fn place(&self, row: RowRef, lines: &mut Lines) -> Result<(), PortError> {
        lines.text(self.0.filename(row.job).ok_or_else(|| stranger(row))?)?;
        lines.text(&row.line.to_string())
    }
}

fn stranger(row: RowRef) -> PortError {
    PortError::invalid(
        "export.names",
        format!("upload {} is not of this revision", row.job),
    )
}
