//! A file goes up in parts: several at once, each again when it fails, and after an interruption only
//! those that the storage does not hold.

use std::io::SeekFrom;
use std::path::Path;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use reqwest::Method;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::answers::{PartsAnswer, SignedPart, SignedParts};
use super::upload::{PIECE_BYTES, open, unreadable};
use super::{Client, ClientError, send};

/// Parts on their way at once: enough to fill a line whose answers are slow to come.
const PARALLEL: usize = 4;
/// How often a part is sent before fresh URLs are asked for.
const ATTEMPTS: u32 = 3;
/// Rounds in a row that may bring no part.
const FRUITLESS: u32 = 3;

/// A file whose parts are sent.
struct Source<'a> {
    path: &'a Path,
    size: u64,
    part_size: u64,
}

impl Client {
    /// What the storage holds of a job's file, and fresh URLs for parts that are missing.
    ///
    /// # Errors
    /// What the API says.
    pub async fn parts(&self, job: &str) -> Result<PartsAnswer, ClientError> {
        let what = "asking for the parts of an upload";
        let path = format!("/v1/jobs/{job}/parts");
        let answer = self.send(what, || self.request(Method::GET, &path)).await?;
        send::json(what, answer).await
    }

    /// Says that every part was sent. Saying it twice is harmless.
    ///
    /// # Errors
    /// What the API says: `parts_missing` when one was not.
    pub async fn complete(&self, job: &str) -> Result<(), ClientError> {
        let what = "completing an upload";
        let path = format!("/v1/jobs/{job}/complete");
        let answer = self
            .send(what, || self.request(Method::POST, &path))
            .await?;
        send::good(what, answer).await.map(drop)
    }

    /// Sends what is missing of a file, round by round, and completes it.
    ///
    /// # Errors
    /// `File`, `Away`, `Halted`, `Changed`; what the API or the storage says.
    pub(super) async fn put_parts(
        &self,
        path: &Path,
        size: u64,
        job: &str,
        first: &SignedParts,
    ) -> Result<(), ClientError> {
        let part_size = first.part_size;
        let source = Source {
            path,
            size,
            part_size,
        };
        let mut missing = first.parts.clone();
        let mut fruitless = 0;
        loop {
            let (sent, trouble) = self.put_round(&source, &missing).await;
            fruitless = if sent > 0 { 0 } else { fruitless + 1 };
            match trouble {
                Some(error @ (ClientError::File { .. } | ClientError::Changed { .. })) => {
                    return Err(error);
                }
                Some(error) if fruitless >= FRUITLESS => return Err(error),
                _ => {}
            }
            let answer = self.parts(job).await?;
            missing = answer.missing.parts;
            if answer.state == "received" || missing.is_empty() {
                return self.complete(job).await;
            }
        }
    }

    /// Sends parts, several at once; answers how many arrived, and the last trouble of the others.
    async fn put_round(
        &self,
        source: &Source<'_>,
        parts: &[SignedPart],
    ) -> (usize, Option<ClientError>) {
        let sending = parts.iter().map(|part| self.put_part(source, part));
        let mut results = stream::iter(sending).buffer_unordered(PARALLEL);
        let (mut sent, mut trouble) = (0, None);
        while let Some(result) = results.next().await {
            match result {
                Ok(()) => sent += 1,
                Err(error) => trouble = Some(error),
            }
        }
        (sent, trouble)
    }

    async fn put_part(&self, source: &Source<'_>, part: &SignedPart) -> Result<(), ClientError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pieces = bytes_of(source, part).await?;
            match self.put_body(&part.put, part.size, pieces).await {
                Err(error) if error.is_of_line() && attempt < ATTEMPTS => {
                    crate::ambient::pause(send::backoff(attempt)).await;
                }
                end => return end,
            }
        }
    }
}

/// The bytes of a part, in pieces, from a file that still has the length it had.
async fn bytes_of(
    source: &Source<'_>,
    part: &SignedPart,
) -> Result<impl Stream<Item = std::io::Result<Bytes>> + use<>, ClientError> {
    let trouble = |error| unreadable(source.path, error);
    let mut file = open(source.path).await?;
    let found = file.metadata().await.map_err(trouble)?.len();
    if found != source.size {
        return Err(ClientError::Changed {
            path: source.path.to_owned(),
            announced: source.size,
            found,
        });
    }
    let before = u64::from(part.number.saturating_sub(1));
    let start = before.saturating_mul(source.part_size);
    file.seek(SeekFrom::Start(start)).await.map_err(trouble)?;
    Ok(pieces(file, part.size))
}

fn pieces(file: File, size: u64) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold((file, size), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let mut piece = vec![0; most];
        let read = file.read(&mut piece).await?;
        if read == 0 {
            return Err(std::io::Error::other("the file is shorter than announced"));
        }
        piece.truncate(read);
        Ok(Some((Bytes::from(piece), (file, left - read as u64))))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::client::SignedPut;

    fn part(number: u32, size: u64) -> SignedPart {
        let put = SignedPut {
            url: String::new(),
            headers: std::collections::BTreeMap::new(),
        };
        SignedPart { number, size, put }
    }

    #[tokio::test]
    async fn a_part_is_read_from_its_place_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * PIECE_BYTES + 7).collect();
        std::fs::write(&path, &bytes).unwrap();
        let source = Source {
            path: &path,
            size: bytes.len() as u64,
            part_size: 2 * PIECE_BYTES as u64,
        };
        let mut read = Vec::new();
        for part in [part(1, source.part_size), part(2, PIECE_BYTES as u64 + 7)] {
            let pieces: Vec<_> = bytes_of(&source, &part).await.unwrap().collect().await;
            read.extend(pieces.into_iter().flat_map(Result::unwrap));
        }
        assert!(read == bytes);
    }

    #[tokio::test]
    async fn a_file_of_another_length_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "12345").unwrap();
        let source = Source {
            path: &path,
            size: 4,
            part_size: 4,
        };
        let refused = bytes_of(&source, &part(1, 4)).await.err().unwrap();
        assert!(
            matches!(refused, ClientError::Changed { found: 5, .. }),
            "{refused}"
        );
    }
}
