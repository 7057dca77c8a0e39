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
