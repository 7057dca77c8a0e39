//! The step: which job a content belongs to, saved before it is signed.

use std::time::Duration;

use domain::ids::{JobId, TenantId};
use domain::keys;
use domain::limits::{PARTED_UPLOAD_WAIT_SECONDS, UPLOAD_VALID_SECONDS};
use domain::parts::PartCut;
use domain::state::{
    Answered, AwaitedUpload, Change, ContentClaim, Job, JobKind, JobPhase, PartedUpload, Standing,
    Turn, Upload, Versioned,
};
use domain::time::Instant;
use ports::state::load;
use ports::transition::decide_again;
use ports::{
    HeldPart, Ids, Multipart, Parted, PortError, PortErrorKind, PutTerms, SignedRequest,
    StateStore, UploadSigner,
};

use crate::config::Bounds;
use crate::parts::{SignedParts, sign_missing};
use crate::quota::{self, Full, Room};
use crate::request::{Sha256, UploadRequest};

/// The content type every upload is signed with, whatever the file is: the parser decides.
const CONTENT_TYPE: &str = "text/csv";

/// What a request came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Presigned {
    /// A new job.
    Created(JobId, Terms),
    /// The job that still waits for this file, with fresh URLs. When the file has arrived
    /// meanwhile, a PUT is answered 412: nothing is left to do but to poll.
    Again(JobId, Terms),
    /// The file is here, or being worked on: nothing is uploaded.
    Deduplicated(JobId),
    /// What an earlier request with the same key was answered, with fresh URLs while the job waits.
    Replayed(Answered, Option<Terms>),
    /// The tenant has no room for another upload now.
    Full(Full),
}

/// How a file goes up.
#[derive(Debug, PartialEq, Eq)]
pub enum Terms {
    /// In one PUT.
    Single(SignedRequest),
    /// In parts.
    Parts(SignedParts),
}

/// The store's side of uploads.
pub struct Store<'a> {
    /// Signs them.
    pub signer: &'a dyn UploadSigner,
    /// Begins and ends those in parts.
    pub multipart: &'a dyn Multipart,
    /// How long a signed URL is good.
    pub valid_for: Duration,
}

