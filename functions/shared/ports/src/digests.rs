//! Reading the digests of an upload: `price` and `reconcile` plan from them, nobody plans from rows.

use domain::digest::ChunkDigest;
use domain::ids::LedgerRef;
use domain::keys;
use domain::revision::UploadEntry;
use futures::stream::{self, Stream, StreamExt};

use crate::objects::read_whole;
use crate::{Objects, PortError};

/// Digests that are read at the same time.
const READS_IN_FLIGHT: usize = 8;

/// Each chunk's digest, in order of the chunks, of the attempt that completed the chunk.
pub fn of_upload<'a>(
    objects: &'a dyn Objects,
    owner: &'a LedgerRef,
    upload: &UploadEntry,
) -> impl Stream<Item = Result<(u32, ChunkDigest), PortError>> + Unpin + use<'a> {
    let job = upload.job;
    let chunks: Vec<_> = (0..).zip(upload.chunks.iter().copied()).collect();
    let reads = stream::iter(chunks).map(move |(chunk, generation)| async move {
        let key = keys::digest(owner, job, generation, chunk);
        let bytes = read_whole(objects, &key).await?;
        let digest = ChunkDigest::decode(&bytes)
            .map_err(|error| PortError::invalid("digests.read", format!("{key}: {error}")))?;
        Ok((chunk, digest))
    });
    Box::pin(reads.buffered(READS_IN_FLIGHT))
}
