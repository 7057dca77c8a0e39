//! Uploads that were signed and of which nothing has been heard.

use domain::message::{Envelope, Queue, Task};
use domain::state::{AwaitedPlace, AwaitedUpload, Change, Document, Job, JobPhase, Versioned};
use domain::time::Instant;
use ports::state::load;
use ports::transition::apply;
use ports::{Multipart, Objects, Outgoing, PortError, PortErrorKind, Sender, StateStore};

use crate::PAGE;

/// An event that has not come after this long is taken for lost: S3 delivers within seconds.
const EVENT_LOST_US: i64 = 120_000_000;

/// Pages of awaited uploads that one sweep looks at: as many uploads as one tenant may have in flight,
/// and few enough for its time. The next sweep goes on where this one ended.
pub(crate) const PAGES: u32 = 5;

/// What became of uploads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Looked {
    /// Files whose event was lost, split now.
    pub(crate) found: u32,
    /// Uploads that expired.
    pub(crate) expired: u32,
}

/// The ports of this step.
#[derive(Clone, Copy)]
pub(crate) struct Ports<'a> {
    pub(crate) state: &'a dyn StateStore,
    pub(crate) sender: &'a dyn Sender,
    pub(crate) objects: &'a dyn Objects,
    pub(crate) multipart: &'a dyn Multipart,
}

/// Splits files whose event was lost and expires uploads that never came, from where the last sweep
/// ended.
pub(crate) async fn look_after(ports: Ports<'_>, now: Instant) -> Result<Looked, PortError> {
    let mut looked = Looked::default();
    let mut place = load::<AwaitedPlace>(ports.state, &AwaitedPlace::only()).await?;
    for _ in 0..PAGES {
        let after = place.as_ref().and_then(|place| place.value.after.clone());
        let partition = AwaitedUpload::PARTITION;
        let page = ports.state.list(partition, "", after.as_deref(), PAGE);
        let page = page.await?;
        let mut next = None;
        for stored in &page {
            let awaited = stored.decode::<AwaitedUpload>()?.value;
            if awaited.signed_at.plus_us(EVENT_LOST_US) > now {
                next = None;
                break;
            }
            look_at(ports, &awaited, now, &mut looked).await?;
            next = Some(stored.key.sort.clone());
        }
        let next = next.filter(|_| page.len() as u64 == u64::from(PAGE));
        let Some(kept) = keep(ports.state, place, next).await? else {
            break;
        };
        place = Some(kept);
    }
    Ok(looked)
}

/// Keeps where the next page begins, before it is asked for: a sweep that is cut off in the middle has
/// not looked in vain. `None` when there is no next page.
async fn keep(
    state: &dyn StateStore,
    place: Option<Versioned<AwaitedPlace>>,
    after: Option<String>,
) -> Result<Option<Versioned<AwaitedPlace>>, PortError> {
    let ends = after.is_none();
    let next = AwaitedPlace { after };
    let change = match place {
        None if ends => return Ok(None),
        None => Change::insert(&next)?,
        Some(place) if place.value == next => return Ok(None),
        Some(place) => Change::replace(&next, place.version)?,
    };
    match state.commit(&[change]).await {
        Ok(()) if ends => Ok(None),
        Ok(()) => load(state, &AwaitedPlace::only()).await,
        // Another sweep is at it, and goes on.
        Err(error) if error.kind == PortErrorKind::Conflict => Ok(None),
        Err(error) => Err(error),
    }
}

async fn look_at(
    ports: Ports<'_>,
    awaited: &AwaitedUpload,
    now: Instant,
    looked: &mut Looked,
) -> Result<(), PortError> {
    let Ports { state, sender, .. } = ports;
    let key = Job::key_of(&awaited.owner.tenant, awaited.job);
    let job = load::<Job>(state, &key).await?;
    let job = match job {
        Some(job) if job.value.phase == JobPhase::AwaitingUpload => job,
        past => {
            free(ports.multipart, past.as_ref()).await?;
            let forgotten = Change::Delete { key: awaited.key() };
            return state.commit(&[forgotten]).await;
        }
    };
    let arrived = match job.value.upload() {
        Some(upload) => ports.objects.head(&upload.object_key).await?.is_some(),
        None => false,
    };
    if arrived {
        let split = split_message(&job.value);
        sender.send(Queue::Split, &[split]).await?;
        looked.found += 1;
    } else if let Some(transition) = job.expire(now)? {
        match apply(state, sender, transition).await {
            Ok(()) => looked.expired += 1,
            Err(error) if error.kind == PortErrorKind::Conflict => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Ends the parts of a job that ended without its file: expired, or given up by its user. Here and not
/// where it ends, because this is repeated until it is done.
async fn free(multipart: &dyn Multipart, job: Option<&Versioned<Job>>) -> Result<(), PortError> {
    let Some(upload) = job.and_then(|job| job.value.upload()) else {
        return Ok(());
    };
    match &upload.parts {
        Some(parts) if upload.object_version.is_none() => {
            multipart.abort(&upload.object_key, &parts.id).await
        }
        _ => Ok(()),
    }
}

fn split_message(job: &Job) -> Outgoing {
    let task = Task::Split {
        job: job.id,
        generation: job.generation,
    };
    let envelope = Envelope::new(&job.owner, task, &*job.correlation);
    Outgoing {
        body: envelope.body(),
        delay_seconds: 0,
    }
}
