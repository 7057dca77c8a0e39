//! The name of a block.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The first 128 bits of the BLAKE3 of a block's bytes: equal states have equal names (I11), and bytes
/// that are not those that were written are found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockName([u8; 16]);

impl BlockName {
    /// The name of a block of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut name = [0; 16];
        blake3::Hasher::new()
            .update(bytes)
            .finalize_xof()
            .fill(&mut name);
        Self(name)
    }
}

/// In hexadecimal digits.
impl fmt::Display for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
