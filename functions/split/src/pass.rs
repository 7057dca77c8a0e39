//! The one pass over a file: every byte is hashed, scanned and cut, and none is kept.

use domain::dialect::Dialect;
use domain::plan::Chunk;
use domain::settings::ParseOptions;
use sha2::{Digest, Sha256};

use crate::chunker::{ChunkSize, Chunker};
use crate::detect::{Head, Layout};
use crate::fault::FileFault;
use crate::scanner::Scanner;

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
    chunker: Chunker,
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
            chunks: cutting.chunker.finish(self.size),
            size: self.size,
            sha256: hex::encode(self.hasher.finalize()),
        })
    }
}

impl Cutting {
    /// Begins with the records that were read to find the layout.
    fn new(layout: Layout, chunk_rows: Option<u32>) -> Result<Box<Self>, FileFault> {
        let mut chunker = Chunker::new(ChunkSize::of(layout.header.len(), chunk_rows));
        for record in layout.data {
            chunker.add(record)?;
        }
        Ok(Box::new(Self {
            dialect: layout.dialect,
            format: layout.format,
            header: layout.header,
            scanner: layout.scanner,
            chunker,
        }))
    }

    fn feed(&mut self, block: &[u8]) -> Result<(), FileFault> {
        self.scanner
            .feed(block, &mut |record| self.chunker.add(record))
    }

    fn finish(&mut self) -> Result<(), FileFault> {
        self.scanner.finish(&mut |record| self.chunker.add(record))
    }
}
