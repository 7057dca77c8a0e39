//! The one pass over a file: every byte is hashed, scanned and cut, and none is kept.

use domain::plan::{Chunk, Dialect};
use domain::settings::ParseOptions;
use sha2::{Digest, Sha256};

use crate::chunker::{ChunkSize, Chunker};
use crate::detect::{Head, Layout};
use crate::fault::FileFault;
use crate::scanner::{RecordSpan, Scanner};

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
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
    scanner: Scanner,
    cutter: Cutter<'a>,
}

impl<'a> Pass<'a> {
    /// A pass at the start of a file.
    #[must_use]
    pub fn new(dialect: Dialect, options: &'a ParseOptions, chunk_rows: Option<u32>) -> Self {
        Self {
            hasher: Sha256::new(),
            size: 0,
            scanner: Scanner::new(dialect.delimiter),
            cutter: Cutter {
                dialect,
                options,
                chunk_rows,
                phase: Phase::Looking(Head::default()),
            },
        }
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// The file cannot be split; the pass is over.
    pub fn feed(&mut self, block: &[u8]) -> Result<(), FileFault> {
        self.hasher.update(block);
        self.size += block.len() as u64;
        if let Phase::Looking(head) = &mut self.cutter.phase {
            head.keep(block);
        }
        self.scanner
            .feed(block, &mut |record| self.cutter.add(record))
    }

    /// The file has ended.
    ///
    /// # Errors
    /// The file cannot be split.
    pub fn finish(mut self) -> Result<Scanned, FileFault> {
        self.scanner.finish(&mut |record| self.cutter.add(record))?;
        let (format, header, chunker) = self.cutter.finish()?;
        Ok(Scanned {
            format,
            header,
            chunks: chunker.finish(self.size),
            size: self.size,
            sha256: hex::encode(self.hasher.finalize()),
        })
    }
}

/// Takes records: first to find the header, then to cut chunks.
struct Cutter<'a> {
    dialect: Dialect,
    options: &'a ParseOptions,
    chunk_rows: Option<u32>,
    phase: Phase,
}

enum Phase {
    Looking(Head),
    Cutting {
        format: &'static str,
        header: Vec<String>,
        chunker: Chunker,
    },
}

impl Cutter<'_> {
    fn add(&mut self, record: RecordSpan) -> Result<(), FileFault> {
        match &mut self.phase {
            Phase::Looking(head) => {
                if head.add(record) {
                    self.decide()?;
                }
                Ok(())
            }
            Phase::Cutting { chunker, .. } => chunker.add(record),
        }
    }

    fn decide(&mut self) -> Result<(), FileFault> {
        if let Phase::Looking(head) = &mut self.phase {
            let layout = std::mem::take(head).decide(self.dialect, self.options)?;
            let Layout {
                format,
                header,
                data,
            } = layout;
            let mut chunker = Chunker::new(ChunkSize::of(header.len(), self.chunk_rows));
            for record in data {
                chunker.add(record)?;
            }
            self.phase = Phase::Cutting {
                format,
                header,
                chunker,
            };
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(&'static str, Vec<String>, Chunker), FileFault> {
        self.decide()?;
        match self.phase {
            Phase::Cutting {
                format,
                header,
                chunker,
            } => Ok((format, header, chunker)),
            Phase::Looking(_) => Err(FileFault::Empty),
        }
    }
}
