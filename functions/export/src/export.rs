//! The step `export`: one file of one revision, page by page.

use bytes::Bytes;
use domain::exports::ExportFile;
use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use domain::limits::MAX_PAGE_ROWS;
use domain::read_rows::{BalanceRow, TransactionRow};
use domain::revision::{Revision, SegmentEntry};
use domain::section_104::DayDisposal;
use ports::objects::read_json;
use ports::tables::{Disposals, Summaries, Transactions};
use ports::{ObjectWriter, Objects, PortError, StateStore, orders};

use crate::cells::Lines;
use crate::names::Names;
use crate::{days, disposals, issues, totals, transactions, transfers};

/// Which file of which revision.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The revision.
    pub(crate) turn: TurnId,
    /// The file's name as it was ordered.
    pub(crate) name: &'a str,
}

/// The tables a file is made of.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'a> {
    /// The rows readers see.
    pub(crate) transactions: &'a dyn Transactions,
    /// What section 104 decided.
    pub(crate) disposals: &'a dyn Disposals,
    /// Totals, holdings and balances.
    pub(crate) summaries: &'a dyn Summaries,
}

/// Writes a file that waits to be written, then marks its order ready. Doing it twice writes the
/// same bytes twice at most.
///
/// # Errors
/// What a port says; the order still waits then. `Invalid` when a segment has not the rows its
/// manifest says.
pub(crate) async fn export(
    state: &dyn StateStore,
    objects: &dyn Objects,
    reads: Reads<'_>,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = keys::export(work.owner, work.turn, work.name);
    if !orders::is_waiting(state, work.owner, &key).await? {
        return Ok(());
    }
    let Ok(file) = work.name.parse::<ExportFile>() else {
        return orders::end(state, work.owner, &key, Some("there is no such file")).await;
    };
    let revision: Revision = read_json(objects, &keys::revision(work.owner, work.turn)).await?;
    let mut object = objects.create(&key).await?;
    match file {
        ExportFile::Holdings => {
            let rows = reads.summaries.holdings(work.owner, work.turn).await?;
            object.write(totals::holdings(&rows)?).await?;
        }
        ExportFile::Summary => {
            let rows = reads.summaries.totals(work.owner, work.turn).await?;
            let balances = balances(reads.summaries, work).await?;
            let file = totals::summary(&revision, &rows, &balances)?;
            object.write(file).await?;
        }
        ExportFile::Transactions
        | ExportFile::DisposalsCsv
        | ExportFile::DisposalsJsonl
        | ExportFile::Transfers
        | ExportFile::Issues => {
            let mut pages = Pages::new(file, &revision)?;
            pages
                .write(reads, work.owner, &revision, object.as_mut())
                .await?;
        }
    }
    object.finish().await?;
    tracing::info!(turn = work.turn.0, file = work.name, "wrote a file");
    orders::end(state, work.owner, &key, None).await
}

/// All balances of a revision.
async fn balances(table: &dyn Summaries, work: Work<'_>) -> Result<Vec<BalanceRow>, PortError> {
    let mut balances = Vec::new();
    let mut next = Some(0);
    while let Some(from) = next {
        let read = table.balances(work.owner, work.turn, from, MAX_PAGE_ROWS);
        let page = read.await?;
        next = page.last().map(|(n, _)| n.saturating_add(1));
        balances.extend(page.into_iter().map(|(_, row)| row));
    }
    Ok(balances)
}

/// A file that has lines for rows.
struct Pages<'a> {
    file: ExportFile,
    names: Names<'a>,
    csv: Lines,
    json: Vec<u8>,
}

impl<'a> Pages<'a> {
    fn new(file: ExportFile, revision: &'a Revision) -> Result<Self, PortError> {
        let mut csv = Lines::new(b',');
        match file {
            ExportFile::Transactions => csv.header(&transactions::COLUMNS)?,
            ExportFile::DisposalsCsv => csv.header(&disposals::COLUMNS)?,
            ExportFile::Transfers => csv.header(&transfers::COLUMNS)?,
            ExportFile::Issues => csv.header(&issues::COLUMNS)?,
            ExportFile::DisposalsJsonl | ExportFile::Holdings | ExportFile::Summary => {}
        }
        Ok(Self {
            file,
            names: Names(&revision.snapshot),
            csv,
            json: Vec::new(),
        })
    }

