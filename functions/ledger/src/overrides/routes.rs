//! Requests about overrides to the steps, and what they came to to answers.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::limits::{DEFAULT_PAGE_ROWS, MAX_OVERRIDES_BYTES, MAX_PAGE_ROWS};
use lambda::http::{Tenant, read_body, tagged_json};
use lambda::params::{Paging, Params};
use lambda::problem::Problem;
use serde::Serialize;

use super::views::{Overrides, PendingView, view};
use super::{Held, Reads, held};
use crate::cursor::{Binding, Position};
use crate::handler::{Deps, Given, accepted, owner};
use crate::lists::go_on;
use crate::published;
use crate::settings::Changed;

fn reads(deps: &Deps) -> Reads<'_> {
    Reads {
        state: deps.state.as_ref(),
        objects: deps.objects.as_ref(),
        transactions: deps.transactions.as_ref(),
    }
}

/// A page of the overrides in force.
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let mut params = Params::new(given);
    let Paging { limit, cursor } = params.paging(DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS);
    params.finish()?;
    let Held {
        revision,
        in_force,
        pending,
    } = held(reads(&deps), &owner)
        .await?
        .ok_or_else(published::nothing_yet)?;
    let binding = Binding {
        owner: &owner,
        list: "overrides",
        arguments: "",
    };
    let (revision, in_force, start) = match cursor {
        None => (revision, in_force, 0),
        Some(cursor) => {
            let (revision, start) = go_on(&deps, binding, &cursor).await?;
            let in_force = super::in_force(deps.objects.as_ref(), &revision).await?;
            (revision, in_force, start.seq)
        }
    };
    let (turn, count) = (revision.snapshot.turn, limit as usize);
    let items = in_force.iter().skip(start as usize).take(count);
    let end = start.saturating_add(limit);
    let next = Position {
        seq: end,
        ..Position::START
    };
    let page = Overrides {
        revision: turn.0,
        items: items
            .map(|(row, said)| view(&revision, row, said))
            .collect(),
        next_cursor: ((end as usize) < in_force.len()).then(|| binding.encode(turn, next)),
        pending: pending
            .iter()
            .map(|(job, changes)| PendingView {
                job_id: *job,
                changes: changes.edits.len(),
            })
            .collect(),
    };
    tagged_json(&page, &headers, None)
}

#[derive(Serialize)]
struct Unchanged {
    changed: bool,
}

/// Changes of overrides.
pub(crate) async fn change(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let body = read_body(body, &headers, MAX_OVERRIDES_BYTES).await?;
    let (sender, ids, now) = (deps.sender.as_ref(), deps.ids.as_ref(), deps.clock.now());
    match super::change(reads(&deps), sender, ids, &owner, &body, now).await? {
        Changed::Nothing => Ok(Json(Unchanged { changed: false }).into_response()),
        Changed::Asked(job) => accepted(job),
    }
}
