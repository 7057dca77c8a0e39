//! The checks a pair of ends must pass to be one transfer, in the order in which the first failure
//! is reported: first what no bound can change, then time, amount, hash.
//!
//! | check | fails as |
//! |---|---|
//! | the user does not keep the two apart | `unlinked` |
//! | the accounts differ | `same_account` |
//! | the deposit is not before the withdrawal | `deposit_first` |
//! | the gap is at most `window_hours` | `too_far_apart` |
//! | no more arrived than was sent | `more_arrived` |
//! | at most `max_loss_percent` of what was sent is missing | `too_much_missing` |
//! | the hashes are equal, or one is missing | `hash_differs` |
//!
//! The asset is no check: only ends of one asset are ever compared.

use super::End;
use crate::money::Decimal;
use crate::read_rows::UnmatchedReason;
use crate::settings::MatchBounds;
use crate::time::HOUR_US;

/// Hours in microseconds.
pub(super) fn hours_us(hours: u32) -> i64 {
    i64::from(hours).saturating_mul(HOUR_US)
}

/// The first check the pair fails; absent when it passes all.
pub(super) fn first_failed(
    withdrawal: &End,
    deposit: &End,
    bounds: &MatchBounds,
) -> Option<UnmatchedReason> {
    let latest = withdrawal.place.at.plus_us(hours_us(bounds.window_hours));
    if kept_apart(withdrawal, deposit) {
        Some(UnmatchedReason::Unlinked)
    } else if withdrawal.account == deposit.account {
        Some(UnmatchedReason::SameAccount)
    } else if deposit.place.at < withdrawal.place.at {
        Some(UnmatchedReason::DepositFirst)
    } else if deposit.place.at > latest {
        Some(UnmatchedReason::TooFarApart)
    } else if deposit.amount > withdrawal.amount {
        Some(UnmatchedReason::MoreArrived)
    } else if !loss_fits(&withdrawal.amount, &deposit.amount, bounds.max_loss_percent) {
        Some(UnmatchedReason::TooMuchMissing)
    } else if !hashes_fit(withdrawal, deposit) {
        Some(UnmatchedReason::HashDiffers)
    } else {
        None
    }
}

/// Whether the user says that the two are no transfer. Both ends know it.
pub(super) fn kept_apart(one: &End, other: &End) -> bool {
    match (&one.apart, &other.apart) {
        (Some(one), Some(other)) => one.from.contains(&other.own),
        _ => false,
    }
}

/// Whether at most `percent` of what was sent is missing in what arrived, which is not more. Exact:
/// compared as (sent - arrived) x 100 <= sent x percent. Numbers too wide for that do not fit.
pub(super) fn loss_fits(sent: &Decimal, arrived: &Decimal, percent: u32) -> bool {
    let missing = sent
        .minus(arrived)
        .and_then(|missing| missing.times(&Decimal::from(100)));
    let allowed = sent.times(&Decimal::from(u64::from(percent)));
    matches!((missing, allowed), (Ok(missing), Ok(allowed)) if missing <= allowed)
}

fn hashes_fit(withdrawal: &End, deposit: &End) -> bool {
    match (&withdrawal.hash, &deposit.hash) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;
    use crate::matching::Side;
    use crate::matching::sample::end;
    use crate::time::Instant;

    /// The first check that fails between 10 BTC sent from `a` at 0 and this deposit.
    fn failed(account: &str, at: i64, amount: &str, hash: Option<&str>) -> Option<UnmatchedReason> {
        let withdrawal = end(Side::Withdrawal, "a", 0, "10", Some("h"));
        let deposit = end(Side::Deposit, account, at, amount, hash);
        first_failed(&withdrawal, &deposit, &MatchBounds::default())
    }

    #[test]
    fn every_bound_is_inclusive() {
        let window = 12 * HOUR_US;
        assert_eq!(failed("b", 0, "10", Some("h")), None);
        assert_eq!(failed("b", window, "8", None), None);
        assert_eq!(
            failed("b", window + 1, "8", None),
            Some(UnmatchedReason::TooFarApart)
        );
        assert_eq!(
            failed("b", -1, "8", None),
            Some(UnmatchedReason::DepositFirst)
        );
        assert_eq!(
            failed("b", 0, "7.999999999999999999", None),
            Some(UnmatchedReason::TooMuchMissing)
        );
        assert_eq!(
            failed("b", 0, "10.000000000000000001", None),
            Some(UnmatchedReason::MoreArrived)
        );
        assert_eq!(
            failed("b", 0, "10", Some("g")),
            Some(UnmatchedReason::HashDiffers)
        );
        assert_eq!(
            failed("a", -1, "99", Some("g")),
            Some(UnmatchedReason::SameAccount)
        );
    }

    #[test]
    fn the_widest_amounts_and_bounds_are_compared_exactly() {
        let most = "99999999999999999999999999999999999999";
        let nearly: Decimal = "79999999999999999999999999999999999999.2".parse().unwrap();
        let under: Decimal = "79999999999999999999999999999999999999.1".parse().unwrap();
        assert!(loss_fits(&most.parse().unwrap(), &nearly, 20));
        assert!(!loss_fits(&most.parse().unwrap(), &under, 20));
        assert!(loss_fits(&Decimal::ZERO, &Decimal::ZERO, 0));
        assert_eq!(Instant(i64::MAX), Instant(0).plus_us(hours_us(u32::MAX)));
    }
}
