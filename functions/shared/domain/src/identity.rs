//! What a row is known by to its user, and from one upload to the next: its time, and a hash of
//! account and ID; without an ID of its content, with its number among the equal rows of its file.
//! Duplicates are told by the same things (`duplicates`), so a file that is taken out and uploaded
//! again, cut into other files or chunks, or overlapped by another export brings the same identities.
//!
//! Written `HASH.TIME` or `HASH.TIME.NUMBER`: 32 hexadecimal digits, microseconds since 1970, and the
//! number where it is not 0. To whoever reads it, it is opaque. Frozen: users keep it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::order::Placed;
use crate::time::Instant;

/// The identity of a row. Identities sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowIdentity {
    /// When it happened.
    pub at: Instant,
    /// Hash of account and ID, else the content's fingerprint.
    pub hash: [u8; 16],
    /// How many equal rows stand before it in its file; 0 for a row with an ID.
    pub occurrence: u32,
}

/// The text is no identity of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the identity of a row; copy it from the transactions")]
pub struct InvalidIdentity;

/// What a row without an ID is known by, besides its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unnamed {
    /// The content's fingerprint.
    pub fingerprint: [u8; 16],
    /// How many equal rows stand before it in its file.
    pub occurrence: u32,
}

impl Placed {
    /// What the row is known by when it has no ID.
    #[must_use]
    pub fn unnamed(&self) -> Option<Unnamed> {
        let row = &self.row.row;
        row.id.is_none().then(|| Unnamed {
            fingerprint: self.fingerprint.unwrap_or_else(|| row.fingerprint()),
            occurrence: self.occurrence,
        })
    }

    /// The row's identity.
    #[must_use]
    pub fn identity(&self) -> RowIdentity {
        let row = &self.row.row;
        RowIdentity::of(row.at, row.identity_hash(), self.unnamed())
    }
}

impl RowIdentity {
    /// The identity of a row with the hash of its account and ID, or with what it is known by
    /// without one.
    pub(crate) fn of(at: Instant, named: Option<[u8; 16]>, unnamed: Option<Unnamed>) -> Self {
        let Unnamed {
            fingerprint,
            occurrence,
        } = unnamed.unwrap_or(Unnamed {
            fingerprint: [0; 16],
            occurrence: 0,
        });
        Self {
            at,
            hash: named.unwrap_or(fingerprint),
            occurrence,
        }
    }
}

impl fmt::Display for RowIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", hex::encode(self.hash), self.at.0)?;
        match self.occurrence {
            0 => Ok(()),
            number => write!(f, ".{number}"),
        }
    }
}

impl FromStr for RowIdentity {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        let mut parts = text.splitn(3, '.');
        let mut hash = [0; 16];
        hex::decode_to_slice(parts.next().unwrap_or_default(), &mut hash)
            .map_err(|_| InvalidIdentity)?;
        let at = parts.next().and_then(|at| at.parse().ok());
        let occurrence = parts.next().map_or(Some(0), |number| number.parse().ok());
        let (Some(at), Some(occurrence)) = (at, occurrence) else {
            return Err(InvalidIdentity);
        };
        let identity = Self {
            at: Instant(at),
            hash,
            occurrence,
        };
        // Signs, zeros in front and capital letters would be second names of the same row.
        (identity.to_string() == text)
            .then_some(identity)
            .ok_or(InvalidIdentity)
    }
}

impl TryFrom<String> for RowIdentity {
    type Error = InvalidIdentity;

    fn try_from(text: String) -> Result<Self, InvalidIdentity> {
        text.parse()
    }
}

impl From<RowIdentity> for String {
    fn from(identity: RowIdentity) -> Self {
        identity.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;
    use crate::ids::JobId;
    use crate::order::{LedgerRow, place_rows};
    use crate::rows::{Kind, Leg, Row};

    fn row(file: u8, line: u64, id: Option<&str>) -> LedgerRow {
        LedgerRow {
            job: JobId::new(u64::from(file), &[0; 10]),
            row: Row {
                at: Instant(-7),
                line,
                chunk: 0,
                kind: Kind::Reward,
                account: "a".parse().unwrap(),
                id: id.map(Into::into),
                sent: None,
                received: Some(Leg {
                    amount: 1.into(),
                    asset: "BTC".parse().unwrap(),
                }),
                fee: None,
                net_worth: None,
                fee_worth: None,
                records: 1,
                tx_hash: None,
                description: None,
            },
        }
    }

    fn identities(rows: &[LedgerRow]) -> Vec<String> {
        let placed = place_rows(rows.to_vec());
        placed
            .iter()
            .map(|row| row.identity().to_string())
            .collect()
    }

    #[test]
    fn an_identity_does_not_know_file_and_line_nor_who_stands_beside_it() {
        let alone = identities(&[row(1, 2, None)]);
        let fills = identities(&[row(1, 2, None), row(1, 3, None)]);
        assert_eq!(fills, [alone[0].clone(), format!("{}.1", alone[0])]);
        assert_eq!(identities(&[row(2, 9, None), row(2, 30, None)]), fills);
        let named = identities(&[row(1, 2, Some("x"))]);
        assert_ne!(named, alone);
        let again = identities(&[row(1, 2, Some("x")), row(2, 7, Some("x"))]);
        assert_eq!(again, [named[0].clone(), named[0].clone()]);
    }

    #[test]
    fn an_identity_is_text_that_a_spreadsheet_leaves_alone() {
        let identity = RowIdentity {
            at: Instant(1_600_000_000_000_000),
            hash: [0xab; 16],
            occurrence: 12,
        };
        let text = "abababababababababababababababab.1600000000000000.12";
        assert_eq!(identity.to_string(), text);
        assert_eq!(serde_json::to_value(identity).unwrap(), text);
    }

    proptest! {
        #[test]
        fn an_identity_reads_back(at: i64, hash: [u8; 16], occurrence: u32) {
            let identity = RowIdentity { at: Instant(at), hash, occurrence };
            prop_assert_eq!(identity.to_string().parse(), Ok(identity));
        }

        #[test]
        fn a_row_has_one_name_only(text in "[0-9a-fA-F]{30,33}\\.[+-]?0?[0-9]{0,20}(\\.[+]?[0-9]{0,11})?") {
            if let Ok(identity) = text.parse::<RowIdentity>() {
                prop_assert_eq!(identity.to_string(), text);
            }
        }
    }
}
