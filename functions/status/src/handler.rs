//! Requests to the steps, and what they came to to answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use domain::ids::{JobId, TenantId};
use domain::limits::MAX_JSON_BYTES;
use domain::webhook::Reach;
use lambda::http::{Tenant, being_written, read_body, see_other, tagged_json};
use lambda::problem::{self, Problem};
use ports::{Clock, DoneSets, DownloadSigner, Ids, Objects, Secrets, Sender, StateStore};
use serde::Serialize;

use crate::cancel::{Cancelled, cancel};
use crate::docs;
use crate::list::{self, list};
use crate::receipt::{self, receipt};
use crate::rejects::{RejectsFile, rejects};
use crate::resource::JobResource;
use crate::retry::{Retried, retry};
use crate::undo::{Undone, undo};
use crate::view::View;
use crate::webhook;

/// What the steps may touch.
pub struct Deps {
    /// Jobs and turns.
    pub state: Arc<dyn StateStore>,
    /// Their joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages of retries, undos and orders.
    pub sender: Arc<dyn Sender>,
    /// Manifests, for receipts.
    pub objects: Arc<dyn Objects>,
    /// Signs downloads.
    pub signer: Arc<dyn DownloadSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of undo jobs.
    pub ids: Arc<dyn Ids>,
    /// Secrets of webhooks.
    pub secrets: Arc<dyn Secrets>,
    /// Where webhooks may be.
    pub reach: Reach,
}

/// The routes of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    Router::new()
        .route("/v1/jobs", get(list_jobs))
        .route("/v1/jobs/{id}", get(job).delete(cancel_job))
        .route("/v1/jobs/{id}/retry", post(retry_job))
        .route("/v1/jobs/{id}/undo", post(undo_job))
        .route("/v1/jobs/{id}/rejects", get(rejects_of_job))
        .route("/v1/jobs/{id}/receipt", get(receipt_of_job))
        .route(
            "/v1/webhook",
            get(get_webhook).put(put_webhook).delete(delete_webhook),
        )
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::docs))
        .layer(middleware::from_fn(problem::stamp))
        .with_state(deps)
}

/// An id that is no UUID is the id of no job.
fn parse(id: &str) -> Result<JobId, Problem> {
    id.parse().map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::not_found("there is no job with this id")
}

async fn resource(deps: &Deps, tenant: &TenantId, id: JobId) -> Result<JobResource, Problem> {
    let view = View::read(deps.state.as_ref(), deps.done_sets.as_ref(), tenant, id)
        .await?
        .ok_or_else(unknown)?;
    Ok(JobResource::of(&view, deps.clock.now()))
}

async fn list_jobs(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Query(given): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = list::parse(&tenant, given)?;
    let (state, sets) = (deps.state.as_ref(), deps.done_sets.as_ref());
    tagged_json(&list(state, sets, &tenant, asked).await?, &headers, None)
}

async fn job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let resource = resource(&deps, &tenant, parse(&id)?).await?;
    tagged_json(&resource, &headers, resource.poll_after_seconds)
}

/// What a request to cancel did.
#[derive(Serialize)]
struct CancelAnswer {
    /// `cancelled`, or `undo_requested`.
    result: &'static str,
    /// The same in words.
    message: &'static str,
    /// The job that takes the upload out of the ledger; only with `undo_requested`.
    #[serde(skip_serializing_if = "Option::is_none")]
    undo_job_id: Option<JobId>,
    /// Where to poll: the job, or its undo.
    status_url: String,
    /// The job after it.
    job: JobResource,
}

async fn cancel_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let (state, sets) = (deps.state.as_ref(), deps.done_sets.as_ref());
    let (sender, ids) = (deps.sender.as_ref(), deps.ids.as_ref());
    let done = cancel(state, sets, sender, ids, &tenant, id, deps.clock.now()).await?;
    let (undo, message) = match done {
        Cancelled::Stopped => (None, "the job is cancelled; nothing of it is in the ledger"),
        Cancelled::Undoing(undo) => (
            Some(undo),
            "the ledger is being computed with this upload; the next turn takes it out",
        ),
        Cancelled::Refused(code, why) => return Err(Problem::conflict(code, why)),
        Cancelled::Unknown => return Err(unknown()),
    };
    tracing::info!(job = %id, undo = undo.is_some(), "cancelled a job");
    let status_url = format!("/v1/jobs/{}", undo.unwrap_or(id));
    let location = HeaderValue::try_from(&status_url).map_err(|_| Problem::internal())?;
    let answer = CancelAnswer {
        result: undo.map_or("cancelled", |_| "undo_requested"),
        message,
        undo_job_id: undo,
        status_url,
        job: resource(&deps, &tenant, id).await?,
    };
    let status = undo.map_or(StatusCode::OK, |_| StatusCode::ACCEPTED);
    Ok((status, [(header::LOCATION, location)], Json(answer)).into_response())
}

