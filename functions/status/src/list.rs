//! The step `list`: a tenant's jobs, the newest first, page by page.
//!
//! A cursor is the last job of a page and a digest of it and the tenant. The digest is no secret: it
//! tells a cursor that was altered, or is another tenant's, from ours. A forged one leads nowhere: it
//! is a place in the list of whoever asks (I8).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{JobId, LedgerId, TenantId};
use domain::limits::{DEFAULT_PAGE_JOBS, MAX_PAGE_JOBS};
use domain::state::{JobState, ListedJob, RecordCounts};
use futures::{StreamExt, TryStreamExt, stream};
use lambda::params::{Paging, Params, no_page};
use lambda::problem::Problem;
use ports::jobs::{self, KnownJob};
use ports::{DoneSets, PortError, StateStore};
use serde::Serialize;

use crate::resource::{ErrorBody, undoes};

/// Jobs read at the same time.
const READS_IN_FLIGHT: usize = 8;
/// Bytes of a cursor's digest.
const DIGEST_BYTES: usize = 12;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Jobs of the page.
    pub limit: u32,
    /// The last job of the page before.
    pub after: Option<JobId>,
}

/// A page of the list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct JobList {
    /// The jobs, the newest first.
    pub items: Vec<JobItem>,
    /// Where the next page begins; null behind the oldest job.
    pub next_cursor: Option<String>,
}

/// A job in the list: the job resource without its progress.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct JobItem {
    /// Its id.
    pub job_id: JobId,
    /// `upload`, `undo`, `settings`, `prices`, `override`.
    pub kind: &'static str,
    /// The file's name; only of an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The upload that is taken out; only of an undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<JobId>,
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its state.
    pub state: JobState,
    /// Whether only a request of yours moves it again.
    pub is_terminal: bool,
    /// What became of the file's records.
    pub counts: RecordCounts,
    /// Why it failed.
    pub error: Option<ErrorBody>,
    /// The undo that took this upload out of its ledger.
    pub undone_by: Option<JobId>,
    /// When it was requested, RFC 3339.
    pub created_at: String,
    /// The job resource, as a path of this API.
    pub status_url: String,
}

impl JobItem {
    fn of(known: &KnownJob) -> Self {
        let job = &known.job.value;
        let outcome = known.outcome();
        Self {
            job_id: job.id,
            kind: job.kind.name(),
            filename: job.upload().map(|upload| upload.filename.clone()),
            undoes: undoes(&job.kind),
            ledger: job.owner.ledger.clone(),
            state: outcome.state,
            is_terminal: outcome.standing.is_terminal(),
            counts: outcome.counts,
            error: ErrorBody::of(&outcome.standing),
            undone_by: job.upload().and_then(|upload| upload.undone_by),
            created_at: job.created_at.to_string(),
            status_url: format!("/v1/jobs/{}", job.id),
        }
    }
}

/// What a query asks for.
///
/// # Errors
/// 400 with every fault of it; 404 for a cursor that is not this tenant's.
pub fn parse(tenant: &TenantId, given: Vec<(String, String)>) -> Result<Asked, Problem> {
    let mut params = Params::new(given);
    let Paging { limit, cursor } = params.paging(DEFAULT_PAGE_JOBS, MAX_PAGE_JOBS);
    params.finish()?;
    let after = match cursor {
        Some(cursor) => Some(decode(tenant, &cursor).ok_or_else(no_page)?),
        None => None,
    };
    Ok(Asked { limit, after })
}

/// A page of the tenant's jobs. A job that is created meanwhile is before the first page and moves
/// nothing.
///
/// # Errors
/// What the store says; `Invalid` when a listed job is not there.
pub async fn list(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    tenant: &TenantId,
    asked: Asked,
) -> Result<JobList, PortError> {
    let partition = ListedJob::partition_of(tenant);
    let after = asked.after.map(ListedJob::sort_of);
    // One more than the page has tells whether there is another page.
    let mut stored = state
        .list(&partition, "", after.as_deref(), asked.limit + 1)
        .await?;
    let page = asked.limit as usize;
    let more = stored.len() > page;
    stored.truncate(page);
    let mut ids = Vec::with_capacity(stored.len());
    for entry in &stored {
        ids.push(entry.decode::<ListedJob>()?.value.job);
    }
    let last = ids.last().copied().filter(|_| more);
    let items = stream::iter(ids)
        .map(|id| item(state, sets, tenant, id))
        .buffered(READS_IN_FLIGHT)
        .try_collect()
        .await?;
    Ok(JobList {
        items,
        next_cursor: last.map(|id| encode(tenant, id)),
    })
}

async fn item(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    tenant: &TenantId,
    id: JobId,
) -> Result<JobItem, PortError> {
    let known = jobs::read(state, sets, tenant, id).await?;
    let missing = || PortError::invalid("status.list", format!("listed job {id} is not there"));
    known.as_ref().map(JobItem::of).ok_or_else(missing)
}

fn encode(tenant: &TenantId, id: JobId) -> String {
    URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &digest(tenant, id)].concat())
}

fn decode(tenant: &TenantId, cursor: &str) -> Option<JobId> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (id, given) = bytes.split_first_chunk::<16>()?;
    let id = JobId::from_bytes(*id);
    (given == digest(tenant, id)).then_some(id)
}

fn digest(tenant: &TenantId, id: JobId) -> [u8; DIGEST_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"jobs\0").update(tenant.as_str().as_bytes());
    hasher.update(&[0]).update(id.as_bytes());
    let mut digest = [0; DIGEST_BYTES];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_job_and_is_nothing_to_another_tenant(ms in 0u64..1 << 40, random: [u8; 10]) {
            let (ours, theirs): (TenantId, TenantId) = ("a".parse().unwrap(), "b".parse().unwrap());
            let id = JobId::new(ms, &random);
            let cursor = encode(&ours, id);
            prop_assert_eq!(decode(&ours, &cursor), Some(id));
            prop_assert_eq!(decode(&theirs, &cursor), None);
        }

        #[test]
        fn any_other_text_is_no_cursor(text in "[A-Za-z0-9_-]{0,80}") {
            prop_assert_eq!(decode(&"a".parse().unwrap(), &text), None);
        }
    }
}
