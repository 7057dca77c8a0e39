//! What one chunk contributes to planning: an S3 object per (job, generation, chunk), so that no
//! planner reads rows and no database item grows with a file.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::counts::RowCounts;
use crate::time::{Day, Instant, Month};

/// One chunk's digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkDigest {
    /// The fate of its records.
    pub counts: RowCounts,
    /// Distinct times with their row counts, sorted.
    pub times: Vec<(Instant, u32)>,
    /// Months its rows lie in, sorted.
    pub months: Vec<Month>,
    /// Values its rows may need prices for, sorted, distinct.
    pub needs: Vec<PriceNeed>,
    /// Its rows with an ID, sorted by hash.
    pub identities: Vec<Identity>,
}

/// The first byte of a stored digest.
const FORMAT: u8 = 1;

/// A stored digest cannot be read: damaged, or of another build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The first byte is not one this build writes.
    #[error("digest format {0:?}; this build reads 1")]
    UnknownFormat(Option<u8>),
    /// The rest is not a digest.
    #[error("damaged digest: {0}")]
    Damaged(#[from] postcard::Error),
}

impl ChunkDigest {
    /// The stored form: a format byte, then postcard.
    ///
    /// # Errors
    /// `Damaged` when it cannot be written, which no digest of a chunk is.
    pub fn encode(&self) -> Result<Vec<u8>, DigestError> {
        Ok(postcard::to_extend(self, vec![FORMAT])?)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// `UnknownFormat`, `Damaged`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DigestError> {
        match bytes.split_first() {
            Some((&FORMAT, body)) => Ok(postcard::from_bytes(body)?),
            other => Err(DigestError::UnknownFormat(other.map(|(format, _)| *format))),
        }
    }
}

/// What a row's value could come from, before anyone knows the ledger's base currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PriceNeed {
    /// The day of UTC.
    pub day: Day,
    /// The sources of the value in the order of the value rule. A source in the base currency needs
    /// no price and makes those behind it unnecessary.
    pub sources: Vec<Asset>,
}

/// A row with an ID, as much of it as the search for repeated IDs needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Hash of account and ID.
    pub hash: [u8; 16],
    /// When it happened.
    pub at: Instant,
    /// Place among the rows of its instant: acquisitions, then exchanges, then disposals.
    pub rank: u8,
    /// Fingerprint of the row's content.
    pub fingerprint: [u8; 16],
    /// The line of its file.
    pub line: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_and_a_strange_one_is_refused() {
        let digest = ChunkDigest {
            times: vec![(Instant(5), 2), (Instant(9), 1)],
            months: vec![Month(24_000)],
            needs: vec![PriceNeed { day: Day(3), sources: vec![Asset::usd()] }],
            identities: vec![Identity {
                hash: [7; 16],
                at: Instant(5),
                rank: 1,
                fingerprint: [9; 16],
                line: 2,
            }],
            ..ChunkDigest::default()
        };
        let bytes = digest.encode().unwrap();
        assert_eq!(ChunkDigest::decode(&bytes), Ok(digest));
        assert_eq!(ChunkDigest::decode(&[]), Err(DigestError::UnknownFormat(None)));
        assert_eq!(ChunkDigest::decode(&[9, 9]), Err(DigestError::UnknownFormat(Some(9))));
        assert!(matches!(ChunkDigest::decode(&bytes[..9]), Err(DigestError::Damaged(_))));
    }
}