async fn retry_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let now = deps.clock.now();
    match retry(
        deps.state.as_ref(),
        deps.done_sets.as_ref(),
        deps.sender.as_ref(),
        &tenant,
        id,
        now,
    )
    .await?
    {
        Retried::Begun => {
            tracing::info!(job = %id, "began a retry");
            accepted(&resource(&deps, &tenant, id).await?)
        }
        Retried::Refused(why) => Err(Problem::conflict("retry_not_allowed", why)),
        Retried::Unknown => Err(unknown()),
    }
}

async fn undo_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let now = deps.clock.now();
    let (state, sets, sender) = (
        deps.state.as_ref(),
        deps.done_sets.as_ref(),
        deps.sender.as_ref(),
    );
    match undo(state, sets, sender, deps.ids.as_ref(), &tenant, id, now).await? {
        Undone::Asked(undo) => {
            tracing::info!(job = %undo, upload = %id, "an upload is being undone");
            accepted(&resource(&deps, &tenant, undo).await?)
        }
        Undone::Refused(code, why) => Err(Problem::conflict(code, why)),
        Undone::Unknown => Err(unknown()),
    }
}

async fn rejects_of_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let now = deps.clock.now();
    let (state, sets, sender) = (
        deps.state.as_ref(),
        deps.done_sets.as_ref(),
        deps.sender.as_ref(),
    );
    match rejects(state, sets, sender, deps.signer.as_ref(), &tenant, id, now).await? {
        RejectsFile::Ready(signed) => see_other(&signed.url),
        RejectsFile::Ordered => Ok(being_written(&format!("/v1/jobs/{id}/rejects"))),
        RejectsFile::TooEarly => Err(too_early(
            "not_read_yet",
            "the file is still being read; ask when the job has ended",
        )),
        RejectsFile::None(why) => Err(Problem::conflict("no_rejects_file", why)),
        RejectsFile::Unknown => Err(unknown()),
    }
}

async fn receipt_of_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (state, sets) = (deps.state.as_ref(), deps.done_sets.as_ref());
    let asked = receipt(state, sets, deps.objects.as_ref(), &tenant, parse(&id)?).await?;
    match asked {
        receipt::Asked::Ready(receipt) => tagged_json(&receipt, &headers, None),
        receipt::Asked::TooEarly => Err(too_early(
            "not_ended_yet",
            "the job is at work; ask for its receipt when it has ended",
        )),
        receipt::Asked::Unknown => Err(unknown()),
    }
}

/// 409 for what only a job's progress brings.
fn too_early(code: &'static str, why: &str) -> Problem {
    Problem {
        retry_after: Some(2),
        ..Problem::conflict(code, why)
    }
}

async fn get_webhook(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
) -> Result<Response, Problem> {
    let shown = webhook::read(deps.state.as_ref(), &tenant).await?;
    Ok(unkept(StatusCode::OK, &shown))
}

async fn put_webhook(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = read_body(body, &headers, MAX_JSON_BYTES).await?;
    let url = webhook::parse(&body, deps.reach)?;
    let (state, secrets) = (deps.state.as_ref(), deps.secrets.as_ref());
    let set = webhook::set(state, secrets, &tenant, url, deps.clock.now()).await?;
    tracing::info!("a webhook was set");
    let status = if set.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(unkept(status, &set))
}

async fn delete_webhook(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
) -> Result<StatusCode, Problem> {
    webhook::remove(deps.state.as_ref(), &tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer that no cache keeps: it may hold a secret.
fn unkept<T: serde::Serialize>(status: StatusCode, body: &T) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, no_store, Json(body)).into_response()
}

/// 202 with the job that does the work.
fn accepted(resource: &JobResource) -> Result<Response, Problem> {
    let location =
        HeaderValue::try_from(&resource.links.itself).map_err(|_| Problem::internal())?;
    let mut response = (
        StatusCode::ACCEPTED,
        [(header::LOCATION, location)],
        Json(resource),
    )
        .into_response();
    if let Some(seconds) = resource.poll_after_seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
