//! The keys of S3 objects. Nothing else in the project builds or takes apart an object key, so the
//! tenant's segment can never be forgotten or forged (I8).

use crate::ids::{Generation, JobId, LedgerId, LedgerRef, TenantId, TurnId};

/// The file a client uploads. Made here, never by the client.
#[must_use]
pub fn upload(owner: &LedgerRef, job: JobId) -> String {
    format!("uploads/{}/{job}/file", scope(owner))
}

/// Whose upload an object key names; `None` for every other key.
#[must_use]
pub fn parse_upload(key: &str) -> Option<(LedgerRef, JobId)> {
    let mut parts = key.strip_prefix("uploads/")?.split('/');
    let tenant = String::from_utf8(hex::decode(parts.next()?).ok()?).ok()?;
    let tenant: TenantId = tenant.parse().ok()?;
    let ledger: LedgerId = parts.next()?.parse().ok()?;
    let job: JobId = parts.next()?.parse().ok()?;
    let owner = LedgerRef { tenant, ledger };
    (upload(&owner, job) == key).then_some((owner, job))
}

/// The chunk plan of an upload.
#[must_use]
pub fn chunk_plan(owner: &LedgerRef, job: JobId) -> String {
    format!("jobs/{}/{job}/plan.json", scope(owner))
}

/// The digest of one chunk of one attempt.
#[must_use]
pub fn digest(owner: &LedgerRef, job: JobId, generation: Generation, chunk: u32) -> String {
    format!("jobs/{}/{job}/digest/{generation}/{chunk}", scope(owner))
}

/// The records of one chunk of one attempt that wait for others of their group.
#[must_use]
pub fn fragments(owner: &LedgerRef, job: JobId, generation: Generation, chunk: u32) -> String {
    format!("jobs/{}/{job}/fragments/{generation}/{chunk}", scope(owner))
}

/// The rejected records of one attempt, as CSV.
#[must_use]
pub fn rejects(owner: &LedgerRef, job: JobId, generation: Generation) -> String {
    format!(
        "exports/{}/jobs/{job}/{generation}/rejects.csv",
        scope(owner)
    )
}

/// What a turn computes over.
#[must_use]
pub fn snapshot(owner: &LedgerRef, turn: TurnId) -> String {
    turn_object(owner, turn, "snapshot.json")
}

/// The overrides in force from a turn on that changed them.
#[must_use]
pub fn overrides(owner: &LedgerRef, turn: TurnId) -> String {
    turn_object(owner, turn, "overrides.json")
}

/// The changes of overrides that a job brings.
#[must_use]
pub fn override_changes(owner: &LedgerRef, job: JobId) -> String {
    format!("jobs/{}/{job}/overrides.json", scope(owner))
}

/// The price requests of a turn.
#[must_use]
pub fn price_plan(owner: &LedgerRef, turn: TurnId) -> String {
    turn_object(owner, turn, "prices.json")
}

/// The segment plan of a turn.
#[must_use]
pub fn segment_plan(owner: &LedgerRef, turn: TurnId) -> String {
    turn_object(owner, turn, "plan.json")
}

/// The state of `reconcile` before segment `index`, or at the end when there is no such segment.
#[must_use]
pub fn reconcile_checkpoint(owner: &LedgerRef, turn: TurnId, index: u32) -> String {
    turn_object(owner, turn, &format!("reconcile/{index}"))
}

/// The state of `metrics` before segment `index`, or at the end when there is no such segment.
#[must_use]
pub fn metrics_checkpoint(owner: &LedgerRef, turn: TurnId, index: u32) -> String {
    turn_object(owner, turn, &format!("metrics/{index}"))
}

/// The blocks of checkpoints that segment `index` wrote, one after another.
#[must_use]
pub fn pack(owner: &LedgerRef, turn: TurnId, index: u32) -> String {
    turn_object(owner, turn, &format!("packs/{index}"))
}

/// The directory of one segment.
#[must_use]
pub fn facts(owner: &LedgerRef, turn: TurnId, index: u32) -> String {
    turn_object(owner, turn, &format!("facts/{index}"))
}

/// The manifest of a published turn.
#[must_use]
pub fn revision(owner: &LedgerRef, turn: TurnId) -> String {
    turn_object(owner, turn, "revision.json")
}

/// A file of a revision.
#[must_use]
pub fn export(owner: &LedgerRef, turn: TurnId, name: &str) -> String {
    format!("exports/{}/{:020}/{name}", scope(owner), turn.0)
}

fn turn_object(owner: &LedgerRef, turn: TurnId, name: &str) -> String {
    format!("turns/{}/{:020}/{name}", scope(owner), turn.0)
}

fn scope(owner: &LedgerRef) -> String {
    format!("{}/{}", owner.tenant.key_segment(), owner.ledger)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_upload_key_leads_back_to_its_owner_and_no_other_key_does() {
        let owner = LedgerRef {
            tenant: "auth0|a:b".parse().unwrap(),
            ledger: "main".parse().unwrap(),
        };
        let job = JobId::new(1_700_000_000_000, &[7; 10]);
        let key = upload(&owner, job);
        assert_eq!(parse_upload(&key), Some((owner.clone(), job)));
        for other in [
            chunk_plan(&owner, job),
            format!("{key}/x"),
            key.to_uppercase(),
            key.replace("file", ".."),
        ] {
            assert_eq!(parse_upload(&other), None, "{other}");
        }
    }
}
