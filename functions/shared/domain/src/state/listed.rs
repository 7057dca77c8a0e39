//! A tenant's jobs in a row, the newest first.

use serde::{Deserialize, Serialize};

use super::{Document, Key};
use crate::ids::{JobId, TenantId};

/// One entry of the list. Written in the transaction that creates its job, and never changed: what
/// became of the job stands in the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedJob {
    /// Whose it is.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
}

impl ListedJob {
    /// The partition a tenant's jobs are listed in.
    #[must_use]
    pub fn partition_of(tenant: &TenantId) -> String {
        format!("jobs#{tenant}")
    }

    /// The sort key of a job. Stores list upwards and ids grow with time, so a key is its id's
    /// complement: the newest comes first.
    #[must_use]
    pub fn sort_of(job: JobId) -> String {
        hex::encode(job.as_bytes().map(|byte| !byte))
    }
}

impl Document for ListedJob {
    const KIND: &'static str = "listed_job";

    fn key(&self) -> Key {
        Key::new(Self::partition_of(&self.tenant), Self::sort_of(self.job))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn later_jobs_come_first(one in 0u64..1 << 40, two in 0u64..1 << 40, random: [u8; 10]) {
            let of = |ms| JobId::new(ms, &random);
            let keys = ListedJob::sort_of(of(one)).cmp(&ListedJob::sort_of(of(two)));
            prop_assert_eq!(keys, two.cmp(&one));
        }
    }
}
