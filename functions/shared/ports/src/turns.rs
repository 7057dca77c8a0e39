//! The protocol around a turn that more than one function follows: pointing its jobs to it, and
//! ending it without a revision.

use domain::ids::{LedgerRef, TurnId};
use domain::state::{Job, JobError, LedgerItem, Turn, Versioned};
use domain::time::Instant;

use crate::state::load;
use crate::transition::{apply, carry_out, decide_again};
use crate::{PortError, Sender, StateStore};

/// Points every admitted job to its turn and removes its request. Doing it again changes nothing.
///
/// # Errors
/// What the store says; some jobs may be pointed then, and doing it again is right.
pub async fn point_jobs(
    state: &dyn StateStore,
    sender: &dyn Sender,
    turn: &Turn,
    now: Instant,
) -> Result<(), PortError> {
    for &job in &turn.jobs {
        let key = Job::key_of(&turn.owner.tenant, job);
        carry_out(state, sender, &key, |job: &Versioned<Job>| {
            let (id, generation) = (job.value.id, job.value.generation.0);
            tracing::info!(job = %id, generation, turn = turn.id.0, "a job is part of a turn");
            job.admitted(turn.id, now)
        })
        .await?;
    }
    Ok(())
}

/// The jobs of a turn that point to it, in order of their ids: all that were admitted, less those that
/// were cancelled before they were pointed to it. After `point_jobs` the answer is always the same.
///
/// # Errors
/// What the store says; `Invalid` when a job is not there.
pub async fn joined(state: &dyn StateStore, turn: &Turn) -> Result<Vec<Job>, PortError> {
    let mut ids = turn.jobs.clone();
    ids.sort_unstable();
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        let missing = || PortError::invalid("turns.joined", format!("job {id} is not there"));
        let job = load::<Job>(state, &Job::key_of(&turn.owner.tenant, id))
            .await?
            .ok_or_else(missing)?;
        jobs.push(job.value);
    }
    jobs.retain(|job| job.turn() == Some(turn.id));
    Ok(jobs)
}

/// Ends a turn without a revision, whatever it was doing. A turn that has ended stays as it is.
///
/// # Errors
/// What the store says; doing it again is right.
pub async fn fail_turn(
    state: &dyn StateStore,
    sender: &dyn Sender,
    owner: &LedgerRef,
    id: TurnId,
    error: &JobError,
    now: Instant,
) -> Result<(), PortError> {
    for attempt in 0.. {
        let Some(mut turn) = load::<Turn>(state, &Turn::key_of(owner, id)).await? else {
            return Ok(());
        };
        if !turn.value.is_running() {
            return Ok(());
        }
        point_jobs(state, sender, &turn.value, now).await?;
        let joined = joined(state, &turn.value).await?;
        turn.value.jobs = joined.iter().map(|job| job.id).collect();
        let Some(ledger) = load::<LedgerItem>(state, &LedgerItem::key_of(owner)).await? else {
            return Ok(());
        };
        let Some(transition) = turn.fail(&ledger, error.clone(), now)? else {
            return Ok(());
        };
        match apply(state, sender, transition).await {
            Err(conflict) if decide_again(&conflict, attempt) => {}
            end => return end,
        }
    }
    Ok(())
}
