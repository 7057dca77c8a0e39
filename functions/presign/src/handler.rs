//! `POST /v1/uploads` to the step, and its result to an answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, middleware};
use domain::ids::JobId;
use domain::limits::MAX_JSON_BYTES;
use lambda::http::{Tenant, read_body};
use lambda::problem::{self, Problem};
use ports::{Clock, Ids, SignedRequest, StateStore, UploadSigner};
use serde::Serialize;

use crate::presign::{Presigned, presign};
use crate::request::UploadRequest;

/// What the step may touch.
pub struct Deps {
    /// Jobs and claims.
    pub state: Arc<dyn StateStore>,
    /// Signs the upload.
    pub signer: Arc<dyn UploadSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New job ids.
    pub ids: Arc<dyn Ids>,
}

/// The routes of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    Router::new()
        .route("/v1/uploads", post(uploads))
        .layer(middleware::from_fn(problem::stamp))
        .with_state(deps)
}

async fn uploads(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = read_body(body, &headers, MAX_JSON_BYTES).await?;
    let request = UploadRequest::parse(tenant, &body)?;
    let now = deps.clock.now();
    let presigned = presign(
        deps.state.as_ref(),
        deps.signer.as_ref(),
        deps.ids.as_ref(),
        &request,
        now,
    )
    .await?;
    Ok(answer(presigned))
}

fn answer(presigned: Presigned) -> Response {
    let (status, job, signed) = match presigned {
        Presigned::Created(job, signed) => (StatusCode::CREATED, job, Some(signed)),
        Presigned::Again(job, signed) => (StatusCode::OK, job, Some(signed)),
        Presigned::Deduplicated(job) => (StatusCode::OK, job, None),
    };
    tracing::info!(job = %job, new = status == StatusCode::CREATED, "answered an upload request");
    let status_url = format!("/v1/jobs/{job}");
    let body = UploadAnswer {
        job_id: job,
        status_url: status_url.clone(),
        deduplicated: signed.is_none(),
        upload: signed.map(UploadForm::new),
    };
    // A signed URL is a secret: no cache keeps the answer.
    (
        status,
        [
            (header::LOCATION, status_url),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        Json(body),
    )
        .into_response()
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
struct UploadForm {
    mode: &'static str,
    method: &'static str,
    url: String,
    headers: BTreeMap<String, String>,
    expires_at: String,
}

impl UploadForm {
    fn new(signed: SignedRequest) -> Self {
        Self {
            mode: "single",
            method: "PUT",
            url: signed.url,
            headers: signed.headers.into_iter().collect(),
            expires_at: signed.expires_at.to_string(),
        }
    }
}
