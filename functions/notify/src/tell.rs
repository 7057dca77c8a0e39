//! The step `tell`: the end of one job to the tenant's webhook.

use domain::ids::{Generation, JobId, LedgerRef, TurnId};
use domain::state::{Turn, Versioned, Webhook};
use domain::time::Instant;
use ports::jobs::{self, KnownJob};
use ports::state::load;
use ports::transition::rewrite;
use ports::{DoneSets, PortError, StateStore, Webhooks};

use crate::event::{self, Event};
use crate::sign::sign;

/// The receiver's word that it is gone for good.
const GONE: u16 = 410;

/// Whose end is to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// Of a job that ended by itself, in this generation.
    OfJob(JobId, Generation),
    /// Of a turn's job, by its place among the turn's jobs.
    OfTurn(TurnId, u32),
}

/// What is to be told, and when.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The ledger.
    pub(crate) owner: &'a LedgerRef,
    /// The end.
    pub(crate) end: End,
    /// The time.
    pub(crate) now: Instant,
}

/// Tells it, if the tenant has a webhook and the end still stands.
///
/// # Errors
/// `Retry` when the receiver did not take the event; what a port says.
pub(crate) async fn tell(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    webhooks: &dyn Webhooks,
    work: Work<'_>,
) -> Result<(), PortError> {
    let key = Webhook::key_of(&work.owner.tenant);
    let Some(webhook) = load::<Webhook>(state, &key).await? else {
        return Ok(());
    };
    if webhook.value.gone_at.is_some() {
        return Ok(());
    }
    let Some(known) = ended(state, sets, work).await? else {
        tracing::info!("the job has moved on; its next end is told");
        return Ok(());
    };
    let outcome = known.outcome();
    let body = serde_json::to_string(&Event::of(&known, &outcome))
        .map_err(|error| PortError::bug("notify.event", error))?;
    let event = sign(&webhook.value.secret, event::id(&known), body, work.now)?;
    let job = known.job.value.id;
    match webhooks.post(&webhook.value.url, &event).await {
        Ok(200..=299) => {
            tracing::info!(job = %job, "told the webhook");
            Ok(())
        }
        Ok(GONE) => {
            tracing::warn!(job = %job, "the webhook's receiver is gone; it is told no more");
            let url = &webhook.value.url;
            rewrite(state, &key, |stored: &Versioned<Webhook>| {
                stored.gone(url, work.now)
            })
            .await
        }
        Ok(status) => Err(PortError::retry(
            "notify.tell",
            format!("the receiver answered {status} to the end of job {job}"),
        )),
        Err(error) => Err(PortError::new(
            error.kind,
            "notify.tell",
            format!("the end of job {job}: {}", error.source),
        )),
    }
}

/// The job whose end it is; `None` when it has left that end behind.
async fn ended(
    state: &dyn StateStore,
    sets: &dyn DoneSets,
    work: Work<'_>,
) -> Result<Option<KnownJob>, PortError> {
    let id = match work.end {
        End::OfJob(job, _) => Some(job),
        End::OfTurn(turn, place) => {
            let key = Turn::key_of(work.owner, turn);
            let turn = load::<Turn>(state, &key).await?;
            turn.and_then(|turn| turn.value.jobs.get(place as usize).copied())
        }
    };
    let Some(id) = id else { return Ok(None) };
    let known = jobs::read(state, sets, &work.owner.tenant, id).await?;
    Ok(known.filter(|known| stands(known, work.end)))
}

fn stands(known: &KnownJob, end: End) -> bool {
    let job = &known.job.value;
    let same = match end {
        End::OfJob(_, generation) => job.generation == generation && job.turn().is_none(),
        End::OfTurn(turn, _) => job.turn() == Some(turn),
    };
    same && known.outcome().standing.is_terminal()
}
