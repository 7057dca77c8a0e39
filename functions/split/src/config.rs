//! The settings of `split`.

/// The settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Config {
    /// Records of a chunk; when absent, rows, bytes and columns decide (`domain::limits`).
    pub chunk_rows: Option<u32>,
}
