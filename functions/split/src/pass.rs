//! The one pass over a file: every byte is hashed, scanned and cut, and none is kept.

use domain::dialect::Dialect;
use domain::plan::{Chunk, Groups};
use domain::settings::ParseOptions;
use sha2::{Digest, Sha256};

use crate::chunker::{Bond, ChunkSize, Chunker};
use crate::detect::{Head, Layout};
use crate::fault::FileFault;
use crate::groups::Grouper;
use crate::scanner::{RecordSpan, Scanner};

/// Bytes the start of a file is looked at by at once: what lies behind its first records is not kept.
const LOOK_BYTES: usize = 4 * 1024;

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// How it is written.
    pub dialect: Dialect,
    /// The format's name.
    pub format: &'static str,
    /// The header's cells.
    pub header: Vec<String>,
    /// The chunks of its data records.
    pub chunks: Vec<Chunk>,
    /// Groups of records that are not read where they stand.
    pub groups: Groups,
    /// Its bytes.
    pub size: u64,
    /// Hex SHA-256 of them.
    pub sha256: String,
}

/// The pass. Feed it the file in blocks of any size.
pub struct Pass<'a> {
    hasher: Sha256,
    size: u64,
    options: &'a ParseOptions,
    chunk_rows: Option<u32>,
    phase: Phase,
}

/// First the header is looked for, then chunks are cut.
enum Phase {
    Looking(Head),
    Cutting(Box<Cutting>),
}

/// The chunks of a file whose layout is known.
struct Cutting {
    dialect: Dialect,
    format: &'static str,
    header: Vec<String>,
    scanner: Scanner,
    cutter: Cutter,
}

/// Takes records and cuts chunks.
struct Cutter {
    chunker: Chunker,
    /// Of a grouped format, with the bytes of the records it is to see.
    grouping: Option<(Grouper, Window)>,
}

/// The bytes of the file from the first that is still needed.
struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Pass<'a> {
    /// A pass at the start of a file.
    #[must_use]
    pub fn new(options: &'a ParseOptions, chunk_rows: Option<u32>) -> Self {
        Self {
            hasher: Sha256::new(),
            size: 0,
            options,
            chunk_rows,
            phase: Phase::Looking(Head::default()),
        }
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// The file cannot be split; the pass is over.
    pub fn feed(&mut self, block: &[u8]) -> Result<(), FileFault> {
        self.hasher.update(block);
        self.size += block.len() as u64;
        let mut rest = block;
        while let Phase::Looking(head) = &mut self.phase
            && !rest.is_empty()
        {
            let (look, behind) = rest.split_at(rest.len().min(LOOK_BYTES));
            rest = behind;
            if let Some(layout) = head.feed(look, self.options)? {
                self.phase = Phase::Cutting(Cutting::new(layout, self.chunk_rows)?);
            }
        }
        match &mut self.phase {
            Phase::Looking(_) => Ok(()),
            Phase::Cutting(cutting) => cutting.feed(rest),
        }
    }

    /// The file has ended.
    ///
    /// # Errors
    /// The file cannot be split.
    pub fn finish(self) -> Result<Scanned, FileFault> {
        let cutting = match self.phase {
            Phase::Looking(head) => Cutting::new(head.finish(self.options)?, self.chunk_rows)?,
            Phase::Cutting(mut cutting) => {
                cutting.finish()?;
                cutting
            }
        };
        Ok(Scanned {
            dialect: cutting.dialect,
            format: cutting.format,
            header: cutting.header,
            chunks: cutting.cutter.chunker.finish(self.size),
            groups: (cutting.cutter.grouping)
                .map(|(grouper, _)| grouper.finish())
                .unwrap_or_default(),
            size: self.size,
            sha256: hex::encode(self.hasher.finalize()),
        })
    }
}

impl Cutting {
    /// Begins with the records that were read to find the layout.
    fn new(layout: Layout, chunk_rows: Option<u32>) -> Result<Box<Self>, FileFault> {
        let grouped = layout.reader.groups().is_some();
        let window = Window {
            start: 0,
            bytes: layout.bytes,
        };
        let mut cutter = Cutter {
            chunker: Chunker::new(ChunkSize::of(layout.header.len(), chunk_rows)),
            grouping: grouped.then(|| (Grouper::new(layout.reader, layout.dialect), window)),
        };
        for record in layout.data {
            cutter.add(record)?;
        }
        Ok(Box::new(Self {
            dialect: layout.dialect,
            format: layout.format,
            header: layout.header,
            scanner: layout.scanner,
            cutter,
        }))
    }

    fn feed(&mut self, block: &[u8]) -> Result<(), FileFault> {
        if let Some((_, window)) = &mut self.cutter.grouping {
            window.forget(self.scanner.open_from());
            window.bytes.extend_from_slice(block);
        }
        self.scanner
            .feed(block, &mut |record| self.cutter.add(record))
    }

    fn finish(&mut self) -> Result<(), FileFault> {
        self.scanner.finish(&mut |record| self.cutter.add(record))
    }
}

impl Cutter {
    fn add(&mut self, record: RecordSpan) -> Result<(), FileFault> {
        let bond = match &mut self.grouping {
            Some((grouper, window)) => grouper.bond(record, window.of(record)),
            None => Bond::None,
        };
        self.chunker.add_to(record, bond)
    }
}

impl Window {
    /// The bytes of a record in it.
    fn of(&self, record: RecordSpan) -> &[u8] {
        let from = record.offset.checked_sub(self.start).map(usize::try_from);
        match (from, usize::try_from(record.length)) {
            (Some(Ok(from)), Ok(length)) => self.bytes.get(from..from + length).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Forgets the bytes before an offset of the file.
    fn forget(&mut self, before: u64) {
        let gone = usize::try_from(before.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let gone = gone.min(self.bytes.len());
        self.bytes.drain(..gone);
        self.start += gone as u64;
    }
}
