//! Where a page ended, as an opaque text: bound to tenant, ledger, arguments and revision (I7, I8).
//!
//! The digest is no secret: it tells a cursor that was altered, or of another request, from ours.
//! A forged one leads nowhere a request could not go, because the keys it is used under are built
//! from the request's own tenant and ledger, and its revision must be one that was published.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{LedgerRef, TurnId};
use serde::{Deserialize, Serialize};

/// Bytes of a cursor at most.
const MAX_BYTES: usize = 512;

/// A place between two rows of a revision: of a segment's transactions, or behind them of its
/// disposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The segment's place in the revision.
    pub segment: u32,
    /// Whether among what section 104 decided in it.
    pub days: bool,
    /// The number of the next row there.
    pub seq: u32,
}

impl Position {
    /// Before the first row.
    pub const START: Self = Self {
        segment: 0,
        days: false,
        seq: 0,
    };
}

/// What a cursor belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The ledger.
    pub owner: &'a LedgerRef,
    /// Which list.
    pub list: &'a str,
    /// The filter, as canonical text.
    pub arguments: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    r: u64,
    s: u32,
    t: bool,
    q: u32,
    d: String,
}

impl Binding<'_> {
    /// The cursor of a place.
    pub fn encode(&self, revision: TurnId, at: Position) -> String {
        let wire = Wire {
            r: revision.0,
            s: at.segment,
            t: at.days,
            q: at.seq,
            d: self.digest(revision, at),
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&wire).unwrap_or_default())
    }

    /// The place of a cursor; `None` when it is not one of this list with these arguments.
    pub fn decode(&self, cursor: &str) -> Option<(TurnId, Position)> {
        if cursor.len() > MAX_BYTES {
            return None;
        }
        let wire: Wire = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (revision, at) = (
            TurnId(wire.r),
            Position {
                segment: wire.s,
                days: wire.t,
                seq: wire.q,
            },
        );
        (self.digest(revision, at) == wire.d).then_some((revision, at))
    }

    fn digest(&self, revision: TurnId, at: Position) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [
            self.owner.tenant.as_str(),
            self.owner.ledger.as_str(),
            self.list,
            self.arguments,
        ] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&revision.0.to_be_bytes());
        hasher.update(&at.segment.to_be_bytes());
        hasher.update(&[u8::from(at.days)]);
        hasher.update(&at.seq.to_be_bytes());
        hex::encode(&hasher.finalize().as_bytes()[..12])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn owner(tenant: &str) -> LedgerRef {
        LedgerRef {
            tenant: tenant.parse().unwrap(),
            ledger: "main".parse().unwrap(),
        }
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(revision: u64, segment: u32, days: bool, seq: u32) {
            let owner = owner("a");
            let binding = Binding { owner: &owner, list: "transactions", arguments: "x" };
            let at = Position { segment, days, seq };
            prop_assert_eq!(binding.decode(&binding.encode(TurnId(revision), at)), Some((TurnId(revision), at)));
        }

        #[test]
        fn any_other_text_is_no_cursor(text in "[A-Za-z0-9_-]{0,80}") {
            let owner = owner("a");
            let binding = Binding { owner: &owner, list: "transactions", arguments: "x" };
            prop_assert_eq!(binding.decode(&text), None);
        }
    }

    #[test]
    fn a_cursor_of_another_tenant_list_or_filter_is_none_here() {
        let (ours, theirs) = (owner("a"), owner("b"));
        let binding = Binding {
            owner: &ours,
            list: "transactions",
            arguments: "x",
        };
        let cursor = binding.encode(
            TurnId(3),
            Position {
                segment: 1,
                days: false,
                seq: 2,
            },
        );
        for other in [
            Binding {
                owner: &theirs,
                ..binding
            },
            Binding {
                list: "issues",
                ..binding
            },
            Binding {
                arguments: "y",
                ..binding
            },
        ] {
            assert_eq!(other.decode(&cursor), None);
        }
    }

    #[test]
    fn an_altered_place_is_found_out() {
        let owner = owner("a");
        let binding = Binding {
            owner: &owner,
            list: "transactions",
            arguments: "x",
        };
        let cursor = binding.encode(
            TurnId(3),
            Position {
                segment: 1,
                days: false,
                seq: 2,
            },
        );
        let json = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
        let altered = json.replace("\"q\":2", "\"q\":3");
        assert_ne!(json, altered);
        assert_eq!(binding.decode(&URL_SAFE_NO_PAD.encode(altered)), None);
    }
}
