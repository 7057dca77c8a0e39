//! The steps of a file that goes up in parts: what is held and what is missing, and its end.

use domain::ids::{JobId, TenantId};
use domain::limits::SIGNED_PARTS;
use domain::parts::PartCut;
use domain::state::{Job, JobPhase, PartedUpload, Upload, Versioned};
use domain::time::Instant;
use ports::signing::Lifetime;
use ports::state::load;
use ports::transition::decide_again;
use ports::{
    HeldPart, Multipart, PartTerms, Parted, PortError, PortErrorKind, SignedRequest, StateStore,
};

use crate::presign::{Store, parts_of, wait_longer};

/// Missing parts that an answer names; the rest is only counted.
pub const NAMED_PARTS: usize = 20;

/// Parts that a client may send now.
#[derive(Debug, PartialEq, Eq)]
pub struct SignedParts {
    /// How the file is cut.
    pub cut: PartCut,
    /// The first of the missing parts.
    pub parts: Vec<SignedPart>,
    /// When their URLs stop being valid.
    pub expires_at: Instant,
}

/// A part and its URL.
#[derive(Debug, PartialEq, Eq)]
pub struct SignedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// The PUT.
    pub request: SignedRequest,
}

/// Why a request about parts is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The tenant has no such job.
    Unknown,
    /// The job does not come in parts.
    NotInParts,
    /// The job has expired or was cancelled.
    Ended,
    /// The store has removed the parts: the file is to be announced again.
    Gone,
}

/// What a question about parts came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Listed {
    /// Parts may come.
    Open {
        /// Those that are held.
        held: Vec<HeldPart>,
        /// Those that are missing, with fresh URLs.
        signed: SignedParts,
    },
    /// The file is here.
    Received(PartCut),
    /// No.
    Refused(Refusal),
}

/// Lists the held parts of a job's upload and signs missing ones from number `from` on.
///
/// # Errors
/// What the store or the signer says; asking again is free of effects.
pub async fn list(
    state: &dyn StateStore,
    store: &Store<'_>,
    tenant: &TenantId,
    id: JobId,
    from: u32,
    now: Instant,
) -> Result<Listed, PortError> {
    let mut attempt = 0;
    loop {
        let (mut job, found) = match find(state, tenant, id).await? {
            Found::Open(job, found) => (job, found),
            Found::Received(cut) => return Ok(Listed::Received(cut)),
            Found::Refused(refusal) => return Ok(Listed::Refused(refusal)),
        };
        let held = match store.multipart.look(&found.key, &found.parts.id).await? {
            Parted::Open(held) => held,
            Parted::Stored => return Ok(Listed::Received(found.cut)),
            Parted::Gone => return Ok(Listed::Refused(Refusal::Gone)),
        };
        match wait_longer(state, &mut job, now).await {
            Err(error) if decide_again(&error, attempt) => attempt += 1,
            Err(error) => return Err(error),
            Ok(()) => {
                let signed = sign_missing(store, &job.value, found.cut, &held, from, now).await?;
                return Ok(Listed::Open { held, signed });
            }
        }
    }
}

/// What completing came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Completed {
    /// The file is here, by this call or an earlier one.
    Received,
    /// Parts are missing: how many, and the first of them.
    Missing(u32, Vec<u32>),
    /// Parts changed meanwhile.
    Changed,
    /// No.
    Refused(Refusal),
}

