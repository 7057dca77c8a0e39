//! A cursor leads to a place it was given out for, in its own ledger and list, or nowhere (I7, I8).

use domain::ids::{LedgerRef, TurnId};
use ledger::cursor::{Binding, Position};

use crate::engine::{fuzz, outcome};

fn owner(tenant: &str, ledger: &str) -> LedgerRef {
    LedgerRef {
        tenant: tenant.parse().unwrap(),
        ledger: ledger.parse().unwrap(),
    }
}

/// The places that were given out.
fn given() -> [(TurnId, Position); 3] {
    let position = |segment, seq| Position {
        segment,
        days: seq % 2 == 1,
        seq,
    };
    [
        (TurnId(1), position(0, 100)),
        (TurnId(u64::MAX), position(u32::MAX, u32::MAX)),
        (TurnId(7), position(3, 0)),
    ]
}

#[test]
fn no_text_leads_to_a_place_that_was_not_given_out() {
    let (ours, theirs) = (owner("a", "main"), owner("b", "main"));
    let binding = |owner, list, arguments| Binding {
        owner,
        list,
        arguments,
    };
    let own = binding(&ours, "transactions", "asset=BTC");
    let others = [
        binding(&theirs, "transactions", "asset=BTC"),
        binding(&ours, "issues", "asset=BTC"),
        binding(&ours, "transactions", "asset=ETH"),
    ];
    let issued =
        |binding: &Binding<'_>| given().map(|(turn, at)| binding.encode(turn, at).into_bytes());
    let mut seeds = issued(&own).to_vec();
    seeds.extend(others.iter().flat_map(issued));
    fuzz("cursor", seeds, |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return 0;
        };
        let found = own.decode(text);
        if let Some(place) = found {
            assert!(given().contains(&place), "{place:?}");
            assert!(others.iter().all(|other| other.decode(text).is_none()));
        }
        outcome((found.map(|(turn, _)| turn), text.len().min(64)))
    });
}
