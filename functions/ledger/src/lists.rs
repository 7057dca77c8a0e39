//! The lists of a revision: transactions, disposals, issues. Each is a page of what is made of the
//! rows that are asked for.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::ids::LedgerRef;
use domain::revision::Revision;
use domain::settings::Method;
use lambda::http::{Tenant, tagged_json};
use lambda::params::{Params, no_page};
use lambda::problem::Problem;
use ports::PortError;

use crate::cursor::{Binding, Position};
use crate::filter::Asked;
use crate::handler::{Deps, Given, current, owner};
use crate::page::{Found, Of, Tables, Want, read};
use crate::{published, views};

/// Bytes of a page's items at most: a response has 6 MB, and a row with many lots is large.
const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// What a list makes of a row.
type Items = Result<Vec<serde_json::Value>, PortError>;

/// A list by name: of which tables, and what it makes of a row.
struct ListOf<'a> {
    name: &'static str,
    of: fn(&Revision) -> Of,
    show: &'a (dyn Fn(&Revision, &Found) -> Items + Sync),
}

pub(crate) async fn transactions(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let mut params = Params::new(given);
    let asked = Asked::read(&mut params);
    params.finish()?;
    let list = ListOf {
        name: "transactions",
        of: |_| Of::Rows,
        show: &|revision, found| match found {
            Found::Row(row) => Ok(vec![views::transaction(&revision.snapshot, row)?]),
            Found::Day(_) => Ok(Vec::new()),
        },
    };
    tagged_json(&page(&deps, &owner, list, &asked).await?, &headers, None)
}

/// Disposals: those of transactions, or with section 104 those of tax days.
pub(crate) async fn disposals(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let mut params = Params::new(given);
    let mut asked = Asked::read(&mut params);
    params.finish()?;
    asked.filter = asked.filter.with_disposals();
    let filter = asked.filter.clone();
    let list = ListOf {
        name: "disposals",
        of: |revision| match revision.snapshot.settings.method {
            Method::S104 => Of::Days,
            _ => Of::Rows,
        },
        show: &|revision, found| match found {
            Found::Row(row) => views::disposals(&revision.snapshot, row, filter.asset()),
            Found::Day(day) => Ok(vec![views::day_disposal(&revision.snapshot, day)?]),
        },
    };
    tagged_json(&page(&deps, &owner, list, &asked).await?, &headers, None)
}

pub(crate) async fn issues(
    State(deps): State<Arc<Deps>>,
    Tenant(tenant): Tenant,
    Path(ledger): Path<String>,
    Query(given): Given,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = owner(tenant, &ledger)?;
    let mut params = Params::new(given);
    let mut asked = Asked::read(&mut params);
    params.finish()?;
    asked.filter = asked.filter.with_issues();
    let code = asked.filter.issue();
    let list = ListOf {
        name: "issues",
        of: |_| Of::Both,
        show: &|revision, found| match found {
            Found::Row(row) => views::issues(&revision.snapshot, row, code),
            Found::Day(day) => views::day_issues(&revision.snapshot, day, code),
        },
    };
    tagged_json(&page(&deps, &owner, list, &asked).await?, &headers, None)
}

/// A page of what a list makes of the rows that are asked for. `limit` counts rows: a row with two
/// issues is two items of the list of issues.
async fn page(
    deps: &Deps,
    owner: &LedgerRef,
    list: ListOf<'_>,
    asked: &Asked,
) -> Result<views::List<serde_json::Value>, Problem> {
    let arguments = asked.filter.canonical();
    let binding = Binding {
        owner,
        list: list.name,
        arguments: &arguments,
    };
    let (revision, start) = begin(deps, binding, asked.cursor.as_deref()).await?;
    let of = (list.of)(&revision);
    if of == Of::Days && asked.filter.is_of_rows() {
        return Err(no_accounts());
    }
    let want = Want {
        owner,
        revision: &revision,
        of,
        filter: &asked.filter,
        start,
        limit: asked.limit,
        max_bytes: MAX_PAGE_BYTES,
    };
    let tables = Tables {
        transactions: deps.transactions.as_ref(),
        disposals: deps.disposals.as_ref(),
    };
    let page = read(tables, want, |found| {
        let items = (list.show)(&revision, found)?;
        let bytes = items.iter().map(|item| item.to_string().len()).sum();
        Ok((items, bytes))
    });
    let page = page.await?;
    let turn = revision.snapshot.turn;
    Ok(views::List {
        revision: turn.0,
        base: revision.snapshot.settings.base.clone(),
        items: page.items.into_iter().flatten().collect(),
        next_cursor: page.next.map(|next| binding.encode(turn, next)),
    })
}

/// An empty list would look as if nothing was disposed of.
fn no_accounts() -> Problem {
    Problem::bad_request(
        "not_with_s104",
        "with section 104 a disposal is of a tax day and all accounts: leave account, type and unmatched out, or ask for transactions",
    )
}

/// The revision and place a page begins at: the cursor's, or the beginning of the current revision.
pub(crate) async fn begin(
    deps: &Deps,
    binding: Binding<'_>,
    cursor: Option<&str>,
) -> Result<(Revision, Position), Problem> {
    match cursor {
        Some(cursor) => go_on(deps, binding, cursor).await,
        None => Ok((current(deps, binding.owner).await?, Position::START)),
    }
}

/// The revision and place of a cursor, if it is one of this request and its revision is still there.
pub(crate) async fn go_on(
    deps: &Deps,
    binding: Binding<'_>,
    cursor: &str,
) -> Result<(Revision, Position), Problem> {
    let (turn, start) = binding.decode(cursor).ok_or_else(no_page)?;
    if !published::is_revision(deps.state.as_ref(), binding.owner, turn).await? {
        return Err(no_page());
    }
    Ok((
        published::manifest(deps.objects.as_ref(), binding.owner, turn).await?,
        start,
    ))
}
