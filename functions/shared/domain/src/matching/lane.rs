//! Withdrawals that may still be taken, ordered as a deposit prefers them: by amount from the
//! smallest, then the latest first, then the earliest in the total order.
//!
//! A deposit takes the first one at or above its own amount that is on another account, unless the user
//! keeps the two apart. Many may be on its own (all rows of a ledger of one account), so the places where the account changes along
//! the order are kept too, and a run of one account is skipped in one step.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::{End, Place};
use crate::ids::Account;
use crate::money::Decimal;
use crate::time::Instant;

/// A withdrawal's place in the lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    amount: Decimal,
    latest: Reverse<Instant>,
    nth: u32,
}

impl Key {
    fn of(end: &End) -> Self {
        Self {
            amount: end.amount.clone(),
            latest: Reverse(end.place.at),
            nth: end.place.nth,
        }
    }
}

/// Withdrawals of one asset.
#[derive(Debug, Default)]
pub(super) struct Lane {
    entries: BTreeMap<Key, Account>,
    /// The entries whose account is not that of the entry before.
    changes: BTreeSet<Key>,
}

impl Lane {
    /// Adds a withdrawal.
    pub(super) fn insert(&mut self, end: &End) {
        let key = Key::of(end);
        self.entries.insert(key.clone(), end.account.clone());
        self.note_change(&key);
        self.note_change_after(&key);
    }

    /// Takes a withdrawal out.
    pub(super) fn remove(&mut self, end: &End) {
        let key = Key::of(end);
        self.entries.remove(&key);
        self.changes.remove(&key);
        self.note_change_after(&key);
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The withdrawals of at least this amount from other accounts, each with its amount, as a deposit
    /// prefers them; each takes one search.
    pub(super) fn others<'a>(
        &'a self,
        least: &Decimal,
        account: &'a Account,
    ) -> impl Iterator<Item = (Place, &'a Decimal)> {
        let from = Key {
            amount: least.clone(),
            latest: Reverse(Instant(i64::MAX)),
            nth: 0,
        };
        let first = self.other(Bound::Included(&from), account);
        let others = std::iter::successors(first, move |last| {
            self.other(Bound::Excluded(last), account)
        });
        others.map(|key| {
            let (at, nth) = (key.latest.0, key.nth);
            (Place { at, nth }, &key.amount)
        })
    }

    /// The first key from here on that is of another account.
    fn other(&self, from: Bound<&Key>, account: &Account) -> Option<&Key> {
        let (first, owner) = self
            .entries
            .range::<Key, _>((from, Bound::Unbounded))
            .next()?;
        if owner != account {
            return Some(first);
        }
        let after = (Bound::Excluded(first), Bound::Unbounded);
        self.changes.range::<Key, _>(after).next()
    }

    fn note_change(&mut self, key: &Key) {
        let before = self
            .entries
            .range(..key)
            .next_back()
            .map(|(_, account)| account);
        if before == self.entries.get(key) {
            self.changes.remove(key);
        } else {
            self.changes.insert(key.clone());
        }
    }

    fn note_change_after(&mut self, key: &Key) {
        let after = (Bound::Excluded(key), Bound::Unbounded);
        if let Some(next) = self
            .entries
            .range::<Key, _>(after)
            .next()
            .map(|(next, _)| next.clone())
        {
            self.note_change(&next);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::Side;
    use crate::matching::sample::end;

    proptest! {
        #[test]
        fn those_of_other_accounts_are_found_in_order_whatever_came_and_went(
            drawn in prop::collection::vec((0..3_usize, 0..3_i64, 1..4_u64, any::<bool>()), 1..24),
            least in 0..5_u64, asking in 0..3_usize,
        ) {
            let accounts = ["a", "b", "c"];
            let ends: Vec<(End, bool)> = (0..).zip(drawn).map(|(nth, (account, at, amount, stays))| {
                let mut end = end(Side::Withdrawal, accounts[account], at, &amount.to_string(), None);
                end.place.nth = nth;
                (end, stays)
            }).collect();
            let mut lane = Lane::default();
            ends.iter().for_each(|(end, _)| lane.insert(end));
            ends.iter().filter(|(_, stays)| !stays).for_each(|(end, _)| lane.remove(end));

            let asking = end(Side::Deposit, accounts[asking], 9, &least.to_string(), None);
            let others = ends.iter().filter(|(end, stays)| {
                *stays && end.account != asking.account && end.amount >= asking.amount
            });
            let mut others: Vec<&End> = others.map(|(end, _)| end).collect();
            others.sort_by_key(|end| (end.amount.clone(), Reverse(end.place.at), end.place.nth));
            let expected: Vec<_> = others.iter().map(|end| (end.place, &end.amount)).collect();
            let found: Vec<_> = lane.others(&asking.amount, &asking.account).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(lane.is_empty(), ends.iter().all(|(_, stays)| !stays));
        }
    }
}
