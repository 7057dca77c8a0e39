//! The names of rows in a file: the user's ID where there is one, else file and line.

use std::collections::HashMap;

use domain::ids::JobId;
use domain::read_rows::RowName;
use domain::revision::Snapshot;
use domain::rows::RowRef;
use ports::PortError;

use crate::cells::Lines;

/// The file names of a revision's uploads.
#[derive(Debug, Clone)]
pub(crate) struct FileNames(HashMap<JobId, String>);

impl FileNames {
    /// The names a snapshot has.
    #[must_use]
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self(snapshot.uploads.iter().map(|upload| (upload.job, upload.filename.clone())).collect())
    }

    /// The file a row came in.
    ///
    /// # Errors
    /// `Invalid` when the row's upload is not of this revision.
    pub(crate) fn file(&self, row: RowRef) -> Result<&str, PortError> {
        let name = self.0.get(&row.job).map(String::as_str);
        name.ok_or_else(|| PortError::invalid("export.names", format!("upload {} is not of this revision", row.job)))
    }

    /// A row's name.
    ///
    /// # Errors
    /// As `file`.
    pub(crate) fn name(&self, name: &RowName) -> Result<String, PortError> {
        match &name.id {
            Some(id) => Ok(id.to_string()),
            None => Ok(format!("{}:{}", self.file(name.row)?, name.row.line)),
        }
    }

    /// The two cells that stand last in every line of a row: where it comes from (I12).
    ///
    /// # Errors
    /// As `file`.
    pub(crate) fn place(&self, row: RowRef, lines: &mut Lines) -> Result<(), PortError> {
        lines.text(self.file(row)?)?;
        lines.text(&row.line.to_string())
    }
}