/// Makes the file of its parts, when all are held with the sizes they should have.
///
/// The event of the object moves the job, as with a single PUT: whoever dies behind the store's
/// answer leaves nothing undone, and a second call finds the object there.
///
/// # Errors
/// What the store says; the same call again is right.
pub async fn complete(
    state: &dyn StateStore,
    multipart: &dyn Multipart,
    tenant: &TenantId,
    id: JobId,
) -> Result<Completed, PortError> {
    let found = match find(state, tenant, id).await? {
        Found::Open(_, found) => found,
        Found::Received(_) => return Ok(Completed::Received),
        Found::Refused(refusal) => return Ok(Completed::Refused(refusal)),
    };
    let (key, upload) = (&found.key, &found.parts.id);
    let mut held = match multipart.look(key, upload).await? {
        Parted::Open(held) => held,
        Parted::Stored => return Ok(Completed::Received),
        Parted::Gone => return Ok(Completed::Refused(Refusal::Gone)),
    };
    let mut missing = missing(found.cut, &held, 1).peekable();
    if missing.peek().is_some() {
        let mut numbers: Vec<u32> = missing.collect();
        let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        numbers.truncate(NAMED_PARTS);
        return Ok(Completed::Missing(count, numbers));
    }
    drop(missing);
    // Others could only be sent by a holder of the store's own keys.
    held.retain(|part| part.number <= found.cut.count());
    match multipart.complete(key, upload, &held).await {
        Ok(Parted::Stored) => Ok(Completed::Received),
        Ok(Parted::Open(_)) => Ok(Completed::Changed),
        Ok(Parted::Gone) => Ok(Completed::Refused(Refusal::Gone)),
        Err(error) if error.kind == PortErrorKind::Conflict => Ok(Completed::Changed),
        Err(error) => Err(error),
    }
}

struct OpenUpload {
    key: String,
    parts: PartedUpload,
    cut: PartCut,
}

enum Found {
    Open(Box<Versioned<Job>>, OpenUpload),
    Received(PartCut),
    Refused(Refusal),
}

async fn find(state: &dyn StateStore, tenant: &TenantId, id: JobId) -> Result<Found, PortError> {
    let Some(job) = load::<Job>(state, &Job::key_of(tenant, id)).await? else {
        return Ok(Found::Refused(Refusal::Unknown));
    };
    let cut = job.value.upload().and_then(Upload::cut);
    let (Some((key, parts)), Some(cut)) = (parts_of(&job.value), cut) else {
        return Ok(Found::Refused(Refusal::NotInParts));
    };
    Ok(match job.value.phase {
        JobPhase::AwaitingUpload => Found::Open(Box::new(job), OpenUpload { key, parts, cut }),
        JobPhase::Expired | JobPhase::Cancelled => Found::Refused(Refusal::Ended),
        // Such a job fails only by what is in its file.
        JobPhase::Failed { .. }
        | JobPhase::Ingesting
        | JobPhase::AwaitingTurn
        | JobPhase::InTurn { .. } => Found::Received(cut),
    })
}

/// The numbers of parts, from `from` on, that are not held or have another size than they should.
fn missing(cut: PartCut, held: &[HeldPart], from: u32) -> impl Iterator<Item = u32> {
    let right = move |number: u32| {
        let found = held.binary_search_by_key(&number, |part| part.number);
        let found = found.ok().and_then(|place| held.get(place));
        found.map(|part| part.size) == cut.size_of(number)
    };
    (from.max(1)..=cut.count()).filter(move |number| !right(*number))
}

/// Signs the first missing parts from number `from` on.
pub(crate) async fn sign_missing(
    store: &Store<'_>,
    job: &Job,
    cut: PartCut,
    held: &[HeldPart],
    from: u32,
    now: Instant,
) -> Result<SignedParts, PortError> {
    const OP: &str = "presign.parts";
    let Some((key, parts)) = parts_of(job) else {
        return Err(PortError::bug(OP, "the job does not come in parts"));
    };
    let valid_for = store.valid_for;
    let mut signed = Vec::new();
    for number in missing(cut, held, from).take(SIGNED_PARTS) {
        let size = cut.size_of(number).unwrap_or_default();
        let terms = PartTerms {
            key: key.clone(),
            upload: parts.id.clone(),
            number,
            content_length: size,
        };
        signed.push(SignedPart {
            number,
            size,
            request: store.signer.sign_part(&terms, now, valid_for).await?,
        });
    }
    Ok(SignedParts {
        cut,
        parts: signed,
        expires_at: Lifetime::of(OP, now, valid_for)?.ends,
    })
}
