//! What the steps came to, as answers.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::JobId;
use domain::parts::PartCut;
use domain::state::{Answered, Found};
use lambda::problem::Problem;
use ports::{HeldPart, SignedRequest};
use serde::Serialize;

use crate::parts::{Completed, Listed, Refusal, SignedPart, SignedParts};
use crate::presign::{Presigned, Terms};
use crate::quota::{self, Full};

/// 201 for a new job, 200 for one that was there.
pub(crate) fn of_upload(presigned: Presigned) -> Result<Response, Problem> {
    let (Answered { job, how }, terms) = match presigned {
        Presigned::Created(job, terms) => (found(job, Found::Created), Some(terms)),
        Presigned::Again(job, terms) => (found(job, Found::Waiting), Some(terms)),
        Presigned::Deduplicated(job) => (found(job, Found::Held), None),
        Presigned::Replayed(answered, terms) => (answered, terms),
        Presigned::Full(full) => return Err(of_full(full)),
    };
    let status = match how {
        Found::Created => StatusCode::CREATED,
        Found::Waiting | Found::Held => StatusCode::OK,
    };
    tracing::info!(job = %job, new = status == StatusCode::CREATED, "answered an upload request");
    let body = UploadAnswer {
        job_id: job,
        status_url: status_url(job),
        deduplicated: how == Found::Held,
        upload: terms.map(UploadForm::new),
    };
    // A signed URL is a secret: no cache keeps the answer.
    let headers = [
        (header::LOCATION, status_url(job)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((status, headers, Json(body)).into_response())
}

fn found(job: JobId, how: Found) -> Answered {
    Answered { job, how }
}

fn of_full(full: Full) -> Problem {
    let Full {
        limit,
        retry_after_seconds,
    } = full;
    let value = limit.value;
    let detail = match limit.name {
        quota::PER_DAY => format!(
            "{value} uploads were begun today, as many as a day (UTC) may have; more can be begun in \
             {retry_after_seconds} seconds"
        ),
        _ => format!(
            "{value} files at most may be announced and not yet here; upload or cancel some of them, or \
             ask again in {retry_after_seconds} seconds"
        ),
    };
    Problem::limited(limit, detail, retry_after_seconds)
}

/// 200 with what is held and what is missing.
pub(crate) fn of_parts(job: JobId, listed: Listed) -> Result<Response, Problem> {
    let (state, cut, held, signed) = match listed {
        Listed::Open { held, signed } => ("open", signed.cut, held, Some(signed)),
        Listed::Received(cut) => ("received", cut, Vec::new(), None),
        Listed::Refused(refusal) => return Err(problem(refusal)),
    };
    let body = PartsAnswer {
        job_id: job,
        state,
        held: held.into_iter().map(HeldForm::new).collect(),
        parts: PartsForm::new(cut, signed),
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Json(body)).into_response())
}

/// 202 when the file is here: `split` follows.
pub(crate) fn of_complete(job: JobId, completed: Completed) -> Result<Response, Problem> {
    match completed {
        Completed::Received => {
            let body = Accepted {
                job_id: job,
                status_url: status_url(job),
            };
            let headers = [(header::LOCATION, status_url(job))];
            Ok((StatusCode::ACCEPTED, headers, Json(body)).into_response())
        }
        Completed::Missing(count, numbers) => {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            let detail = format!(
                "{count} parts are missing or have another size than they should, first {}; GET \
                 /v1/jobs/{job}/parts gives fresh URLs for them",
                numbers.join(", ")
            );
            Err(Problem::conflict("parts_missing", detail))
        }
        Completed::Changed => Err(Problem::conflict(
            "parts_changed",
            "a part was sent again while the file was put together; ask again",
        )),
        Completed::Refused(refusal) => Err(problem(refusal)),
    }
}

/// The words for a job that is none, here and for an id that is no id.
pub(crate) fn unknown() -> Problem {
    Problem::not_found("there is no job with this id")
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Unknown => unknown(),
        Refusal::NotInParts => Problem::conflict(
            "not_in_parts",
            "this job has no upload in parts; POST /v1/uploads says how a file goes up",
        ),
        Refusal::Ended => Problem::conflict(
            "upload_ended",
            "the job has expired or was cancelled; announce the file again with POST /v1/uploads",
        ),
        Refusal::Gone => Problem::conflict(
            "upload_gone",
            "the parts were not completed within a day and are gone; announce the file again with \
             POST /v1/uploads, and send all of it",
        ),
    }
}

fn status_url(job: JobId) -> String {
    format!("/v1/jobs/{job}")
}

#[derive(Serialize)]
struct UploadAnswer {
    job_id: JobId,
    status_url: String,
    deduplicated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<UploadForm>,
}

#[derive(Serialize)]
struct PartsAnswer {
    job_id: JobId,
    state: &'static str,
    held: Vec<HeldForm>,
    #[serde(flatten)]
    parts: PartsForm,
}

#[derive(Serialize)]
struct Accepted {
    job_id: JobId,
    status_url: String,
}

#[derive(Serialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum UploadForm {
    Single {
        method: &'static str,
        url: String,
        headers: BTreeMap<String, String>,
        expires_at: String,
    },
    Multipart(PartsForm),
}

#[derive(Serialize)]
struct PartsForm {
    part_size: u64,
    part_count: u32,
    parts: Vec<PartForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

#[derive(Serialize)]
struct PartForm {
    number: u32,
    size: u64,
    method: &'static str,
    url: String,
    headers: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct HeldForm {
    number: u32,
    size: u64,
    etag: String,
}

impl UploadForm {
    fn new(terms: Terms) -> Self {
        match terms {
            Terms::Single(SignedRequest {
                url,
                headers,
                expires_at,
            }) => Self::Single {
                method: "PUT",
                url,
                headers: headers.into_iter().collect(),
                expires_at: expires_at.to_string(),
            },
            Terms::Parts(signed) => Self::Multipart(PartsForm::new(signed.cut, Some(signed))),
        }
    }
}

impl PartsForm {
    fn new(cut: PartCut, signed: Option<SignedParts>) -> Self {
        let expires_at = signed.as_ref().map(|signed| signed.expires_at.to_string());
        let parts = signed.map(|signed| signed.parts).unwrap_or_default();
        Self {
            part_size: cut.part_bytes(),
            part_count: cut.count(),
            parts: parts.into_iter().map(PartForm::new).collect(),
            expires_at,
        }
    }
}

impl PartForm {
    fn new(part: SignedPart) -> Self {
        Self {
            number: part.number,
            size: part.size,
            method: "PUT",
            url: part.request.url,
            headers: part.request.headers.into_iter().collect(),
        }
    }
}

impl HeldForm {
    fn new(part: HeldPart) -> Self {
        let HeldPart { number, size, etag } = part;
        Self { number, size, etag }
    }
}