    async fn write(
        &mut self,
        reads: Reads<'_>,
        owner: &LedgerRef,
        revision: &Revision,
        object: &mut dyn ObjectWriter,
    ) -> Result<(), PortError> {
        for entry in revision.entries() {
            if has_lines(self.file, entry) {
                self.rows(reads.transactions, owner, entry, object).await?;
            }
            if has_days(self.file) {
                self.days(reads.disposals, owner, entry, object).await?;
            }
        }
        object.write(self.take()?).await
    }

    /// Writes the lines of a segment's transactions.
    async fn rows(
        &mut self,
        table: &dyn Transactions,
        owner: &LedgerRef,
        entry: &SegmentEntry,
        object: &mut dyn ObjectWriter,
    ) -> Result<(), PortError> {
        let (turn, index) = (entry.segment.turn, entry.segment.index);
        let mut next = 0;
        while next < entry.segment.rows {
            let page = table.page(owner, turn, index, next, MAX_PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            next = last.saturating_add(1);
            for (_, row) in &page {
                self.row(row)?;
            }
            object.write(self.take()?).await?;
        }
        whole("rows", index, next, entry.segment.rows)
    }

    /// Writes the lines of what section 104 decided in a segment.
    async fn days(
        &mut self,
        table: &dyn Disposals,
        owner: &LedgerRef,
        entry: &SegmentEntry,
        object: &mut dyn ObjectWriter,
    ) -> Result<(), PortError> {
        let (turn, index) = (entry.segment.turn, entry.segment.index);
        let mut next = 0;
        while next < entry.facts.days.rows {
            let page = table.page(owner, turn, index, next, MAX_PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            next = last.saturating_add(1);
            for (_, day) in &page {
                self.day(day)?;
            }
            object.write(self.take()?).await?;
        }
        whole("disposals", index, next, entry.facts.days.rows)
    }

    fn row(&mut self, row: &TransactionRow) -> Result<(), PortError> {
        match self.file {
            ExportFile::Transactions => transactions::write(row, self.names, &mut self.csv),
            ExportFile::DisposalsCsv => disposals::write_csv(row, self.names, &mut self.csv),
            ExportFile::DisposalsJsonl => disposals::write_json(row, self.names, &mut self.json),
            ExportFile::Transfers => transfers::write(row, self.names, &mut self.csv),
            ExportFile::Issues => issues::write(row, self.names, &mut self.csv),
            ExportFile::Holdings | ExportFile::Summary => Ok(()),
        }
    }

    fn day(&mut self, day: &DayDisposal) -> Result<(), PortError> {
        match self.file {
            ExportFile::DisposalsCsv => days::write_csv(day, self.names, &mut self.csv),
            ExportFile::DisposalsJsonl => days::write_json(day, &mut self.json),
            ExportFile::Issues => days::write_issues(day, self.names, &mut self.csv),
            ExportFile::Transactions
            | ExportFile::Transfers
            | ExportFile::Holdings
            | ExportFile::Summary => Ok(()),
        }
    }

    fn take(&mut self) -> Result<Bytes, PortError> {
        if self.file == ExportFile::DisposalsJsonl {
            return Ok(std::mem::take(&mut self.json).into());
        }
        self.csv.take()
    }
}

/// Whether a segment can have lines in a file, as far as its directory tells.
fn has_lines(file: ExportFile, entry: &SegmentEntry) -> bool {
    file != ExportFile::Issues || !entry.facts.issues.is_empty()
}

/// Whether a file has lines for what section 104 decided.
fn has_days(file: ExportFile) -> bool {
    matches!(
        file,
        ExportFile::DisposalsCsv | ExportFile::DisposalsJsonl | ExportFile::Issues
    )
}

/// A segment has as many rows as its manifest says, or the file is not written.
fn whole(what: &str, segment: u32, found: u32, expected: u32) -> Result<(), PortError> {
    if found == expected {
        return Ok(());
    }
    let text = format!("segment {segment} has {found} of {expected} {what}");
    Err(PortError::invalid("export.rows", text))
}
