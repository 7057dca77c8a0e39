//! The files a revision can be had as. The names are part of the API and of `--out`: frozen.

use std::fmt;
use std::str::FromStr;

/// A file of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExportFile {
    /// Every row with everything the pipeline says of it.
    Transactions,
    /// Every disposal, for a spreadsheet.
    DisposalsCsv,
    /// Every disposal with the lots it took, for a program.
    DisposalsJsonl,
    /// The pairs of withdrawals and deposits that are one transfer.
    Transfers,
    /// What to look at.
    Issues,
    /// What is held at the end.
    Holdings,
    /// The totals.
    Summary,
}

/// No file has that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a file of a ledger; the files are transactions.csv, disposals.csv, disposals.jsonl, transfers.csv, issues.csv, holdings.csv, summary.json"
)]
pub struct UnknownExport;

impl ExportFile {
    /// Every file.
    pub const ALL: [Self; 7] = [
        Self::Transactions,
        Self::DisposalsCsv,
        Self::DisposalsJsonl,
        Self::Transfers,
        Self::Issues,
        Self::Holdings,
        Self::Summary,
    ];

    /// The file's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transactions => "transactions.csv",
            Self::DisposalsCsv => "disposals.csv",
            Self::DisposalsJsonl => "disposals.jsonl",
            Self::Transfers => "transfers.csv",
            Self::Issues => "issues.csv",
            Self::Holdings => "holdings.csv",
            Self::Summary => "summary.json",
        }
    }
}

impl FromStr for ExportFile {
    type Err = UnknownExport;
    fn from_str(name: &str) -> Result<Self, UnknownExport> {
        Self::ALL
            .into_iter()
            .find(|file| file.name() == name)
            .ok_or(UnknownExport)
    }
}

impl fmt::Display for ExportFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_by_its_name_and_the_message_lists_them_all() {
        for file in ExportFile::ALL {
            assert_eq!(file.name().parse(), Ok(file));
            assert!(UnknownExport.to_string().contains(file.name()));
        }
        assert_eq!("../x".parse::<ExportFile>(), Err(UnknownExport));
    }
}
