//! Names and secrets from the machine's randomness, which nothing else of the project draws.

use std::sync::{Mutex, PoisonError};

use domain::ids::JobId;
use domain::job_ids::JobIdSequence;
use domain::time::Instant;
use ports::{Ids, PortError, Secrets};

/// Ids from the system's randomness.
#[derive(Debug, Default)]
pub struct SystemIds {
    last: Mutex<JobIdSequence>,
}

impl SystemIds {
    /// A source.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Ids for SystemIds {
    fn job_id(&self, now: Instant) -> JobId {
        let random = random_bits();
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .after(now, random)
    }
}

/// Secrets from the system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    #[allow(
        clippy::disallowed_methods,
        reason = "one of the two places that draw the machine's randomness"
    )]
    fn secret(&self) -> Result<[u8; 32], PortError> {
        let mut bytes = [0; 32];
        match getrandom::fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(PortError::retry("secrets.secret", error.to_string())),
        }
    }
}

/// A machine without randomness still gives ids in order; the time keeps them apart.
#[allow(
    clippy::disallowed_methods,
    reason = "one of the two places that draw the machine's randomness"
)]
fn random_bits() -> u128 {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u128::from_be_bytes(bytes),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn ids_of_one_instant_sort_in_the_order_they_were_made() {
        let ids = SystemIds::new();
        let made: Vec<JobId> = (0..1_000)
            .map(|_| ids.job_id(Instant(1_700_000_000_000_000)))
            .collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn two_sources_do_not_give_the_same_id() {
        let now = Instant(1_700_000_000_000_000);
        assert_ne!(SystemIds::new().job_id(now), SystemIds::new().job_id(now));
    }

    #[test]
    fn no_secret_is_given_twice() {
        let secrets: std::collections::BTreeSet<_> =
            (0..100).map(|_| SystemSecrets.secret().unwrap()).collect();
        assert_eq!(secrets.len(), 100);
        assert!(!secrets.contains(&[0; 32]));
    }
}
