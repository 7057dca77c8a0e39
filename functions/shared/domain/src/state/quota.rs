//! What a tenant uses of what it may: uploads in flight, and uploads begun on a day.
//!
//! An upload in flight holds a slot, a document of its own: taking it is an insert, which conflicts
//! only with who takes the same one, and giving it back is a delete that needs no reading. The count of
//! a day is cut into shards, so that uploads that begin at the same time seldom meet in one document.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{JobId, TenantId};
use crate::time::{Day, Instant};

const SECOND_US: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// A slot that an upload in flight holds. It goes with the job's waiting, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSlot {
    /// Whose.
    pub tenant: TenantId,
    /// Its number, below the limit.
    pub slot: u32,
    /// Who holds it.
    pub job: JobId,
    /// Since when.
    pub taken_at: Instant,
}

impl UploadSlot {
    /// What the sort keys of a tenant's slots begin with.
    pub const PREFIX: &'static str = "slot#";

    /// Where a slot stands.
    #[must_use]
    pub fn key_of(tenant: &TenantId, slot: u32) -> Key {
        Key::new(partition(tenant), format!("{}{slot:010}", Self::PREFIX))
    }
}

impl Document for UploadSlot {
    const KIND: &'static str = "upload_slot";

    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.slot)
    }

    /// No upload waits for two days.
    fn expires_at(&self) -> Option<i64> {
        Some(self.taken_at.0 / SECOND_US + 2 * DAY_SECONDS)
    }
}

/// A shard of the count of the uploads that a tenant began on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadDay {
    /// Whose.
    pub tenant: TenantId,
    /// The day, of UTC.
    pub day: Day,
    /// Which shard.
    pub shard: u32,
    /// Uploads counted in it.
    pub uploads: u32,
}

impl UploadDay {
    /// Seconds from an instant to the next day.
    #[must_use]
    pub fn seconds_left(now: Instant) -> i64 {
        DAY_SECONDS - now.0.div_euclid(SECOND_US).rem_euclid(DAY_SECONDS)
    }

    /// What the sort keys of a day's shards begin with.
    #[must_use]
    pub fn prefix_of(day: Day) -> String {
        format!("day#{:010}#", day.0)
    }

    /// Where a shard stands.
    #[must_use]
    pub fn key_of(tenant: &TenantId, day: Day, shard: u32) -> Key {
        let sort = format!("{}{shard:04}", Self::prefix_of(day));
        Key::new(partition(tenant), sort)
    }
}

impl Document for UploadDay {
    const KIND: &'static str = "upload_day";

    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.day, self.shard)
    }

    fn expires_at(&self) -> Option<i64> {
        Some(self.day.start().0 / SECOND_US + 2 * DAY_SECONDS)
    }
}

/// Where all that a tenant uses is counted.
#[must_use]
pub fn partition(tenant: &TenantId) -> String {
    format!("quota#{tenant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight() {
        let midnight = Day(20_000).start();
        assert_eq!(UploadDay::seconds_left(midnight), DAY_SECONDS);
        assert_eq!(UploadDay::seconds_left(midnight.plus_us(-1)), 1);
    }
}
