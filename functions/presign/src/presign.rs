//! The step: which job a content belongs to, saved before it is signed.

use std::time::Duration;

use domain::ids::JobId;
use domain::keys;
use domain::limits::UPLOAD_VALID_SECONDS;
use domain::state::{
    AwaitedUpload, Change, ContentClaim, Job, JobKind, JobPhase, Standing, Turn, Upload, Versioned,
};
use domain::time::Instant;
use ports::state::load;
use ports::transition::decide_again;
use ports::{Ids, PortError, PutTerms, SignedRequest, StateStore, UploadSigner};

use crate::request::UploadRequest;

/// The content type every upload is signed with, whatever the file is: the parser decides.
const CONTENT_TYPE: &str = "text/csv";

/// What a request came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Presigned {
    /// A new job.
    Created(JobId, SignedRequest),
    /// The job that still waits for this file, with a fresh URL. When the file has arrived
    /// meanwhile, the PUT is answered 412: nothing is left to do but to poll.
    Again(JobId, SignedRequest),
    /// The file is here, or being worked on: nothing is uploaded.
    Deduplicated(JobId),
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
    signer: &dyn UploadSigner,
    ids: &dyn Ids,
    request: &UploadRequest,
    now: Instant,
) -> Result<Presigned, PortError> {
    let mut attempt = 0;
    loop {
        match decide(state, ids, request, now).await {
            Ok(Decided::Upload { job, created }) => {
                return sign(signer, request, job, created, now).await;
            }
            Ok(Decided::Held(job)) => return Ok(Presigned::Deduplicated(job)),
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

enum Decided {
    Upload { job: JobId, created: bool },
    Held(JobId),
}

async fn decide(
    state: &dyn StateStore,
    ids: &dyn Ids,
    request: &UploadRequest,
    now: Instant,
) -> Result<Decided, PortError> {
    let digest = ContentClaim::digest(&request.sha256.hex(), &request.options);
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
            Keeps::WaitingForFile => return renew(state, holder, now).await,
            Keeps::Content => return Ok(Decided::Held(holder.value.id)),
            Keeps::Nothing => {}
        }
    }
    create(state, ids.job_id(now), request, digest, claim, now).await
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

/// Lets a job wait longer, so that the sweep does not end it while its new URL is valid.
async fn renew(
    state: &dyn StateStore,
    mut holder: Versioned<Job>,
    now: Instant,
) -> Result<Decided, PortError> {
    let job = &mut holder.value;
    if let JobKind::Upload(upload) = &mut job.kind {
        upload.expires_at = expiry(now);
    }
    job.updated_at = now;
    state
        .commit(&[Change::replace(job, holder.version)?])
        .await?;
    Ok(Decided::Upload {
        job: job.id,
        created: false,
    })
}

async fn create(
    state: &dyn StateStore,
    id: JobId,
    request: &UploadRequest,
    digest: String,
    earlier: Option<Versioned<ContentClaim>>,
    now: Instant,
) -> Result<Decided, PortError> {
    let owner = request.owner.clone();
    let upload = Upload {
        filename: request.filename.clone(),
        size: request.size,
        sha256: request.sha256.hex(),
        options: request.options.clone(),
        object_key: keys::upload(&owner, id),
        expires_at: expiry(now),
        records: None,
        object_version: None,
        undone_by: None,
    };
    let job = Job::new(
        id,
        owner.clone(),
        JobKind::Upload(upload),
        JobPhase::AwaitingUpload,
        now,
    );
    let claim = ContentClaim {
        owner,
        digest,
        job: id,
    };
    let claim = match earlier {
        Some(earlier) => Change::replace(&claim, earlier.version)?,
        None => Change::insert(&claim)?,
    };
    let awaited = AwaitedUpload {
        owner: request.owner.clone(),
        job: id,
        signed_at: now,
    };
    let [job, listed] = job.insert()?;
    state
        .commit(&[job, listed, claim, Change::insert(&awaited)?])
        .await?;
    Ok(Decided::Upload {
        job: id,
        created: true,
    })
}

async fn sign(
    signer: &dyn UploadSigner,
    request: &UploadRequest,
    job: JobId,
    created: bool,
    now: Instant,
) -> Result<Presigned, PortError> {
    let terms = PutTerms {
        key: keys::upload(&request.owner, job),
        content_length: request.size,
        content_type: CONTENT_TYPE.to_owned(),
        checksum_sha256: request.sha256.base64(),
    };
    let valid_for = Duration::from_secs(UPLOAD_VALID_SECONDS);
    let signed = signer.sign_put(&terms, now, valid_for).await?;
    Ok(if created {
        Presigned::Created(job, signed)
    } else {
        Presigned::Again(job, signed)
    })
}

fn expiry(now: Instant) -> Instant {
    now.plus_us(
        i64::try_from(UPLOAD_VALID_SECONDS)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000_000),
    )
}
