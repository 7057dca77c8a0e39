//! Requests to the steps, and what they came to to answers.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use domain::ids::{JobId, TenantId};
use lambda::http::{Tenant, being_written, see_other, tagged_json};
use lambda::problem::{self, Problem};
use ports::{Clock, DoneSets, DownloadSigner, Ids, Sender, StateStore};

use crate::rejects::{RejectsFile, rejects};
use crate::resource::JobResource;
use crate::retry::{Retried, retry};
use crate::undo::{Undone, undo};
use crate::view::View;

/// What the steps may touch.
pub struct Deps {
    /// Jobs and turns.
    pub state: Arc<dyn StateStore>,
    /// Their joins.
    pub done_sets: Arc<dyn DoneSets>,
    /// Messages of retries, undos and orders.
    pub sender: Arc<dyn Sender>,
    /// Signs downloads.
    pub signer: Arc<dyn DownloadSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of undo jobs.
    pub ids: Arc<dyn Ids>,
}

/// The routes of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    Router::new()
        .route("/v1/jobs/{id}", get(job))
        .route("/v1/jobs/{id}/retry", post(retry_job))
        .route("/v1/jobs/{id}/undo", post(undo_job))
        .route("/v1/jobs/{id}/rejects", get(rejects_of_job))
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

async fn job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let resource = resource(&deps, &tenant, parse(&id)?).await?;
    tagged_json(&resource, &headers, resource.poll_after_seconds)
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
        RejectsFile::TooEarly => {
            let problem = Problem::conflict(
                "not_read_yet",
                "the file is still being read; ask when the job has ended",
            );
            Err(Problem {
                retry_after: Some(2),
                ..problem
            })
        }
        RejectsFile::None(why) => Err(Problem::conflict("no_rejects_file", why)),
        RejectsFile::Unknown => Err(unknown()),
    }
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
