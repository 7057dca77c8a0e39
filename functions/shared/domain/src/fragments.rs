//! Records that wait for others of their group: one S3 object per (job, generation, chunk), written by
//! `ingest` for every chunk of a file whose groups stand apart, and read once, by the join.

use serde::{Deserialize, Serialize};

/// The first byte of encoded fragments: raised when the shape changes.
const FORMAT: u8 = 1;

/// Stored fragments cannot be read, or some cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FragmentsError {
    /// Written by a build that knows another shape.
    #[error("the fragments have format {0:?}; this build understands {FORMAT}")]
    UnknownFormat(Option<u8>),
    /// Damaged: the bytes end early, go on, or make no sense.
    #[error("the fragments are damaged: {0}")]
    Damaged(#[from] postcard::Error),
    /// More bytes than the fragments have.
    #[error("the fragments are damaged: {0} bytes follow them")]
    Trailing(usize),
}

/// One record, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its bytes, line end left out.
    pub bytes: Vec<u8>,
}

/// The fragments as they are stored: a format byte, then postcard.
///
/// # Errors
/// `Damaged` when they have no such form, which no fragments are known to do.
pub fn encode(fragments: &[Fragment]) -> Result<Vec<u8>, FragmentsError> {
    Ok(postcard::to_extend(fragments, vec![FORMAT])?)
}

/// The fragments that `bytes` are.
///
/// # Errors
/// `UnknownFormat`, `Damaged`, `Trailing`.
pub fn decode(bytes: &[u8]) -> Result<Vec<Fragment>, FragmentsError> {
    let Some((&FORMAT, body)) = bytes.split_first() else {
        return Err(FragmentsError::UnknownFormat(bytes.first().copied()));
    };
    match postcard::take_from_bytes(body)? {
        (fragments, []) => Ok(fragments),
        (_, rest) => Err(FragmentsError::Trailing(rest.len())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn fragments() -> impl Strategy<Value = Vec<Fragment>> {
        let one = (
            any::<u64>(),
            any::<u64>(),
            prop::collection::vec(any::<u8>(), 0..9),
        );
        prop::collection::vec(one, 0..5).prop_map(|all| {
            let fragments = all.into_iter();
            fragments
                .map(|(line, offset, bytes)| Fragment {
                    line,
                    offset,
                    bytes,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn fragments_come_back_as_they_were_stored(all in fragments()) {
            prop_assert_eq!(decode(&encode(&all).unwrap()).unwrap(), all);
        }

        #[test]
        fn cut_or_longer_ones_are_damaged(all in fragments(), cut in 1_usize..9) {
            let mut bytes = encode(&all).unwrap();
            bytes.push(0);
            prop_assert!(matches!(decode(&bytes), Err(FragmentsError::Trailing(1))));
            bytes.truncate(bytes.len().saturating_sub(1 + cut));
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(all) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&all).unwrap()).unwrap(), all);
            }
        }
    }

    #[test]
    fn another_format_is_named() {
        assert_eq!(
            decode(&[7]).unwrap_err().to_string(),
            "the fragments have format Some(7); this build understands 1"
        );
    }
}
