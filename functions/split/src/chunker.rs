//! Groups records into chunks: contiguous byte ranges of whole records.

use domain::limits::{
    CHUNK_BYTES, CHUNK_ROWS, MAX_CHUNK_BYTES, MAX_FILE_ROWS, MIN_CHUNK_ROWS, WIDE_ROW_COLUMNS,
};
use domain::plan::Chunk;

use crate::fault::FileFault;
use crate::scanner::RecordSpan;

/// How large chunks get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSize {
    /// Records of a chunk, at most.
    rows: u32,
    /// Bytes after which a chunk ends, once it has `bytes_from` records.
    bytes: u64,
    /// Records below which `bytes` ends no chunk.
    bytes_from: u32,
}

impl ChunkSize {
    /// The size for a file of so many columns: wide rows come in smaller chunks, because they cost
    /// time per cell. `chunk_rows` overrides both the byte and the column rule.
    #[must_use]
    pub fn of(columns: usize, chunk_rows: Option<u32>) -> Self {
        if let Some(rows) = chunk_rows {
            return Self {
                rows: rows.max(1),
                bytes: u64::MAX,
                bytes_from: u32::MAX,
            };
        }
        let narrowed = (CHUNK_ROWS as usize * WIDE_ROW_COLUMNS) / columns.max(WIDE_ROW_COLUMNS);
        let rows = u32::try_from(narrowed)
            .unwrap_or(CHUNK_ROWS)
            .max(MIN_CHUNK_ROWS);
        Self {
            rows,
            bytes: CHUNK_BYTES,
            bytes_from: MIN_CHUNK_ROWS,
        }
    }
}

/// How a record is bound to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// It stands alone.
    None,
    /// It is the first of a group.
    Begins,
    /// It belongs to the group of the record before it.
    Continues,
}

/// Builds the chunks of a file from its data records in file order.
#[derive(Debug)]
pub struct Chunker {
    size: ChunkSize,
    chunks: Vec<Chunk>,
    open: Option<Chunk>,
    /// Where the group that the last record belongs to begins, as the chunk it would open, and how
    /// many records of the open chunk stand before it.
    group: Option<(Chunk, u32)>,
    records: u64,
}

impl Chunker {
    /// A chunker that has seen no record.
    #[must_use]
    pub fn new(size: ChunkSize) -> Self {
        Self {
            size,
            chunks: Vec::new(),
            open: None,
            group: None,
            records: 0,
        }
    }

    /// Adds the next record, which stands alone.
    ///
    /// # Errors
    /// `TooManyRows`.
    pub fn add(&mut self, record: RecordSpan) -> Result<(), FileFault> {
        self.add_to(record, Bond::None)
    }

    /// Adds the next record. One that continues a group comes into the chunk of the records before it;
    /// when that would outgrow a worker, the group opens the next chunk.
    ///
    /// # Errors
    /// `TooManyRows`.
    pub fn add_to(&mut self, record: RecordSpan, bond: Bond) -> Result<(), FileFault> {
        self.records += 1;
        if self.records > MAX_FILE_ROWS {
            return Err(FileFault::TooManyRows { line: record.line });
        }
        let end = record.offset + record.length;
        if bond == Bond::Continues && self.open.is_some() {
            self.keep_together(end);
        } else if self
            .open
            .as_ref()
            .is_some_and(|open| self.is_full(open, record.offset, end))
        {
            self.close(record.offset);
        }
        let opened = Chunk {
            offset: record.offset,
            length: 0,
            first_line: record.line,
            records: 0,
        };
        if bond != Bond::Continues {
            let before = self.open.as_ref().map_or(0, |open| open.records);
            self.group = (bond == Bond::Begins).then(|| (opened.clone(), before));
        }
        self.open.get_or_insert(opened).records += 1;
        Ok(())
    }

    /// Makes room for a record of the open group that ends at `end`.
    fn keep_together(&mut self, end: u64) {
        let outgrown = self
            .open
            .as_ref()
            .is_some_and(|open| end - open.offset > MAX_CHUNK_BYTES);
        let Some((mut begin, before)) = self.group.take_if(|(_, before)| outgrown && *before > 0)
        else {
            return;
        };
        if let Some(open) = &mut self.open {
            begin.records = open.records - before;
            open.records = before;
        }
        self.close(begin.offset);
        self.group = Some((begin.clone(), 0));
        self.open = Some(begin);
    }

    /// Whether a chunk ends before the record at `next..next_end`.
    fn is_full(&self, open: &Chunk, next: u64, next_end: u64) -> bool {
        open.records >= self.size.rows
            || (open.records >= self.size.bytes_from && next - open.offset >= self.size.bytes)
            || next_end - open.offset > MAX_CHUNK_BYTES
    }

    fn close(&mut self, end: u64) {
        if let Some(mut chunk) = self.open.take() {
            chunk.length = (end - chunk.offset).min(MAX_CHUNK_BYTES);
            self.chunks.push(chunk);
        }
    }

    /// The chunks of a file of `size` bytes. A chunk reaches to where the next one begins, the last
    /// one to the end of the file; only megabytes of blank lines are left out, for a worker's memory.
    #[must_use]
    pub fn finish(mut self, size: u64) -> Vec<Chunk> {
        self.close(size);
        self.chunks
    }
}

#[cfg(test)]
mod tests;
