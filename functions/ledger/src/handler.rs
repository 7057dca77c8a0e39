//! Requests to the steps, and what they came to to answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router, middleware};
use domain::ids::{JobId, LedgerRef, TenantId, TurnId};
use domain::limits::{MAX_JSON_BYTES, MAX_PRICES_BYTES, MAX_UNPACKED_PRICES_BYTES};
use domain::report::SummaryReport;
use domain::revision::Revision;
use domain::settings::Settings;
use lambda::http::{Tenant, being_written, read_body, see_other, tagged_json};
use lambda::params::Params;
use lambda::problem::{self, Problem};
use ports::tables::{Disposals, LedgerPrices, Summaries, Transactions};
use ports::{Clock, DownloadSigner, Ids, Objects, Sender, StateStore};
use serde::Serialize;

use crate::prices::file;
use crate::prices::packed::unpacked;
use crate::settings::{Changed, change, held};
use crate::{exports, lists, overrides, prices, published, reconciliation, views};

/// Seconds after which a job that was just made is worth asking for.
const POLL_SECONDS: u32 = 2;

/// What the steps may touch.
pub struct Deps {
    /// Ledgers, turns, jobs, orders.
    pub state: Arc<dyn StateStore>,
    /// Messages of jobs and orders.
    pub sender: Arc<dyn Sender>,
    /// Manifests.
    pub objects: Arc<dyn Objects>,
    /// The rows readers see.
    pub transactions: Arc<dyn Transactions>,
    /// What section 104 decided.
    pub disposals: Arc<dyn Disposals>,
    /// Totals, holdings and balances.
    pub summaries: Arc<dyn Summaries>,
    /// The user's own prices.
    pub prices: Arc<dyn LedgerPrices>,
    /// Signs downloads.
    pub signer: Arc<dyn DownloadSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New job ids.
    pub ids: Arc<dyn Ids>,
}

/// The routes of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    Router::new()
        .route(
            "/v1/ledgers/{ledger}/settings",
            get(get_settings).put(put_settings),
        )
        .route("/v1/ledgers/{ledger}/prices", put(put_prices))
        .route(
            "/v1/ledgers/{ledger}/overrides",
            get(overrides::routes::list).put(overrides::routes::change),
        )
        .route(
            "/v1/ledgers/{ledger}/transactions",
            get(lists::transactions),
        )
        .route("/v1/ledgers/{ledger}/disposals", get(lists::disposals))
        .route("/v1/ledgers/{ledger}/issues", get(lists::issues))
        .route(
            "/v1/ledgers/{ledger}/reconciliation",
            get(reconciliation::reconciliation),
        )
        .route("/v1/ledgers/{ledger}/holdings", get(holdings))
        .route("/v1/ledgers/{ledger}/summary", get(summary))
        .route("/v1/ledgers/{ledger}/exports/{name}", get(export))
        .layer(middleware::from_fn(problem::stamp))
        .with_state(deps)
}

pub(crate) type Given = Query<Vec<(String, String)>>;

pub(crate) fn owner(tenant: TenantId, ledger: &str) -> Result<LedgerRef, Problem> {
    let ledger = ledger
        .parse()
        .map_err(|error| Problem::bad_request("invalid_ledger", format!("{error}")))?;
    Ok(LedgerRef { tenant, ledger })
}

pub(crate) async fn current(deps: &Deps, owner: &LedgerRef) -> Result<Revision, Problem> {
    let revision = published::current(deps.state.as_ref(), owner)
        .await?
        .ok_or_else(published::nothing_yet)?;
    Ok(published::manifest(deps.objects.as_ref(), owner, revision).await?)
}

#[derive(Serialize)]
struct SettingsView {
    #[serde(flatten)]
    settings: Settings,
    revision: Option<u64>,
    pending: Option<PendingView>,
}

#[derive(Serialize)]
struct PendingView {
    job_id: JobId,
    settings: Settings,
}

async fn get_settings(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let held = held(deps.state.as_ref(), deps.objects.as_ref(), &owner).await?;
    let pending = held
        .pending
        .map(|(job_id, settings)| PendingView { job_id, settings });
    tagged_json(
        &SettingsView {
            settings: held.settings,
            revision: held.revision,
            pending,
        },
        &headers,
        None,
    )
}

