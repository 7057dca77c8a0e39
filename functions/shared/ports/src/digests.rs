//! Reading the digests of uploads: `price` and `reconcile` plan from them, nobody plans from rows.

use domain::digest::ChunkDigest;
use domain::ids::{Generation, JobId, LedgerRef};
use domain::keys;
use domain::revision::UploadEntry;
use futures::stream::{self, Stream, StreamExt};

use crate::objects::read_whole;
use crate::{Objects, PortError};

/// Digests that are read at the same time.
const READS_IN_FLIGHT: usize = 8;

/// A chunk whose rows count: its upload, its number, and the attempt that completed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRef {
    /// The upload.
    pub job: JobId,
    /// The chunk's number.
    pub chunk: u32,
    /// The attempt.
    pub generation: Generation,
}

/// The chunks of an upload, in their order.
pub fn chunks_of(upload: &UploadEntry) -> impl Iterator<Item = ChunkRef> + '_ {
    let numbered = (0..).zip(&upload.chunks);
    numbered.map(|(chunk, generation)| ChunkRef {
        job: upload.job,
        chunk,
        generation: *generation,
    })
}

/// The digest of each chunk, in the order given. A few are read ahead; no more are held.
pub fn of_chunks<'a>(
    objects: &'a dyn Objects,
    owner: &'a LedgerRef,
    chunks: Vec<ChunkRef>,
) -> impl Stream<Item = Result<(ChunkRef, ChunkDigest), PortError>> + Unpin + use<'a> {
    let reads = stream::iter(chunks).map(move |chunk| async move {
        let ChunkRef {
            job,
            chunk: number,
            generation,
        } = chunk;
        let key = keys::digest(owner, job, generation, number);
        let bytes = read_whole(objects, &key).await?;
        let digest = ChunkDigest::decode(&bytes)
            .map_err(|error| PortError::invalid("digests.read", format!("{key}: {error}")))?;
        Ok((chunk, digest))
    });
    Box::pin(reads.buffered(READS_IN_FLIGHT))
}
