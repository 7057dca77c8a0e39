//! The step `export`: one file of one revision, page by page.

use bytes::Bytes;
use domain::exports::ExportFile;
use domain::ids::{LedgerRef, TurnId};
use domain::keys;
use domain::limits::MAX_PAGE_ROWS;
use domain::read_rows::TransactionRow;
use domain::revision::{Revision, SegmentEntry};
use ports::objects::read_json;
use ports::tables::{Summaries, Transactions};
use ports::{ObjectWriter, Objects, PortError, StateStore, orders};

use crate::cells::Lines;
use crate::names::Names;
use crate::{disposals, issues, totals, transactions, transfers};

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

/// Writes a file that waits to be written, then marks its order ready. Doing it twice writes the
/// same bytes twice at most.
///
/// # Errors
/// What a port says; the order still waits then. `Invalid` when a segment has not the rows its
/// manifest says.
pub(crate) async fn export(
    state: &dyn StateStore,
    objects: &dyn Objects,
    table: &dyn Transactions,
    summaries: &dyn Summaries,
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
            let rows = summaries.holdings(work.owner, work.turn).await?;
            object.write(totals::holdings(&rows)?).await?;
        }
        ExportFile::Summary => {
            let rows = summaries.totals(work.owner, work.turn).await?;
            object.write(totals::summary(&revision, &rows)?).await?;
        }
        ExportFile::Transactions
        | ExportFile::DisposalsCsv
        | ExportFile::DisposalsJsonl
        | ExportFile::Transfers
        | ExportFile::Issues => {
            let mut pages = Pages::new(file, &revision)?;
            pages
                .write(table, work.owner, &revision, object.as_mut())
                .await?;
        }
    }
    object.finish().await?;
    tracing::info!(turn = work.turn.0, file = work.name, "wrote a file");
    orders::end(state, work.owner, &key, None).await
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
        table: &dyn Transactions,
        owner: &LedgerRef,
        revision: &Revision,
        object: &mut dyn ObjectWriter,
    ) -> Result<(), PortError> {
        let file = self.file;
        for entry in revision
            .segments
            .iter()
            .filter(|entry| has_lines(file, entry))
        {
            let mut next = 0;
            while next < entry.segment.rows {
                let page = table
                    .page(
                        owner,
                        entry.segment.turn,
                        entry.segment.index,
                        next,
                        MAX_PAGE_ROWS,
                    )
                    .await?;
                let Some((last, _)) = page.last() else { break };
                next = last.saturating_add(1);
                for (_, row) in &page {
                    self.row(row)?;
                }
                object.write(self.take()?).await?;
            }
            if next != entry.segment.rows {
                let (segment, rows) = (entry.segment.index, entry.segment.rows);
                return Err(PortError::invalid(
                    "export.rows",
                    format!("segment {segment} has {next} of {rows} rows"),
                ));
            }
        }
        object.write(self.take()?).await
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