async fn put_settings(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let body = read_body(body, &headers, MAX_JSON_BYTES).await?;
    let (state, objects) = (deps.state.as_ref(), deps.objects.as_ref());
    let (sender, ids) = (deps.sender.as_ref(), deps.ids.as_ref());
    let (changed, settings) =
        change(state, objects, sender, ids, &owner, &body, deps.clock.now()).await?;
    match changed {
        Changed::Nothing => Ok(Json(settings).into_response()),
        Changed::Asked(job) => accepted(job),
    }
}

async fn put_prices(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let body = read_body(body, &headers, MAX_PRICES_BYTES).await?;
    let body = unpacked(body, &headers, MAX_UNPACKED_PRICES_BYTES)?;
    let given = file::parse(&body)?;
    let (state, sender, ids) = (deps.state.as_ref(), deps.sender.as_ref(), deps.ids.as_ref());
    accepted(
        prices::bring(
            state,
            sender,
            ids,
            deps.prices.as_ref(),
            &owner,
            &given,
            deps.clock.now(),
        )
        .await?,
    )
}

#[derive(Serialize)]
struct Accepted<'a> {
    job_id: JobId,
    status_url: &'a str,
    poll_after_seconds: u32,
}

/// 202: this job does the work.
pub(crate) fn accepted(job: JobId) -> Result<Response, Problem> {
    let status_url = format!("/v1/jobs/{job}");
    let location = HeaderValue::try_from(&status_url).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, location),
        (header::RETRY_AFTER, HeaderValue::from(POLL_SECONDS)),
    ];
    let body = Accepted {
        job_id: job,
        status_url: &status_url,
        poll_after_seconds: POLL_SECONDS,
    };
    Ok((StatusCode::ACCEPTED, headers, Json(body)).into_response())
}

async fn holdings(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    Params::new(given).finish()?;
    let revision = current(&deps, &owner).await?;
    let turn = revision.snapshot.turn;
    let holdings = deps.summaries.holdings(&owner, turn).await?;
    let view = views::Holdings {
        revision: turn.0,
        base: revision.snapshot.settings.base,
        holdings: holdings.iter().map(views::holding).collect(),
    };
    tagged_json(&view, &headers, None)
}

async fn summary(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    Params::new(given).finish()?;
    let revision = current(&deps, &owner).await?;
    let turn = revision.snapshot.turn;
    let totals = deps.summaries.totals(&owner, turn).await?;
    let view = views::SummaryView {
        revision: turn.0,
        segments: revision.segments.len(),
        segments_recomputed: revision.recomputed,
        report: SummaryReport::new(&revision, &totals),
    };
    tagged_json(&view, &headers, None)
}

async fn export(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path((ledger, name)): Path<(String, String)>,
    Query(given): Given,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let file = name
        .parse()
        .map_err(|error| Problem::not_found(format!("the name {error}")))?;
    let mut params = Params::new(given);
    let wanted = params.parsed("revision", |text| {
        text.parse()
            .map(TurnId)
            .map_err(|_| "must be the number of a revision".to_owned())
    });
    params.finish()?;
    let revision = match wanted {
        None => published::current(deps.state.as_ref(), &owner)
            .await?
            .ok_or_else(published::nothing_yet)?,
        Some(turn) if published::is_revision(deps.state.as_ref(), &owner, turn).await? => turn,
        Some(_) => {
            return Err(Problem::not_found(
                "the ledger has no revision with this number",
            ));
        }
    };
    let (state, sender, signer) = (
        deps.state.as_ref(),
        deps.sender.as_ref(),
        deps.signer.as_ref(),
    );
    match exports::download(
        state,
        sender,
        signer,
        &owner,
        revision,
        file,
        deps.clock.now(),
    )
    .await?
    {
        Some(signed) => see_other(&signed.url),
        None => Ok(being_written(&format!(
            "/v1/ledgers/{}/exports/{file}?revision={revision}",
            owner.ledger
        ))),
    }
}
