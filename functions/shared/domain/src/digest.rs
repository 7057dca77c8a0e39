//! What one chunk contributes to planning: an S3 object per (job, generation, chunk), so that no
//! planner reads rows and no database item grows with a file.

use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::counts::RowCounts;
use crate::time::{Day, Instant, Month};

/// The first byte of an encoded digest: raised when the shape changes.
const FORMAT: u8 = 1;

/// A stored digest cannot be read, or one cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// Written by a build that knows another shape.
    #[error("the digest has format {0:?}; this build understands {FORMAT}")]
    UnknownFormat(Option<u8>),
    /// Damaged: the bytes end early, go on, or make no sense.
    #[error("the digest is damaged: {0}")]
    Damaged(#[from] postcard::Error),
    /// More bytes than the digest has.
    #[error("the digest is damaged: {0} bytes follow it")]
    Trailing(usize),
}

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

impl ChunkDigest {
    /// The digest as it is stored: a format byte, then postcard.
    ///
    /// # Errors
    /// `Damaged` when it has no such form, which no digest is known to do.
    pub fn encode(&self) -> Result<Vec<u8>, DigestError> {
        Ok(postcard::to_extend(self, vec![FORMAT])?)
    }

    /// The digest that `bytes` are.
    ///
    /// # Errors
    /// `UnknownFormat`, `Damaged`, `Trailing`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DigestError> {
        let Some((&FORMAT, body)) = bytes.split_first() else {
            return Err(DigestError::UnknownFormat(bytes.first().copied()));
        };
        match postcard::take_from_bytes(body)? {
            (digest, []) => Ok(digest),
            (_, rest) => Err(DigestError::Trailing(rest.len())),
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
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn digest() -> impl Strategy<Value = ChunkDigest> {
        let times = prop::collection::btree_map(-1_i64 << 50..1 << 50, any::<u32>(), 0..5);
        let needs = prop::collection::btree_set((any::<i32>(), 0_usize..3), 0..5);
        let hashes = prop::collection::vec((any::<[u8; 16]>(), any::<u64>()), 0..5);
        let counts = any::<[u32; 5]>();
        (counts, times, needs, hashes).prop_map(|(counts, times, needs, hashes)| {
            let [accepted, duplicate, rejected, ignored, failed] = counts.map(u64::from);
            ChunkDigest {
                counts: RowCounts {
                    accepted,
                    duplicate,
                    rejected,
                    ignored,
                    failed,
                },
                months: times
                    .keys()
                    .map(|&us| Instant(us).utc_day().month())
                    .collect(),
                times: times
                    .into_iter()
                    .map(|(us, rows)| (Instant(us), rows))
                    .collect(),
                needs: needs.into_iter().map(|(day, n)| need(day, n)).collect(),
                identities: hashes
                    .into_iter()
                    .map(|(hash, line)| identity(hash, line))
                    .collect(),
            }
        })
    }

    fn need(day: i32, sources: usize) -> PriceNeed {
        let codes = ["BTC", "EUR", "1INCH"].iter().take(sources);
        PriceNeed {
            day: Day(day),
            sources: codes.map(|code| code.parse().unwrap()).collect(),
        }
    }

    fn identity(hash: [u8; 16], line: u64) -> Identity {
        Identity {
            hash,
            at: Instant(-5),
            rank: 2,
            fingerprint: [7; 16],
            line,
        }
    }

    proptest! {
        #[test]
        fn a_digest_comes_back_as_it_was_stored(digest in digest()) {
            prop_assert_eq!(ChunkDigest::decode(&digest.encode().unwrap()).unwrap(), digest);
        }

        #[test]
        fn a_cut_or_longer_digest_is_damaged(digest in digest(), cut in 1_usize..20) {
            let mut bytes = digest.encode().unwrap();
            bytes.push(0);
            prop_assert!(matches!(ChunkDigest::decode(&bytes), Err(DigestError::Trailing(1))));
            bytes.truncate(bytes.len().saturating_sub(1 + cut));
            prop_assert!(ChunkDigest::decode(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(digest) = ChunkDigest::decode(&bytes) {
                prop_assert_eq!(ChunkDigest::decode(&digest.encode().unwrap()).unwrap(), digest);
            }
        }
    }

    #[test]
    fn another_format_is_named() {
        let error = ChunkDigest::decode(&[9, 1, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the digest has format Some(9); this build understands 1"
        );
    }
}
