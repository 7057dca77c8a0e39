//! Requests to the steps; their results become answers in `answer`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use domain::ids::JobId;
use domain::limits::MAX_JSON_BYTES;
use lambda::http::{Tenant, read_body};
use lambda::problem::{self, Problem};
use ports::{Clock, Ids, Multipart, PortError, StateStore, UploadSigner};
use serde::Deserialize;

use crate::config::Bounds;
use crate::idempotency::Claimed;
use crate::limits::Limits;
use crate::presign::{Presigned, Store, presign, replay};
use crate::request::UploadRequest;
use crate::{answer, idempotency, parts, quota};

/// What the steps may touch.
pub struct Deps {
    /// Jobs and claims.
    pub state: Arc<dyn StateStore>,
    /// Signs uploads.
    pub signer: Arc<dyn UploadSigner>,
    /// Uploads in parts.
    pub multipart: Arc<dyn Multipart>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New job ids.
    pub ids: Arc<dyn Ids>,
    /// Bounds of uploads.
    pub bounds: Bounds,
}

impl Deps {
    fn store(&self) -> Store<'_> {
        Store {
            signer: self.signer.as_ref(),
            multipart: self.multipart.as_ref(),
            valid_for: Duration::from_secs(self.bounds.url_valid_seconds.into()),
        }
    }
}

/// The routes of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    Router::new()
        .route("/v1/uploads", post(uploads))
        .route("/v1/jobs/{id}/parts", get(parts_of_job))
        .route("/v1/jobs/{id}/complete", post(complete_job))
        .route("/v1/limits", get(limits))
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
    let Some(key) = idempotency::key_of(&headers)? else {
        return answer::of_upload(begin(&deps, &request).await?);
    };
    let (state, now) = (deps.state.as_ref(), deps.clock.now());
    match idempotency::claim(state, &request, &key, now).await? {
        Claimed::Mine(mine) => {
            let presigned = begin(&deps, &request).await;
            let came_to = presigned.as_ref().ok().and_then(idempotency::answered);
            idempotency::settle(state, mine, came_to).await;
            answer::of_upload(presigned?)
        }
        Claimed::Before(answered) => {
            let tenant = &request.owner.tenant;
            let replayed = replay(state, &deps.store(), tenant, answered, now).await?;
            answer::of_upload(replayed)
        }
        Claimed::UnderWay => Err(idempotency::under_way()),
        Claimed::Other => Err(idempotency::reused()),
    }
}

async fn begin(deps: &Deps, request: &UploadRequest) -> Result<Presigned, PortError> {
    let (state, ids) = (deps.state.as_ref(), deps.ids.as_ref());
    let now = deps.clock.now();
    presign(state, &deps.store(), ids, deps.bounds, request, now).await
}

/// `?from=`: the first part to sign.
#[derive(Deserialize)]
struct From {
    from: Option<u32>,
}

async fn parts_of_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
    query: Result<Query<From>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let Ok(Query(From { from })) = query else {
        let detail = "from must be the number of a part: a whole number from 1 on";
        return Err(Problem::bad_request("invalid_from", detail));
    };
    let (state, from) = (deps.state.as_ref(), from.unwrap_or(1));
    let now = deps.clock.now();
    let listed = parts::list(state, &deps.store(), &tenant, id, from, now).await?;
    answer::of_parts(id, listed)
}

async fn complete_job(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let (state, multipart) = (deps.state.as_ref(), deps.multipart.as_ref());
    let completed = parts::complete(state, multipart, &tenant, id).await?;
    answer::of_complete(id, completed)
}

async fn limits(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
) -> Result<Json<Limits>, Problem> {
    let now = deps.clock.now();
    let used = quota::used(deps.state.as_ref(), &tenant, deps.bounds, now).await?;
    Ok(Json(Limits::of(deps.bounds, used, now)))
}

/// An id that is no UUID is the id of no job.
fn parse(id: &str) -> Result<JobId, Problem> {
    id.parse().map_err(|_| answer::unknown())
}
