//! Settings of the function.

use domain::limits::{MAX_INSTANT_ROWS, SEGMENT_ROWS};

/// Bounds of the segment plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Rows a segment has at most (`MILLRACE_SEGMENT_ROWS`); an instant is never divided.
    pub segment_rows: u32,
    /// Rows an instant has at most.
    pub instant_rows: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            segment_rows: SEGMENT_ROWS,
            instant_rows: MAX_INSTANT_ROWS,
        }
    }
}
