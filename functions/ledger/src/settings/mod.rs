//! The steps around settings: which hold, which are asked for, and asking for others.

mod body;

use domain::ids::{JobId, LedgerRef};
use domain::settings::Settings;
use domain::state::{Job, JobKind, JobPhase, LedgerItem};
use domain::time::Instant;
use lambda::problem::Problem;
use ports::state::load;
use ports::transition::apply;
use ports::{Ids, Objects, PortError, Sender, StateStore};

use crate::{pending, published};

/// The settings of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The revision they hold in; absent before the first.
    pub(crate) revision: Option<u64>,
    /// Those of the revision; the defaults before the first.
    pub(crate) settings: Settings,
    /// Those that are asked for and not yet published.
    pub(crate) pending: Option<(JobId, Settings)>,
}

/// What a change came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// They hold already.
    Nothing,
    /// This job brings them.
    Asked(JobId),
}

/// Reads the settings of a ledger.
///
/// # Errors
/// What the store says.
pub(crate) async fn held(
    state: &dyn StateStore,
    objects: &dyn Objects,
    owner: &LedgerRef,
) -> Result<Held, PortError> {
    // Requests first: a job that is admitted meanwhile is then seen twice rather than never.
    let waiting = newest(state, owner, &pending::waiting(state, owner).await?).await?;
    let item = load::<LedgerItem>(state, &LedgerItem::key_of(owner))
        .await?
        .map(|item| item.value);
    let active = pending::admitted(state, owner, item.as_ref()).await?;
    let admitted = newest(state, owner, &active).await?;
    let revision = item.and_then(|item| item.published);
    let settings = match revision {
        Some(revision) => {
            published::manifest(objects, owner, revision)
                .await?
                .snapshot
                .settings
        }
        None => Settings::default(),
    };
    Ok(Held {
        revision: revision.map(|turn| turn.0),
        settings,
        pending: waiting.or(admitted),
    })
}

/// The settings of the newest settings job among these.
async fn newest(
    state: &dyn StateStore,
    owner: &LedgerRef,
    jobs: &[JobId],
) -> Result<Option<(JobId, Settings)>, PortError> {
    let mut newest_first = jobs.to_vec();
    newest_first.sort_unstable_by(|one, two| two.cmp(one));
    for id in newest_first {
        let job = load::<Job>(state, &Job::key_of(&owner.tenant, id)).await?;
        // A turn that is being admitted may still list one that was cancelled.
        let job = job.filter(|job| job.value.phase != JobPhase::Cancelled);
        if let Some(JobKind::Settings { settings }) = job.map(|job| job.value.kind) {
            return Ok(Some((id, settings)));
        }
    }
    Ok(None)
}

/// Asks for a change of the settings: of those that are asked for already, else of those that hold,
/// so that two changes after each other both count. Of two at the same moment the later job wins
/// whole.
///
/// # Errors
/// 400 with every fault of the body; else what the store says.
pub(crate) async fn change(
    state: &dyn StateStore,
    objects: &dyn Objects,
    sender: &dyn Sender,
    ids: &dyn Ids,
    owner: &LedgerRef,
    body: &[u8],
    now: Instant,
) -> Result<(Changed, Settings), Problem> {
    let held = held(state, objects, owner).await?;
    let (pending, base) = match held.pending {
        Some((job, settings)) => (Some(job), settings),
        None => (None, held.settings),
    };
    let settings = body::parse(base.clone(), body)?;
    if settings == base {
        return Ok((pending.map_or(Changed::Nothing, Changed::Asked), settings));
    }
    let id = ids.job_id(now);
    let kind = JobKind::Settings {
        settings: settings.clone(),
    };
    let transition = Job::create_asking(id, owner.clone(), kind, now).map_err(PortError::from)?;
    apply(state, sender, transition).await?;
    tracing::info!(job = %id, "asked for other settings");
    Ok((Changed::Asked(id), settings))
}
