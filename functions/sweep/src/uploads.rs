//! Uploads that were signed and of which nothing has been heard.

use domain::message::{Envelope, Queue, Task};
use domain::state::{AwaitedUpload, Change, Document, Job, JobPhase, Versioned};
use domain::time::Instant;
use ports::state::load;
use ports::transition::apply;
use ports::{Multipart, Objects, Outgoing, PortError, PortErrorKind, Sender, StateStore};

use crate::PAGE;

/// An event that has not come after this long is taken for lost: S3 delivers within seconds.
const EVENT_LOST_US: i64 = 120_000_000;

/// Splits files whose event was lost and expires uploads that never came; answers how many of each.
pub(crate) async fn look_after(
    state: &dyn StateStore,
    sender: &dyn Sender,
    objects: &dyn Objects,
    multipart: &dyn Multipart,
    now: Instant,
) -> Result<(u32, u32), PortError> {
    let (mut found, mut expired) = (0, 0);
    for stored in state.list(AwaitedUpload::PARTITION, "", None, PAGE).await? {
        let awaited = stored.decode::<AwaitedUpload>()?.value;
        if awaited.signed_at.plus_us(EVENT_LOST_US) > now {
            break;
        }
        let key = Job::key_of(&awaited.owner.tenant, awaited.job);
        let job = load::<Job>(state, &key).await?;
        let job = match job {
            Some(job) if job.value.phase == JobPhase::AwaitingUpload => job,
            past => {
                free(multipart, past.as_ref()).await?;
                let forgotten = Change::Delete { key: awaited.key() };
                state.commit(&[forgotten]).await?;
                continue;
            }
        };
        let arrived = match job.value.upload() {
            Some(upload) => objects.head(&upload.object_key).await?.is_some(),
            None => false,
        };
        if arrived {
            sender
                .send(Queue::Split, &[split_message(&job.value)])
                .await?;
            found += 1;
        } else if let Some(transition) = job.expire(now)? {
            match apply(state, sender, transition).await {
                Ok(()) => expired += 1,
                Err(error) if error.kind == PortErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok((found, expired))
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