/// Finds or creates the job of a file and signs its upload.
///
/// Two equal requests at the same time both find no claim; one commits, the other conflicts on the
/// claim, decides again, and answers the first one's job.
///
/// # Errors
/// What the store or the signer says. A job may have been saved then; asking again finds it.
pub async fn presign(
    state: &dyn StateStore,
    store: &Store<'_>,
    ids: &dyn Ids,
    bounds: Bounds,
    request: &UploadRequest,
    now: Instant,
) -> Result<Presigned, PortError> {
    let mut attempt = 0;
    loop {
        match decide(state, store.multipart, ids, bounds, request, now).await {
            Ok(Decided::Created(job)) => {
                let terms = sign(store, &job, &[], now).await?;
                return Ok(Presigned::Created(job.id, terms));
            }
            Ok(Decided::Waiting(job, held)) => {
                let terms = sign(store, &job, &held, now).await?;
                return Ok(Presigned::Again(job.id, terms));
            }
            Ok(Decided::Held(job)) => return Ok(Presigned::Deduplicated(job)),
            Ok(Decided::Full(full)) => return Ok(Presigned::Full(full)),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            // So many requests at the same time: none of them is wrong.
            Err(error) if error.kind == PortErrorKind::Conflict => {
                return Err(PortError::retry("presign.decide", error));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Answers once more what was answered before, whatever the job has become.
///
/// # Errors
/// What the store or the signer says.
pub async fn replay(
    state: &dyn StateStore,
    store: &Store<'_>,
    tenant: &TenantId,
    answered: Answered,
    now: Instant,
) -> Result<Presigned, PortError> {
    let mut attempt = 0;
    loop {
        let job = load::<Job>(state, &Job::key_of(tenant, answered.job)).await?;
        let waits =
            |job: &Versioned<Job>| matches!(holder_keeps(&job.value, None), Keeps::WaitingForFile);
        let Some(job) = job.filter(waits) else {
            return Ok(Presigned::Replayed(answered, None));
        };
        match renew(state, store.multipart, job, now).await {
            Ok(Decided::Waiting(job, held)) => {
                let terms = sign(store, &job, &held, now).await?;
                return Ok(Presigned::Replayed(answered, Some(terms)));
            }
            Ok(_) => return Ok(Presigned::Replayed(answered, None)),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

enum Decided {
    Created(Job),
    /// With the parts that are held.
    Waiting(Job, Vec<HeldPart>),
    Held(JobId),
    Full(Full),
}

async fn decide(
    state: &dyn StateStore,
    multipart: &dyn Multipart,
    ids: &dyn Ids,
    bounds: Bounds,
    request: &UploadRequest,
    now: Instant,
) -> Result<Decided, PortError> {
    let digest = ContentClaim::digest(&request.sha256.hex(), request.size, &request.options);
    let claim = load::<ContentClaim>(state, &ContentClaim::key_of(&request.owner, &digest)).await?;
    let holder = match &claim {
        Some(claim) => {
            load::<Job>(state, &Job::key_of(&request.owner.tenant, claim.value.job)).await?
        }
        None => None,
    };
    if let Some(holder) = holder {
        let turn = match holder.value.turn() {
            Some(turn) => load::<Turn>(state, &Turn::key_of(&request.owner, turn)).await?,
            None => None,
        };
        match holder_keeps(&holder.value, turn.map(|turn| turn.value).as_ref()) {
            Keeps::WaitingForFile => return renew(state, multipart, holder, now).await,
            Keeps::Content => return Ok(Decided::Held(holder.value.id)),
            Keeps::Nothing => {}
        }
    }
    let job = new_job(ids.job_id(now), request, bounds, now);
    match quota::find_room(state, bounds, &job, now).await? {
        Ok(room) => create(state, multipart, job, room, digest, claim).await,
        Err(full) => Ok(Decided::Full(full)),
    }
}

enum Keeps {
    WaitingForFile,
    Content,
    Nothing,
}

/// Whether a claim's holder still stands for its content.
fn holder_keeps(job: &Job, turn: Option<&Turn>) -> Keeps {
    // A retried split waits for a file that is already there.
    let arrived = job
        .upload()
        .is_some_and(|upload| upload.object_version.is_some())
        || job.generation.0 > 1;
    if job.is_undone() {
        return Keeps::Nothing;
    }
    match job.standing(turn) {
        Standing::AwaitingUpload if !arrived => Keeps::WaitingForFile,
        Standing::AwaitingUpload | Standing::Running | Standing::Completed { .. } => Keeps::Content,
        Standing::Failed(_) | Standing::Expired | Standing::Cancelled => Keeps::Nothing,
    }
}

/// Lets a job wait longer, so that the sweep does not end it while its new URLs are valid. An upload
/// in parts that the bucket's rule has removed begins anew.
async fn renew(
    state: &dyn StateStore,
    multipart: &dyn Multipart,
    mut holder: Versioned<Job>,
    now: Instant,
) -> Result<Decided, PortError> {
    let Some((key, parts)) = parts_of(&holder.value) else {
        wait_longer(state, &mut holder, now).await?;
        return Ok(Decided::Waiting(holder.value, Vec::new()));
    };
    match multipart.look(&key, &parts.id).await? {
        Parted::Open(held) => {
            wait_longer(state, &mut holder, now).await?;
            Ok(Decided::Waiting(holder.value, held))
        }
        Parted::Stored => Ok(Decided::Held(holder.value.id)),
        Parted::Gone => {
            let begun = multipart.begin(&key, CONTENT_TYPE).await?;
            if let JobKind::Upload(upload) = &mut holder.value.kind {
                upload.expires_at = after(now, PARTED_UPLOAD_WAIT_SECONDS);
                let id = begun.clone();
                upload.parts = Some(Box::new(PartedUpload { id, ..parts }));
            }
            holder.value.updated_at = now;
            let changes = [Change::replace(&holder.value, holder.version)?];
            commit(state, multipart, &changes, Some((&key, &begun))).await?;
            Ok(Decided::Waiting(holder.value, Vec::new()))
        }
    }
}

/// Moves the end of a job's waiting behind that of URLs that are signed now.
///
/// # Errors
/// `Conflict` when the job has moved: decide again.
pub(crate) async fn wait_longer(
    state: &dyn StateStore,
    job: &mut Versioned<Job>,
    now: Instant,
) -> Result<(), PortError> {
    let end = after(now, UPLOAD_VALID_SECONDS.into());
    let JobKind::Upload(upload) = &mut job.value.kind else {
        return Ok(());
    };
    if upload.expires_at >= end {
        return Ok(());
    }
    upload.expires_at = end;
    job.value.updated_at = now;
    state
        .commit(&[Change::replace(&job.value, job.version)?])
        .await
}

fn new_job(id: JobId, request: &UploadRequest, bounds: Bounds, now: Instant) -> Job {
    let owner = request.owner.clone();
    let in_parts = request.size > u64::from(bounds.single_put_bytes);
    let wait = if in_parts {
        PARTED_UPLOAD_WAIT_SECONDS
    } else {
        UPLOAD_VALID_SECONDS.into()
    };
    let upload = Upload {
        filename: request.filename.clone(),
        size: request.size,
        sha256: request.sha256.hex(),
        options: request.options.clone(),
        object_key: keys::upload(&owner, id),
        expires_at: after(now, wait),
        records: None,
        object_version: None,
        undone_by: None,
        slot: None,
        parts: in_parts.then(|| {
            Box::new(PartedUpload {
                id: String::new(),
                part_bytes: PartCut::of(request.size).part_bytes(),
            })
        }),
    };
    let kind = JobKind::Upload(upload);
    Job::new(id, owner, kind, JobPhase::AwaitingUpload, now)
}

/// Saves a new job, its claim and its place among the awaited, before anything is signed (I1). An
/// upload in parts is begun before, because the job names it; nobody can send to it yet.
async fn create(
    state: &dyn StateStore,
    multipart: &dyn Multipart,
    mut job: Job,
    room: Room,
    digest: String,
    earlier: Option<Versioned<ContentClaim>>,
) -> Result<Decided, PortError> {
    let mut begun = None;
    if let JobKind::Upload(upload) = &mut job.kind {
        upload.slot = Some(room.slot);
        if let Some(parts) = &mut upload.parts {
            parts.id = multipart.begin(&upload.object_key, CONTENT_TYPE).await?;
            begun = Some((upload.object_key.clone(), parts.id.clone()));
        }
    }
    let claim = ContentClaim {
        owner: job.owner.clone(),
        digest,
        job: job.id,
    };
    let claim = match earlier {
        Some(earlier) => Change::replace(&claim, earlier.version)?,
        None => Change::insert(&claim)?,
    };
    let awaited = AwaitedUpload {
        owner: job.owner.clone(),
        job: job.id,
        signed_at: job.created_at,
    };
    let [inserted, listed] = job.insert()?;
    let mut changes = vec![inserted, listed, claim, Change::insert(&awaited)?];
    changes.extend(room.changes);
    let begun = begun.as_ref().map(|(key, id)| (key.as_str(), id.as_str()));
    commit(state, multipart, &changes, begun).await?;
    Ok(Decided::Created(job))
}

/// Commits; what was begun for nothing is ended. When that fails, or this process dies in between,
/// the bucket's rule ends it.
async fn commit(
    state: &dyn StateStore,
    multipart: &dyn Multipart,
    changes: &[Change],
    begun: Option<(&str, &str)>,
) -> Result<(), PortError> {
    let Err(error) = state.commit(changes).await else {
        return Ok(());
    };
    // After any other error the job may have been saved, and names it.
    if let (PortErrorKind::Conflict, Some((key, upload))) = (error.kind, begun)
        && let Err(left) = multipart.abort(key, upload).await
    {
        tracing::warn!(error = %left, "an upload in parts is left to the bucket's rule");
    }
    Err(error)
}

async fn sign(
    store: &Store<'_>,
    job: &Job,
    held: &[HeldPart],
    now: Instant,
) -> Result<Terms, PortError> {
    if let Some(cut) = job.upload().and_then(Upload::cut) {
        let signed = sign_missing(store, job, cut, held, 1, now).await?;
        return Ok(Terms::Parts(signed));
    }
    let Some(upload) = job.upload() else {
        return Err(PortError::bug("presign.sign", "the job is no upload"));
    };
    let terms = PutTerms {
        key: upload.object_key.clone(),
        content_length: upload.size,
        content_type: CONTENT_TYPE.to_owned(),
        checksum_sha256: checksum(&upload.sha256)?,
    };
    let signed = store.signer.sign_put(&terms, now, store.valid_for).await?;
    Ok(Terms::Single(signed))
}

/// A stored digest as S3's header has it.
fn checksum(hex: &str) -> Result<String, PortError> {
    let digest = Sha256::parse(hex);
    let digest = digest.ok_or_else(|| PortError::invalid("presign.sign", "a damaged SHA-256"))?;
    Ok(digest.base64())
}

/// Where the file of an upload in parts goes, and in which.
pub(crate) fn parts_of(job: &Job) -> Option<(String, PartedUpload)> {
    let upload = job.upload()?;
    let parts = upload.parts.as_deref()?;
    Some((upload.object_key.clone(), parts.clone()))
}

fn after(now: Instant, seconds: u64) -> Instant {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    now.plus_us(seconds.saturating_mul(1_000_000))
}
