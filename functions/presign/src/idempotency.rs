//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): the same key with the same
//! request is answered once more, whatever became of the first answer.
//!
//! A key is claimed before anything is done and settled behind it. Who dies in between leaves a claim
//! that another may take over after a minute: the content claim then finds the same job.

use axum::http::{HeaderMap, StatusCode};
use domain::limits::MAX_IDEMPOTENCY_KEY_BYTES;
use domain::state::{Answered, Change, ContentClaim, Found, IdempotencyKey};
use domain::time::Instant;
use lambda::problem::Problem;
use ports::state::load;
use ports::{PortError, PortErrorKind, StateStore};

use crate::presign::Presigned;
use crate::request::UploadRequest;

/// The header.
const HEADER: &str = "idempotency-key";
/// How long a request may be under way: twice what its function may take.
const UNDER_WAY_US: i64 = 60_000_000;
/// Seconds after which a client asks again about a request that is under way.
const AGAIN_SECONDS: u32 = 2;

/// The key of a request: `"a text in quotes"` as the draft has it, or the bare text that many
/// clients send.
///
/// # Errors
/// 400 for one that is empty, too long, twice there, or of other than visible ASCII.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    let bare = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or_default(),
        None => text,
    };
    let visible = bare
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    let fits = (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&bare.len());
    if values.next().is_some() || !visible || !fits {
        let detail = format!(
            "Idempotency-Key must be one text of 1 to {MAX_IDEMPOTENCY_KEY_BYTES} visible ASCII characters, such \
             as a UUID in quotes"
        );
        return Err(Problem::bad_request("invalid_idempotency_key", detail));
    }
    Ok(Some(bare.to_owned()))
}

/// What a key says.
pub(crate) enum Claimed {
    /// Nobody used it: go on, and settle it.
    Mine(IdempotencyKey),
    /// The request was answered.
    Before(Answered),
    /// The request is under way.
    UnderWay,
    /// It was used for another request.
    Other,
}

/// Claims a key for a request.
///
/// # Errors
/// What the store says.
pub(crate) async fn claim(
    state: &dyn StateStore,
    request: &UploadRequest,
    key: &str,
    now: Instant,
) -> Result<Claimed, PortError> {
    let mine = IdempotencyKey {
        tenant: request.owner.tenant.clone(),
        digest: IdempotencyKey::digest_of(&[key]),
        request: digest_of(request),
        begun_at: now,
        answered: None,
    };
    let place = IdempotencyKey::key_of(&mine.tenant, &mine.digest);
    let taking = match load::<IdempotencyKey>(state, &place).await? {
        None => Change::insert(&mine)?,
        Some(found) => {
            let (version, found) = (found.version, found.value);
            let forgotten = found.ends_at() <= now;
            if !forgotten && found.request != mine.request {
                return Ok(Claimed::Other);
            }
            match found.answered {
                Some(answered) if !forgotten => return Ok(Claimed::Before(answered)),
                None if found.begun_at.plus_us(UNDER_WAY_US) > now => return Ok(Claimed::UnderWay),
                _ => Change::replace(&mine, version)?,
            }
        }
    };
    match state.commit(&[taking]).await {
        Ok(()) => Ok(Claimed::Mine(mine)),
        // Somebody else was first, just now.
        Err(error) if error.kind == PortErrorKind::Conflict => Ok(Claimed::UnderWay),
        Err(error) => Err(error),
    }
}

/// Keeps what a request came to under its key; a request that came to nothing gives it back. When the
/// store fails here the answer is good all the same.
pub(crate) async fn settle(
    state: &dyn StateStore,
    mine: IdempotencyKey,
    came_to: Option<Answered>,
) {
    if let Err(error) = try_settle(state, mine, came_to).await {
        tracing::warn!(%error, "left an idempotency key as if its request were under way");
    }
}

async fn try_settle(
    state: &dyn StateStore,
    mut mine: IdempotencyKey,
    came_to: Option<Answered>,
) -> Result<(), PortError> {
    let place = IdempotencyKey::key_of(&mine.tenant, &mine.digest);
    let found = load::<IdempotencyKey>(state, &place).await?;
    // It took so long that another took it over.
    let Some(found) = found.filter(|found| found.value == mine) else {
        return Ok(());
    };
    let change = match came_to {
        Some(_) => {
            mine.answered = came_to;
            Change::replace(&mine, found.version)?
        }
        None => Change::Delete { key: place },
    };
    state.commit(&[change]).await
}

/// What an answer is kept as; a refusal is none.
pub(crate) fn answered(presigned: &Presigned) -> Option<Answered> {
    let (job, how) = match presigned {
        Presigned::Created(job, _) => (*job, Found::Created),
        Presigned::Again(job, _) => (*job, Found::Waiting),
        Presigned::Deduplicated(job) => (*job, Found::Held),
        Presigned::Replayed(answered, _) => return Some(*answered),
        Presigned::Full(_) => return None,
    };
    Some(Answered { job, how })
}

/// Everything that makes a request another one.
fn digest_of(request: &UploadRequest) -> String {
    let content = ContentClaim::digest(&request.sha256.hex(), request.size, &request.options);
    let ledger = request.owner.ledger.as_str();
    IdempotencyKey::digest_of(&[ledger, &request.filename, &content])
}

/// 409: the first request with this key is not answered yet.
pub(crate) fn under_way() -> Problem {
    let detail = "a request with this Idempotency-Key is under way; ask again";
    Problem {
        retry_after: Some(AGAIN_SECONDS),
        ..Problem::conflict("request_under_way", detail)
    }
}

/// 422: the key stands for another request.
pub(crate) fn reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "The key was used for another request",
        "this Idempotency-Key was used for another request; take a new one for each",
    )
}
