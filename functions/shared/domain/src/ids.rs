//! The names of things. Each is parsed once, at the border, and then carried as its own type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::{MAX_ACCOUNT_BYTES, MAX_LEDGER_ID_BYTES, MAX_TENANT_ID_BYTES};
use crate::text::data_is_text;

/// A name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct InvalidName {
    /// Which name.
    pub what: &'static str,
    /// What it must look like.
    pub rule: &'static str,
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        data_is_text!($name);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_name! {
    /// Whose data it is: the `sub` of the verified token, `local` on a laptop.
    TenantId
}

impl FromStr for TenantId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let fits = !text.is_empty()
            && text.len() <= MAX_TENANT_ID_BYTES
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.|@:".contains(&b));
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "tenant",
                rule: "must be 1 to 128 of A-Z a-z 0-9 - _ . | @ :",
            })
        }
    }
}

impl TenantId {
    /// The tenant as a path segment of an object key: hex of the text, so that no tenant's name can
    /// contain a separator or another tenant's prefix (I8).
    #[must_use]
    pub fn key_segment(&self) -> String {
        hex::encode(self.0.as_bytes())
    }
}

text_name! {
    /// A tenant's set of transactions over many uploads.
    LedgerId
}

impl FromStr for LedgerId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let fits = !text.is_empty()
            && text.len() <= MAX_LEDGER_ID_BYTES
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "ledger",
                rule: "must be 1 to 64 of a-z 0-9 - _",
            })
        }
    }
}

text_name! {
    /// Where an asset is held: an exchange account or a wallet, named by the user.
    Account
}

impl FromStr for Account {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.len() <= MAX_ACCOUNT_BYTES
            && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                what: "account",
                rule: "must be 1 to 128 bytes of printable text",
            })
        }
    }
}

/// One piece of requested work on a ledger: an upload, an undo, a change of settings or prices.
///
/// A version 7 UUID, so ids sort by creation: the id is also the *upload sequence number* of the
/// total order, and needs no counter that every upload of a ledger would contend for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// The id of a job created at `now_ms` (Unix milliseconds) with ten random bytes.
    #[must_use]
    pub fn new(now_ms: u64, random: &[u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(now_ms, random).into_uuid())
    }

    /// The id of sixteen bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes, big-endian: they sort as the ids do.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

impl FromStr for JobId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidName {
            what: "job id",
            rule: "must be a UUID",
        })
    }
}

/// One recomputation of a ledger. Numbered per ledger from 1, never reused; a published turn's
/// number is the revision's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(pub u64);

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The attempt at a job: 1 at first, raised by every explicit retry (I2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The attempt every job starts with.
    pub const FIRST: Self = Self(1);

    /// The attempt after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A ledger of a tenant: the scope of every turn, revision and row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LedgerRef {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which of theirs.
    pub ledger: LedgerId,
}

/// The stages of the pipeline that work in batches, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The file is cut into chunks.
    Split,
    /// Chunks become rows.
    Ingest,
    /// Prices are fetched and pinned.
    Price,
    /// Duplicates and transfers are decided.
    Reconcile,
    /// Lots, gains, income and balances are computed and published.
    Metrics,
}

impl Stage {
    /// Every stage, in the order a file passes them.
    pub const ALL: [Self; 5] = [
        Self::Split,
        Self::Ingest,
        Self::Price,
        Self::Reconcile,
        Self::Metrics,
    ];

    /// The stage's name in the API, in keys and in logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Ingest => "ingest",
            Self::Price => "price",
            Self::Reconcile => "reconcile",
            Self::Metrics => "metrics",
        }
    }
}
